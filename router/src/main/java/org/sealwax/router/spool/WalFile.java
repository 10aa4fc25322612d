package org.sealwax.router.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A look at the write-ahead log that a run left behind, before the engine reads it.
 *
 * <p>The engine believes the log up to its first frame with a wrong checksum, and overwrites the
 * rest without a word: after a crash that is right, for the rest was never synced. After damage the
 * rest can be acknowledged mail. The form of the file is in
 * https://sqlite.org/fileformat2.html#the_write_ahead_log.
 */
final class WalFile {
  private static final int HEADER = 32;
  private static final int FRAME_HEADER = 24;
  private static final int MAGIC = 0x377f0682;

  private WalFile() {}

  /**
   * Whether the log holds something that the engine would not read and that is neither left over
   * from before the log was last begun again nor the whole frames of a transaction that was never
   * completed.
   */
  static boolean isSuspicious(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size <= HEADER) {
        return false;
      }
      ByteBuffer header = read(channel, 0, HEADER);
      int magic = header.getInt(0);
      if ((magic & ~1) != MAGIC) {
        return true;
      }
      ByteOrder order = (magic & 1) != 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
      int page = header.getInt(8);
      int restarts = header.getInt(12);
      int salt1 = header.getInt(16);
      int salt2 = header.getInt(20);
      WalChecksum sum = new WalChecksum(order);
      sum.add(header.slice(0, 24));
      if (page != Sqlite.PAGE || !sum.is(header.getInt(24), header.getInt(28))) {
        return true;
      }
      long frame = FRAME_HEADER + (long) page;
      long at = HEADER;
      for (; at < size; at += frame) {
        ByteBuffer bytes = read(channel, at, (int) Math.min(frame, size - at));
        boolean whole = bytes.limit() == frame;
        if (bytes.limit() < 16) {
          return true;
        }
        if (bytes.getInt(8) != salt1 || bytes.getInt(12) != salt2) {
          break;
        }
        if (whole) {
          sum.add(bytes.slice(0, 8));
          sum.add(bytes.slice(FRAME_HEADER, page));
        }
        if (!whole || !sum.is(bytes.getInt(16), bytes.getInt(20))) {
          return true;
        }
      }
      // Behind the last frame of this log lie only frames of logs before it, in their salts.
      for (; at < size; at += frame) {
        ByteBuffer bytes = read(channel, at, (int) Math.min(FRAME_HEADER, size - at));
        int age = bytes.limit() < 16 ? 0 : salt1 - bytes.getInt(8);
        if (age < 1 || age > restarts || bytes.getInt(12) == salt2) {
          return true;
        }
      }
      return false;
    }
  }

  private static ByteBuffer read(FileChannel channel, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && channel.read(bytes, at + bytes.position()) > 0) {
      // Read on.
    }
    return bytes.flip();
  }

  /** The running checksum: two words over pairs of words. */
  private static final class WalChecksum {
    private final ByteOrder order;
    private int first;
    private int second;

    WalChecksum(ByteOrder order) {
      this.order = order;
    }

    void add(ByteBuffer bytes) {
      IntBuffer words = bytes.order(order).asIntBuffer();
      int one = first;
      int two = second;
      while (words.remaining() >= 2) {
        one += words.get() + two;
        two += words.get() + one;
      }
      first = one;
      second = two;
    }

    boolean is(int one, int two) {
      return first == one && second == two;
    }
  }
}
