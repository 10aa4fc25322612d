package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.sealwax.router.spool.CrashMarks.MarkFile;
import org.sealwax.router.spool.CrashMarks.MarkFile.Form;

/**
 * Marks of the work on the database that is about no message in particular, in a file that outlives
 * the process. When the process ends (a crash in the engine) again and again during the same work,
 * and that work has not once succeeded meanwhile, some row or page is met by every start; then the
 * database is to be copied out row by row ({@link Salvage}), which finds and leaves out the row.
 * Work on one message is marked by {@link CrashMarks}. Thread-safe.
 */
final class ScanMarks implements Closeable {
  /** Work that reads many rows; each is counted by itself. */
  enum Scan {
    /** The writer opens the database and wakes what was fresh. */
    OPEN,
    /** The check of the whole database. */
    CHECK,
    /** The log is copied into the database. */
    COPY_LOG,
    /** Old history is removed, pages are given back. */
    TIDY,
    /** Files are compared with rows. */
    SWEEP,
    /** A call to the writer, as to set rows aside. */
    CALL,
    /** Batches that are due. */
    DUE,
    /** Batches of one next hop. */
    NEXT_HOP,
    /** The next due time. */
    NEXT_DUE,
    /** Figures of the queue. */
    COUNT,
    /** A page of the queue. */
    LIST,
    /** The trace of one message. */
    TRACE
  }

  /**
   * Ends in a row during the same work after which the database is copied out. One more than for a
   * message, since a killed process can be at any of this.
   */
  static final int ENDS = 3;

  private final Path file;
  private final MarkFile marks;
  private final int[] ends = new int[Scan.values().length];
  private final int[] running = new int[ends.length];

  private ScanMarks(Path file, MarkFile marks) {
    this.file = file;
    this.marks = marks;
    for (int i = 0; i < ends.length; i++) {
      ends[i] = Math.min(marks.entry(i).number(), ENDS);
    }
  }

  /** Reads what the last process left. Where the file cannot be written, nothing is marked. */
  static ScanMarks open(Path file) {
    try {
      return new ScanMarks(file, MarkFile.open(file, Form.SCANS));
    } catch (IOException e) {
      return new ScanMarks(file, MarkFile.inMemory(Form.SCANS));
    }
  }

  /** The work during which the process ended {@link #ENDS} times. */
  synchronized List<Scan> suspects() {
    return Stream.of(Scan.values()).filter(scan -> ends[scan.ordinal()] >= ENDS).toList();
  }

  /** Forgets all ends: the database is another one, or they led to nothing. */
  synchronized void reset() {
    for (int i = 0; i < ends.length; i++) {
      ends[i] = 0;
      marks.entry(i).number(running[i] == 0 ? 0 : 1);
    }
  }

  /** The work begins. */
  synchronized void begin(Scan scan) {
    int i = scan.ordinal();
    if (running[i]++ == 0) {
      marks.entry(i).number(ends[i] + 1);
    }
  }

  /** It is over, well or with an exception, and the process goes on. */
  synchronized void end(Scan scan) {
    int i = scan.ordinal();
    ends[i] = 0;
    marks.entry(i).number(--running[i] == 0 ? 0 : 1);
  }

  /** The process ends normally: the next start finds no marks. */
  void end() throws IOException {
    close();
    if (!Files.isDirectory(file)) {
      Files.deleteIfExists(file);
    }
  }

  /** Nothing is marked any more. */
  @Override
  public synchronized void close() {
    marks.close();
  }
}
