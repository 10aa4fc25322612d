package org.sealwax.router.spool;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.spool.ScanMarks.Scan;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.Statements;

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

  /** Free pages at which some are given back (64 MiB). */
  private static final long FREE_PAGES = (64L << 20) / SpoolFormat.PAGE;

  /** Changes between two checks for what can be deleted and given back, under load. */
  private static final long TIDY_AFTER = 20_000;

  /** Interval between checks without a signal. */
  private static final Duration EVERY = Duration.ofSeconds(10);

  /** Interval between checks after the store failed. */
  private static final Duration FAILURE_WAIT = Duration.ofMillis(100);

  private final SqliteSpool spool;
  private final Semaphore signal = new Semaphore(0);
  private final AtomicLong pagesWritten = new AtomicLong();
  private final AtomicReference<@Nullable IntegrityCheck> check = new AtomicReference<>();
  private volatile boolean checked;
  private volatile boolean damaged;
  private volatile boolean finishing;
  private volatile boolean ended;
  private volatile boolean swept;
  private @Nullable Thread thread;

  SpoolMaintenance(SqliteSpool spool) {
    this.spool = spool;
  }

  /** Sets the check that this run owes, or null for a database that was made just now. */
  boolean owes(@Nullable IntegrityCheck owed) {
    check.set(owed);
    checked = owed == null;
    return checked;
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
    IntegrityCheck former = check.getAndSet(null);
    if (former != null) {
      former.close();
    }
    signal.release();
  }

  /** Whether the writer is to finish the checkpoint. */
  boolean needsFinish() {
    return finishing;
  }

  /** The writer has finished it, or has begun the database again. */
  void finished() {
    finishing = false;
    signal.release();
  }

  /** So many pages went into the spool.log. */
  void written(long pages) {
    long all = pagesWritten.addAndGet(pages);
    if (all >= COPY_AFTER && all - pages < COPY_AFTER) {
      signal.release();
    }
  }

  /** Ends it; a check that has begun is finished before. */
  void end() throws InterruptedException {
    ended = true;
    signal.release();
    if (thread != null) {
      thread.join();
    }
  }

  private void run() {
    long tidied = 0;
    while (true) {
      try {
        if (!checked && !damaged) {
          check();
        }
        if (checked && !ended && spool.writer.failure() == null) {
          if (!finishing) {
            copyLog();
          }
          if (!swept) {
            sweep();
            swept = true;
          }
          spool.space.keepReserve();
          long changes = spool.writer.transaction.figures().changes();
          if (changes - tidied > TIDY_AFTER || changes > tidied && spool.writer.isIdle()) {
            tidied = changes;
            tidy();
          }
        }
      } catch (SpoolException e) {
        // The writer has seen it, too, and reports it.
      } catch (SQLException | IOException e) {
        spool.log.storeTrouble("housekeeping in the spool failed", e);
      } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
        spool.log.bug("spool housekeeping", e);
      }
      if (ended) {
        return;
      }
      try {
        Duration most = spool.writer.failure() == null ? EVERY : FAILURE_WAIT;
        if (signal.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
          signal.drainPermits();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void check() throws SQLException {
    IntegrityCheck now = check.get();
    if (now == null) {
      return;
    }
    spool.scans.begin(Scan.CHECK);
    Optional<String> found;
    try {
      found = now.run();
    } finally {
      spool.scans.end(Scan.CHECK);
    }
    if (found.isEmpty()) {
      replaced();
    } else {
      damaged = true;
      spool.writer.damaged(found.get());
    }
  }

  private void copyLog() throws SQLException {
    if (pagesWritten.getAndSet(0) == 0) {
      return;
    }
    try (Connection own = Sqlite.copier(spool.database, 256)) {
      spool.scans.begin(Scan.COPY_LOG);
      try {
        finishing |= Statements.checkpoint(own, "PASSIVE") >= FINISH_AFTER;
      } finally {
        spool.scans.end(Scan.COPY_LOG);
      }
    }
  }

  /** Removes or sets aside what an earlier run left in files, and records that are not whole. */
  void sweep() throws IOException {
    BodyFiles.SweepResult found =
        spool.bodies.sweep(
            id -> spool.readers.scan(Scan.SWEEP, r -> r.claim(id)),
            spool.salvage.mayHaveLostRecords());
    if (!found.done().isEmpty()) {
      spool.writer.call(WriterJob.Urgent.call(w -> w.filesRemoved(found.done())));
    }
    if (!found.neverReceived().isEmpty()) {
      spool.log.note(
          "spool", "removed " + found.neverReceived().size() + " incompletely received contents");
    }
    int unclaimed = spool.bodies.unclaimed().size();
    if (unclaimed > 0) {
      spool.log.storeTrouble(
          unclaimed
              + " contents without a record are kept in the folder \"unclaimed\", "
              + found.setAside().size()
              + " of them since this start; they may be accepted mail",
          null);
    }
    long lost = spool.readers.scan(Scan.SWEEP, SpoolReader::withoutRecipients);
    if (lost > 0) {
      spool.writer.call(WriterJob.Urgent.call(w -> w.setAsideWithoutRecipients(spool.clock.now())));
      spool.log.storeTrouble(
          lost + " messages have lost their recipients; see the table aside", null);
    }
  }

  /**
   * The writer deletes old trace entries and gives free pages back, when it has nothing else to do.
   */
  void tidy() throws SpoolException {
    QueueId oldest =
        spool.readers.scan(Scan.TIDY, r -> r.oldestTrace(spool.tracesKept)).orElse(null);
    if (oldest != null || spool.readers.read(SpoolReader::freePages) >= FREE_PAGES) {
      spool.writer.tidy(oldest);
    }
  }
}
