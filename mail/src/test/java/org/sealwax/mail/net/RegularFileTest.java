package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The limit is to the byte, and what has no end is not begun. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class RegularFileTest {
  @TempDir private Path folder = Path.of("");

  private Path file() {
    return folder.resolve("file");
  }

  @AfterEach
  void remove() throws IOException {
    Files.deleteIfExists(file()); // perhaps a link to a device
  }

  @ParameterizedTest
  @EnumSource
  void onlyARegularFileIsRead(UnusualFile kind) throws Exception {
    kind.put(file());
    IOException why = assertThrows(IOException.class, () -> RegularFile.bytes(file(), 1_000));
    String text = FailureText.of(file(), why);
    assertTrue(text.startsWith(kind.error(file())), text);
  }

  @Test
  void theLimitIsInclusive() throws IOException {
    byte[] content = "12345678".getBytes(StandardCharsets.UTF_8);
    Files.write(file(), content);
    assertArrayEquals(content, RegularFile.bytes(file(), 8));
    IOException why = assertThrows(IOException.class, () -> RegularFile.bytes(file(), 7));
    assertEquals(file() + ": larger than 7 bytes", why.getMessage());
  }

  @Test
  void textIsOfItsCharset() throws IOException {
    Files.write(file(), new byte[] {'a', (byte) 0xe4, '\r', '\n', 'b'});
    assertEquals(
        List.of("a\u00e4", "b"), RegularFile.lines(file(), StandardCharsets.ISO_8859_1, 10));
    IOException why =
        assertThrows(IOException.class, () -> RegularFile.text(file(), StandardCharsets.UTF_8, 10));
    assertEquals(file() + ": not UTF-8", why.getMessage());
  }

  /** Its size is 0 for the system. */
  @Test
  void aFileOfTheKernelIsRead() throws IOException {
    assertTrue(RegularFile.bytes(Path.of("/proc/self/status"), 1 << 20).length > 0);
  }

  @ParameterizedTest
  @EnumSource(
      value = UnusualFile.class,
      names = {"FIFO", "ENDLESS_DEVICE", "FOLDER", "MISSING"})
  void aNamedFifoIsNoPipeOfTheShell(UnusualFile kind) throws Exception {
    kind.put(file());
    IOException why = assertThrows(IOException.class, () -> RegularFile.openOrPipe(file()));
    String text = FailureText.of(file(), why);
    assertTrue(text.startsWith(kind.error(file())), text);
  }

  /** What {@code command | program} and {@code program <(command)} give it. */
  @Test
  void aPipeOfTheShellIsReadWhereThatIsAsked() throws Exception {
    Process cat = new ProcessBuilder("cat").start();
    try {
      cat.getOutputStream().write("piped".getBytes(StandardCharsets.UTF_8));
      cat.getOutputStream().flush();
      Files.createSymbolicLink(file(), Path.of("/proc/" + cat.pid() + "/fd/1"));
      IOException why = assertThrows(IOException.class, () -> RegularFile.open(file()));
      assertEquals(file() + ": not a regular file", why.getMessage());
      try (InputStream in = RegularFile.openOrPipe(file())) {
        assertEquals("piped", new String(in.readNBytes(5), StandardCharsets.UTF_8));
      }
    } finally {
      cat.destroy();
    }
  }
}
