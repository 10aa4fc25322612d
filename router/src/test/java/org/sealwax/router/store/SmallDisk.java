package org.sealwax.router.store;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file system of one megabyte, which a test fills to the last byte. */
public final class SmallDisk implements Closeable {
  private final Path disk;

  /** Mounts it in a folder; the test is skipped where that is not allowed. */
  public SmallDisk(Path folder) throws IOException {
    disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(
        works("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()),
        "no tmpfs may be mounted here: not shown");
  }

  private static boolean works(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    try {
      return process.waitFor() == 0;
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** {@return the folder of the file system} */
  public Path path() {
    return disk;
  }

  /** Leaves no byte free. */
  public void fill() {
    for (int piece : new int[] {4_096, 1}) {
      try (OutputStream out =
          Files.newOutputStream(
              disk.resolve("filler"), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
        byte[] bytes = new byte[piece];
        for (int i = 0; i < 5_000; i++) {
          out.write(bytes);
        }
      } catch (IOException e) {
        // Full, up to the size of a piece.
      }
    }
  }

  /** Frees what {@link #fill} took. */
  public void free() throws IOException {
    Files.delete(disk.resolve("filler"));
  }

  @Override
  public void close() throws IOException {
    if (!works("umount", disk.toString())) {
      throw new IOException("cannot unmount " + disk);
    }
  }
}
