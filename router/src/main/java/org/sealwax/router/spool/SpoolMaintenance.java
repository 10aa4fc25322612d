package org.sealwax.router.spool;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.CountText;
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
  private final AtomicReference<@Nullable IntegrityCheck> check = new AtomicReference<>();
  private volatile boolean damaged;
  private volatile boolean ended;
  private volatile boolean swept;
  private @Nullable Thread thread;

  SpoolMaintenance(SqliteSpool spool) {
    this.spool = spool;
  }

  /** Sets the check that this run owes, or null for a database that was made just now. */
  void owes(@Nullable IntegrityCheck owed) {
    check.set(owed);
    if (owed == null) {
      spool.writer.allowOverwriting();
    }
  }

  void start() {
    thread = Supervisor.startPlatform("spool-upkeep", () -> ended, this::run);
  }

  /** Whether what an earlier run left was removed or set aside. */
  boolean hasSwept() {
    return swept;
  }

  /** The database is whole, or there is a new one in the place of the damaged one. */
  void replaced() {
    IntegrityCheck former = check.getAndSet(null);
    if (former != null) {
      former.close();
    }
    spool.writer.allowOverwriting();
  }

  /** Ends it; a check that has begun is finished before. */
  void end() throws InterruptedException {
    ended = true;
    spool.writer.wakeMaintenance();
    if (thread != null) {
      thread.join();
    }
  }

  private void run() {
    long tidied = 0;
    while (true) {
      try {
        if (!spool.writer.mayOverwritePages() && !damaged) {
          check();
        }
        if (spool.writer.mayOverwritePages() && !ended && spool.writer.failure() == null) {
          if (!spool.writer.isFinishRequested()) {
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
        spool.writer.awaitMaintenance(spool.writer.failure() == null ? EVERY : FAILURE_WAIT);
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
    if (spool.writer.takePagesLogged() == 0) {
      return;
    }
    try (Connection own = Sqlite.copier(spool.database, 256)) {
      spool.scans.begin(Scan.COPY_LOG);
      try {
        if (Statements.checkpoint(own, "PASSIVE") >= FINISH_AFTER) {
          spool.writer.requestFinish();
        }
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
          "spool",
          "removed the contents of "
              + CountText.of(found.neverReceived().size(), "message that was | messages that were")
              + " not completely received");
    }
    int unclaimed = spool.bodies.unclaimed().size();
    if (unclaimed > 0) {
      spool.log.storeTrouble(
          CountText.of(
                  unclaimed,
                  "content file without a record is | content files without a record are")
              + " kept in the folder \"unclaimed\", "
              + found.setAside().size()
              + " since this start; they may be accepted mail",
          null);
    }
    long lost = spool.readers.scan(Scan.SWEEP, SpoolReader::withoutRecipients);
    if (lost > 0) {
      spool.writer.call(WriterJob.Urgent.call(w -> w.setAsideWithoutRecipients(spool.clock.now())));
      spool.log.storeTrouble(
          CountText.of(lost, "message has lost its | messages have lost their")
              + " recipients; see the table aside",
          null);
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
