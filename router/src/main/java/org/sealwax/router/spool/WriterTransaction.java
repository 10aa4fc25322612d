package org.sealwax.router.spool;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The steps of the writer's transactions, and what is left to do when they are committed: files to
 * name and to remove, callers to answer. Owned by the writer's thread; the figures are thread-safe.
 */
final class WriterTransaction {
  private final SqliteSpool spool;
  private final List<Runnable> answers = new ArrayList<>();

  /** Contents of messages that this transaction removes. */
  private final List<QueueId> files = new ArrayList<>();

  /** The same of committed transactions, until the next commit that waits for the disk. */
  private final List<QueueId> filesToRemove = new ArrayList<>();

  /** What the table of removed messages names no longer after the next commit. */
  private final List<QueueId> filesRemoved = new ArrayList<>();

  private boolean synced;
  private long pages;
  private volatile @Nullable QueueId freshFrom;
  private final LongAdder accepted = new LongAdder();
  private final LongAdder changes = new LongAdder();
  private final LongAdder batches = new LongAdder();
  private final LongAdder syncs = new LongAdder();
  private final LongAdder syncNanos = new LongAdder();
  private final LongAdder failures = new LongAdder();

  WriterTransaction(SqliteSpool spool) {
    this.spool = spool;
  }

  /** The figures since the start. */
  SpoolFigures figures() {
    return new SpoolFigures(
        accepted.sum(),
        changes.sum(),
        batches.sum(),
        syncs.sum(),
        Duration.ofNanos(syncNanos.sum()),
        failures.sum());
  }

  /** No batch below this message is FRESH any more: written with the next transaction. */
  void noFreshBefore(QueueId id) {
    freshFrom = id;
  }

  void syncNames(List<WriterJob> batch) throws IOException {
    for (WriterJob job : batch) {
      if (job instanceof WriterJob.Urgent u && u.accepted() != null && u.accepted().hasFile()) {
        spool.bodies.syncFolder();
        return;
      }
    }
  }

  void begin(WriterConnection connection, boolean isSynced) throws SQLException {
    synced = isSynced;
    pages = 2;
    forget();
    connection.begin(isSynced);
    connection.filesRemoved(filesRemoved);
    QueueId mark = freshFrom;
    if (mark != null) {
      freshFrom = null;
      connection.freshFrom(mark);
    }
  }

  void fill(WriterConnection connection, List<WriterJob> batch) throws SQLException {
    for (WriterJob job : batch) {
      switch (job) {
        case WriterJob.Urgent u -> {
          u.body().run(connection);
          NewMessage message = u.accepted();
          byte[] small = message == null ? null : message.draft().small();
          pages += 2 + (small == null ? 0 : small.length / SpoolFormat.PAGE);
          answers.add(
              () -> {
                if (message != null) {
                  accepted.increment();
                }
                u.outcome().complete(Optional.empty());
              });
        }
        case WriterJob.Change c -> {
          WriterConnection.Applied applied = connection.change(c.change());
          files.addAll(applied.files());
          pages++;
          answers.add(
              () -> {
                changes.increment();
                c.listener().settled(applied.removedMessages());
              });
        }
      }
    }
  }

  /** Commits; returns the pages that went into the log, about. */
  long commit(WriterConnection connection) throws SQLException {
    long before = spool.clock.nanoTime();
    connection.commit();
    batches.increment();
    filesRemoved.clear();
    filesToRemove.addAll(files);
    files.clear();
    if (synced) {
      syncs.increment();
      syncNanos.add(spool.clock.nanoTime() - before);
    }
    return pages;
  }

  void removeContents() {
    for (QueueId id : filesToRemove) {
      try {
        spool.bodies.remove(id);
        filesRemoved.add(id);
      } catch (IOException e) {
        spool.log.storeTrouble(
            "the content file of a delivered message could not be removed: " + id, e);
      }
    }
    filesToRemove.clear();
  }

  void nameContents(List<WriterJob> batch) {
    for (WriterJob job : batch) {
      if (job instanceof WriterJob.Urgent u && u.accepted() != null) {
        try {
          u.accepted().draft().committed();
        } catch (IOException e) {
          // It is found by its other name as well.
          spool.log.storeTrouble("a content file could not be renamed: " + u.messages(), e);
        }
      }
    }
  }

  void answer() {
    for (Runnable each : answers) {
      try {
        each.run();
      } catch (RuntimeException e) {
        spool.log.bug("spool settled", e);
      }
    }
    answers.clear();
  }

  /** The transaction failed, or its answers are given: nothing follows from it any more. */
  void forget() {
    answers.clear();
    files.clear();
  }

  void failed() {
    failures.increment();
  }
}
