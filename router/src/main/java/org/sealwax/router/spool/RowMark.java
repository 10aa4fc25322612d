package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.CrashMarks.MarkFile;
import org.sealwax.router.spool.CrashMarks.MarkFile.Form;
import org.sealwax.router.spool.CrashMarks.MarkFile.MarkEntry;

/**
 * The record that is being copied out of a damaged database, in a file that outlives the process:
 * with the second end of the process at the same record, it is left out.
 */
final class RowMark implements Closeable {
  /** Ends of the process after which a record is left out. */
  private static final int ENDS = 2;

  /** Records that are left out at most; each has cost two starts. */
  private static final int MOST = Form.ROWS.entries;

  private final MarkFile entries;
  private @Nullable MarkEntry current;

  /** What {@link #end} puts back. */
  private int before;

  private RowMark(MarkFile entries) {
    this.entries = entries;
  }

  /** Reads what the last process left, or begins. */
  static RowMark open(Path file) throws IOException {
    return new RowMark(MarkFile.open(file, Form.ROWS));
  }

  /** A table and two numbers. */
  private static byte[] name(String table, long[] key) {
    ByteBuffer name = ByteBuffer.allocate(Form.ROWS.bytes - 1);
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
    for (int i = 0; i < MOST; i++) {
      MarkEntry entry = entries.entry(i);
      int ends = entry.number();
      if (ends != 0 && !Arrays.equals(name, entry.name())) {
        continue;
      }
      if (ends >= ENDS) {
        return false;
      }
      entry.set(name, ends + 1);
      current = entry;
      before = ends;
      return true;
    }
    return true;
  }

  /** It was copied, and the process goes on. A record that ended it once keeps that mark. */
  void end() {
    if (current != null) {
      current.number(before);
      current = null;
    }
  }

  @Override
  public void close() {
    entries.close(); // what is in the file is for the next start
  }
}
