package org.sealwax.router.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The write-ahead log of the last run, examined before the engine reads it.
 *
 * <p>The engine reads the log up to its first frame with a wrong salt or checksum, and overwrites
 * the rest silently. That is right after a crash: the transaction at that place was not completed.
 * It is wrong after damage: then the rest can be acknowledged mail. The difference is a commit
 * after that place, because the engine begins a transaction only after the one before it is
 * complete. The form of the file is in https://sqlite.org/walformat.html.
 *
 * <p>What an interrupted run leaves, and is therefore no damage:
 *
 * <ul>
 *   <li>whole frames of a transaction without its last frame, which marks the commit;
 *   <li>the header of a frame, which is written first, and none or a part of its page; the rest of
 *       the frame is the end of the file, or what was there before;
 *   <li>pages of such a transaction that were written twice, whose checksum is stale, and after
 *       them frames without salts and checksums, which the engine fills in at the commit;
 *   <li>frames of earlier generations of the log, in other salts;
 *   <li>frames of a transaction that an earlier interrupted or rolled-back transaction left there,
 *       in the same salts.
 * </ul>
 *
 * <p>Damage in the frame that holds the last commit of the log (but for its salts), and a log that
 * is cut off, look like a transaction that was interrupted: {@link Condition#UNFINISHED}. It may
 * have been acknowledged, so what there is of it is worth a copy.
 */
final class WalFile {
  private static final int HEADER = 32;
  private static final int FRAME_HEADER = 24;
  private static final int SALTS_END = 16;
  private static final int MAGIC = 0x377f0682;

  private WalFile() {}

  /** What the engine would make of a log. */
  enum Condition {
    /** It reads all that was written under the salts of the log. */
    SOUND,
    /** After the last commit is a part of a transaction, which it drops. */
    UNFINISHED,
    /** There is a commit that it would not read, or a header that it would not accept. */
    DAMAGED
  }

  /** Reads the whole log. */
  static Condition inspect(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size <= HEADER) {
        return Condition.SOUND;
      }
      ByteBuffer header = read(channel, 0, HEADER);
      int magic = header.getInt(0);
      if ((magic & ~1) != MAGIC) {
        return Condition.DAMAGED;
      }
      ByteOrder order = (magic & 1) != 0 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
      int page = header.getInt(8);
      WalChecksum start = WalChecksum.ZERO.and(header.slice(0, 24).order(order));
      if (page != SpoolFormat.PAGE || !start.equals(WalChecksum.at(header, 24))) {
        return Condition.DAMAGED;
      }
      long salts = header.getLong(16);
      long length = FRAME_HEADER + (long) page;
      boolean accepted = true;
      boolean unfinished = false;
      // The checksum of the frame before: as it is written there, and as it follows from its bytes.
      WalChecksum written = start;
      WalChecksum following = start;
      for (long at = HEADER; at < size; at += length) {
        ByteBuffer frame = read(channel, at, (int) length);
        if (frame.limit() < length) {
          unfinished |= accepted && frame.limit() >= SALTS_END && frame.getLong(8) == salts;
          break;
        }
        ByteBuffer start8 = frame.slice(0, 8).order(order);
        ByteBuffer content = frame.slice(FRAME_HEADER, page).order(order);
        WalChecksum own = WalChecksum.at(frame, 16);
        WalChecksum next = written.and(start8).and(content);
        boolean ofThisLog = frame.getLong(8) == salts;
        boolean commit = frame.getInt(4) != 0;
        boolean first = accepted;
        accepted &= ofThisLog && own.equals(next);
        if (!accepted && commit) {
          // The checksum covers the salts of the header too: a frame that follows is of this log.
          boolean sound = own.equals(next) && (ofThisLog || first);
          if (sound || ofThisLog && own.equals(following.and(start8).and(content))) {
            return Condition.DAMAGED;
          }
        }
        if (first && ofThisLog) {
          unfinished = !(accepted && commit);
        }
        following = next;
        written = own;
      }
      return unfinished ? Condition.UNFINISHED : Condition.SOUND;
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
  private record WalChecksum(int first, int second) {
    static final WalChecksum ZERO = new WalChecksum(0, 0);

    /** As written in a header, where it is always big-endian. */
    static WalChecksum at(ByteBuffer bytes, int place) {
      return new WalChecksum(bytes.getInt(place), bytes.getInt(place + 4));
    }

    /** Goes on with these bytes, in their own order. */
    WalChecksum and(ByteBuffer bytes) {
      IntBuffer words = bytes.asIntBuffer();
      int firstSum = first;
      int secondSum = second;
      while (words.remaining() >= 2) {
        firstSum += words.get() + secondSum;
        secondSum += words.get() + firstSum;
      }
      return new WalChecksum(firstSum, secondSum);
    }
  }
}
