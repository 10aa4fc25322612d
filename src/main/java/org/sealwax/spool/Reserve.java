package org.sealwax.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/**
 * Room on the disk that is given up when there is no other: a file that is deleted then, so that
 * what is queued can still be delivered, deleted and notified of, and the queue drains.
 * Thread-safe.
 */
final class Reserve {
  /** Changes write to the log first; with this much of it the writer can go on for ever. */
  static final long SIZE = 32L << 20;

  private static final int PIECE = 1 << 20;

  private final Path file;
  private final long size;

  Reserve(Path folder, long size) {
    this.file = folder.resolve("reserve");
    this.size = size;
  }

  /** Whether it is there to be given up. */
  synchronized boolean isWhole() {
    try {
      return Files.size(file) >= size;
    } catch (IOException e) {
      return false;
    }
  }

  /** Sets the room aside, when there is more than it needs. */
  synchronized void keep(long usable, long floor) throws IOException {
    if (isWhole() || usable - size < floor) {
      return;
    }
    // Not zeros: a file system may store those as nothing.
    byte[] piece = new byte[PIECE];
    new Random(size).nextBytes(piece);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      for (long written = 0; written < size; ) {
        written += channel.write(ByteBuffer.wrap(piece, 0, (int) Math.min(PIECE, size - written)));
      }
    }
  }

  /** Gives the room up; false when there was none. */
  synchronized boolean release() {
    try {
      return Files.deleteIfExists(file);
    } catch (IOException e) {
      return false;
    }
  }
}
