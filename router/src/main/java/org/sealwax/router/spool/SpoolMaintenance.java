package org.sealwax.router.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.Sqlite;

/**
 * The maintenance thread next to the writer: checks the database once in each run, removes
 * leftovers of an earlier run, copies the log into the database, and reports when there is
 * something to tidy up.
 */
final class SpoolMaintenance {
  /** Pages in the log after which they are copied (16 MiB). */
  private static final long COPY_AFTER = (16L << 20) / SpoolFormat.PAGE;

  /** Pages in the log after which the writer finishes the checkpoint (64 MiB). */
  private static final long FINISH_AFTER = (64L << 20) / SpoolFormat.PAGE;

  /** Changes between two checks for what can be deleted and given back, under load. */
  private static final long TIDY_AFTER = 20_000;

  /** Interval between checks without a signal. */
  private static final Duration EVERY = Duration.ofSeconds(10);

  /** Interval between checks after the store failed. */
  private static final Duration FAILURE_WAIT = Duration.ofMillis(100);

  /** The store as the maintenance thread sees it. Thread-safe. */
  interface Store {
    /** Whether it is open and well. */
    boolean isWell();

    /** Changes that were committed. */
    long changes();

    /** Whether nothing waits for the writer. */
    boolean isIdle();

    /** Sets space aside for a full disk, when there is some. */
    void keepReserve() throws IOException;

    /** Removes and sets aside what an earlier run left in files; counts and reports it. */
    void sweep() throws IOException;

    /** Asks the writer to delete old trace entries and to give back free pages. */
    void tidy() throws SpoolException;

    /** The database is damaged: the writer is to copy out what is readable. */
    void damaged(String found);
  }

  private final Path database;
  private final Store store;
  private final ScanMarks scans;
  private final MailLog log;
  private final Object signal = new Object();
  private final AtomicLong pagesWritten = new AtomicLong();
  private @Nullable IntegrityCheck check;
  private volatile boolean checked;
  private volatile boolean damaged;
  private volatile boolean finishing;
  private volatile boolean ended;
  private volatile boolean swept;
  private @Nullable Thread thread;

  /**
   * Upkeep of a store.
   *
   * @param check the check to run, or null for a database that was made just now
   */
  SpoolMaintenance(
      Path database, Store store, @Nullable IntegrityCheck check, ScanMarks scans, MailLog log) {
    this.database = database;
    this.store = store;
    this.check = check;
    this.checked = check == null;
    this.scans = scans;
    this.log = log;
  }

  void start() {
    thread = Supervisor.startPlatform("spool-upkeep", () -> ended, this::run);
  }

  /** Whether pages of the database's file may be overwritten. */
  boolean isChecked() {
    return checked;
  }

  /** Whether what an earlier run left was removed or set aside. */
  boolean hasSwept() {
    return swept;
  }

  /** The database is whole, or there is a new one in the place of the damaged one. */
  void replaced() {
    checked = true;
    IntegrityCheck former;
    synchronized (signal) {
      former = check;
      check = null;
      signal.notifyAll();
    }
    if (former != null) {
      former.close();
    }
  }

  /** Whether the writer is to finish the checkpoint. */
  boolean needsFinish() {
    return finishing;
  }

  /** The writer has finished it, or has begun the database again. */
  void finished() {
    finishing = false;
    wake();
  }

  /** So many pages went into the log. */
  void written(long pages) {
    if (pagesWritten.addAndGet(pages) >= COPY_AFTER) {
      wake();
    }
  }

  private void wake() {
    synchronized (signal) {
      signal.notifyAll();
    }
  }

  /** Ends it; a check that has begun is finished before. */
  void end() throws InterruptedException {
    ended = true;
    wake();
    Thread running = thread;
    if (running != null) {
      running.join();
    }
  }

  private void run() {
    long tidied = 0;
    while (true) {
      try {
        if (!checked && !damaged) {
          check();
        }
        if (checked && !ended && store.isWell()) {
          if (!finishing) {
            copyLog();
          }
          if (!swept) {
            store.sweep();
            swept = true;
          }
          store.keepReserve();
          long changed = store.changes() - tidied;
          if (changed > TIDY_AFTER || changed > 0 && store.isIdle()) {
            tidied = store.changes();
            store.tidy();
          }
        }
      } catch (SpoolException e) {
        // The writer has seen it, too, and reports it.
      } catch (SQLException | IOException e) {
        log.storeTrouble("housekeeping in the spool failed", e);
      } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
        log.bug("spool housekeeping", e);
      }
      if (ended) {
        return;
      }
      try {
        await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  @SuppressWarnings("WaitNotInLoop") // a wake-up too many costs a look
  private void await() throws InterruptedException {
    synchronized (signal) {
      // While the writer finishes a checkpoint, none is started: two at a time hinder each other.
      if (!ended && (finishing || !checked || pagesWritten.get() < COPY_AFTER)) {
        signal.wait((store.isWell() ? EVERY : FAILURE_WAIT).toMillis());
      }
    }
  }

  private void check() throws SQLException {
    IntegrityCheck now;
    synchronized (signal) {
      now = check;
    }
    if (now == null) {
      return;
    }
    scans.begin(ScanMarks.Scan.CHECK);
    Optional<String> found;
    try {
      found = now.run();
    } finally {
      scans.end(ScanMarks.Scan.CHECK);
    }
    if (found.isEmpty()) {
      replaced();
    } else {
      damaged = true;
      store.damaged(found.get());
    }
  }

  private void copyLog() throws SQLException {
    if (pagesWritten.getAndSet(0) == 0) {
      return;
    }
    try (Connection own = Sqlite.copier(database, 256)) {
      scans.begin(ScanMarks.Scan.COPY_LOG);
      SpoolWriter.Checkpoint done;
      try {
        done = SpoolWriter.checkpoint(own, "PASSIVE");
      } finally {
        scans.end(ScanMarks.Scan.COPY_LOG);
      }
      if (done.logged() >= FINISH_AFTER) {
        finishing = true;
      }
    }
  }
}
