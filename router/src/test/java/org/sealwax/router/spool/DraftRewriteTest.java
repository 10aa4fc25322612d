package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A content that is written again while its former form is read, in memory and in a file. */
final class DraftRewriteTest {
  private static final int INLINE = 1000;

  @ParameterizedTest
  @CsvSource({"10, 10", "10, 5000", "5000, 10", "5000, 9000", "0, 0"})
  void theFormerContentIsReadWhileTheNewOneIsWritten(int before, int after, @TempDir Path folder)
      throws IOException {
    byte[] former = bytes(before, 'a');
    byte[] next = bytes(after, 'b');
    BodyFiles files = new BodyFiles(folder, () -> {}, step -> {});
    try (Draft draft = new Draft(new QueueId("4bXk2Lm9"), INLINE, files)) {
      draft.content().write(former);
      try (InputStream in = draft.read()) {
        assertArrayEquals(former, in.readAllBytes());
      }
      try (InputStream in = draft.rewrite()) {
        draft.content().write(next);
        assertArrayEquals(former, in.readAllBytes());
      }
      assertEquals(after, draft.size());
      CRC32C sum = new CRC32C();
      sum.update(next);
      assertEquals((int) sum.getValue(), draft.checksum());
      try (InputStream in = draft.read()) {
        assertArrayEquals(next, in.readAllBytes());
      }
    }
    try (var left = Files.list(folder.resolve("bodies"))) {
      assertEquals(0, left.count(), "files that are left");
    }
  }

  private static byte[] bytes(int length, char content) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) content);
    return bytes;
  }
}
