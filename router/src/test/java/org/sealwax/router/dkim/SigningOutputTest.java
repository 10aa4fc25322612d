package org.sealwax.router.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.dkim.DkimSigningKey;

/** A message is signed while it passes: memory does not grow with its size. */
final class SigningOutputTest {
  private static final byte[] HEADER =
      "From: ann@project.example\r\nSubject: figures\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  @TempDir private Path folder = Path.of("");

  /** Takes the content and keeps nothing. */
  private static final class Discarded implements SigningOutput.SignedContent {
    private int reserved;
    private int filled;

    @Override
    public OutputStream content() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public void reserve(int length) {
      reserved = length;
    }

    @Override
    public void fill(byte[] bytes) {
      filled = bytes.length;
    }
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  /** Bytes that this thread allocates for a message whose body has so many blocks of 64 KB. */
  private static long allocatedBySigning(DkimSigningKey key, int blocks) throws Exception {
    byte[] block =
        "a line of text, with  blanks \r\n".repeat(2_048).getBytes(StandardCharsets.UTF_8);
    Discarded content = new Discarded();
    long before = allocated();
    try (SigningPool pool = new SigningPool(1);
        SigningOutput out = new SigningOutput(content, _ -> List.of(key), pool, Instant.EPOCH)) {
      out.write(HEADER);
      for (int i = 0; i < blocks; i++) {
        out.write(block);
      }
    }
    long after = allocated();
    assertTrue(content.reserved > 0, "not signed");
    assertEquals(content.reserved, content.filled);
    return after - before;
  }

  @Test
  void memoryDoesNotDependOnTheSizeOfTheMessage() throws Exception {
    Path file = folder.resolve("key.pem");
    DkimKeyFile.create(file, DkimAlgorithm.ED25519_SHA256);
    DkimSigningKey key = DkimKeyFile.read(Domain.of("project.example"), Domain.of("s1"), file);
    allocatedBySigning(key, 10); // loads classes
    long small = allocatedBySigning(key, 10);
    long large = allocatedBySigning(key, 250);
    assertTrue(large < small + 100_000, small + " bytes for 640 KB, " + large + " bytes for 16 MB");
  }
}
