package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The record that is being copied out of a damaged database, in a file that outlives the process:
 * with the second end of the process at the same record, it is left out. Mapped memory, which is
 * the kernel's when the process ends.
 */
final class RowMark implements Closeable {
  /** Ends of the process after which a record is left out. */
  private static final int ENDS = 2;

  /** Records that are left out at most; each has cost two starts. */
  private static final int MOST = 64;

  /** Ends, and a name of the record: a table and two numbers. */
  private static final int ENTRY = 64;

  private final Arena mapping;
  private final ByteBuffer entries;
  private int current = -1;

  /** What {@link #end} puts back. */
  private byte before;

  private RowMark(Arena mapping, ByteBuffer entries) {
    this.mapping = mapping;
    this.entries = entries;
  }

  /** Reads what the last process left, or begins. */
  @SuppressWarnings("MustBeClosedChecker") // closed with this object
  static RowMark open(Path file) throws IOException {
    Arena mapping = Arena.ofShared();
    return new RowMark(mapping, ScanMarks.mapped(file, MOST * ENTRY, mapping));
  }

  private static byte[] name(String table, long[] key) {
    ByteBuffer name = ByteBuffer.allocate(ENTRY - 1);
    byte[] text = table.getBytes(StandardCharsets.US_ASCII);
    name.put(text, 0, Math.min(text.length, 16));
    name.position(16);
    for (long part : key) {
      name.putLong(part);
    }
    return name.array();
  }

  /** A record's turn begins; false when it is to be left out. */
  boolean begin(String table, long[] key) {
    byte[] name = name(table, key);
    byte[] there = new byte[name.length];
    for (int i = 0; i < MOST; i++) {
      int ends = entries.get(i * ENTRY);
      entries.get(i * ENTRY + 1, there);
      if (ends != 0 && !Arrays.equals(name, there)) {
        continue;
      }
      if (ends >= ENDS) {
        return false;
      }
      entries.put(i * ENTRY + 1, name);
      entries.put(i * ENTRY, (byte) (ends + 1));
      current = i;
      before = (byte) ends;
      return true;
    }
    return true;
  }

  /** It was copied, and the process goes on. A record that ended it once keeps that mark. */
  void end() {
    if (current >= 0) {
      entries.put(current * ENTRY, before);
      current = -1;
    }
  }

  @Override
  public void close() {
    mapping.close(); // what is in the file is for the next start
  }
}
