package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.store.RecordCodec;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.Statements;

/** The one connection that writes, with its statements kept prepared. Owned by one thread. */
final class WriterConnection implements Closeable {
  /** Batches woken at a start: more than the queue holds in hand, few enough for a quick start. */
  private static final int WOKEN = 20_000;

  /** Pages for index updates among a million rows; native memory. */
  private static final int CACHE_KIB = 8 * 1024;

  /** Milliseconds that finishing a checkpoint waits for readers. */
  private static final int FINISH_WAIT = 100;

  private static final String MESSAGE =
      " INTO message(id, arrived, size, envelope_sum, content_sum, in_file, envelope, content)"
          + " VALUES(?,?,?,?,?,?,?,?)";

  private static final String REMOVE_BATCH = "DELETE FROM share WHERE message = ? AND number = ?";

  private static final String REMOVE_MESSAGE =
      "DELETE FROM message WHERE id = ?1"
          + " AND NOT EXISTS (SELECT 1 FROM share WHERE message = ?1)"
          + " AND NOT EXISTS (SELECT 1 FROM aside WHERE message = ?1)"
          + " RETURNING in_file";

  private final Statements db;
  private boolean full = true;
  private long freshFrom;

  /** Opens the store; creates it only when {@code isNew}. */
  WriterConnection(Path database, boolean isNew) throws SQLException, IOException {
    this.db = new Statements(SpoolFormat.open(database, isNew, CACHE_KIB));
    try {
      this.freshFrom = db.number("SELECT value FROM meta WHERE name = 'fresh_from'");
    } catch (SQLException e) {
      db.close();
      throw e;
    }
  }

  /** Begins a transaction that waits for the disk at commit, or one that does not. */
  void begin(boolean synced) throws SQLException {
    if (synced != full) {
      // NORMAL never loses order or consistency in WAL mode; it only lets a power failure bring
      // back the state before the last commits (https://sqlite.org/pragma.html#pragma_synchronous).
      db.pragma(synced ? "synchronous = FULL" : "synchronous = NORMAL");
      full = synced;
    }
    db.update("BEGIN IMMEDIATE");
  }

  void commit() throws SQLException {
    db.update("COMMIT");
  }

  void rollback() throws SQLException {
    db.update("ROLLBACK");
  }

  /** Writes a row, so that the next commit has something to wait for. */
  void touch() throws SQLException {
    db.update("UPDATE meta SET value = value + 1 WHERE name = 'syncs'");
  }

  void accept(NewMessage message, boolean again) throws SQLException {
    Draft draft = message.draft();
    byte[] content = draft.small();
    db.update(
        again ? "INSERT OR REPLACE" + MESSAGE : "INSERT" + MESSAGE,
        message.id().number(),
        message.arrived().toEpochMilli(),
        draft.size(),
        RecordCodec.checksum(message.envelope()),
        draft.checksum(),
        content == null ? 1 : 0,
        message.envelope(),
        content);
    for (RecipientBatch batch : message.batches()) {
      put(batch, message.arrived());
    }
  }

  private void put(RecipientBatch batch, Instant dueIfLate) throws SQLException {
    long message = batch.key().message().number();
    BatchState state = batch.state();
    Instant due = batch.due();
    if (state == BatchState.PROVISIONAL && message < freshFrom) {
      // It was opened long ago: a start would not look for it below the mark.
      freshFrom(batch.key().message());
    }
    if (state == BatchState.FRESH && message < freshFrom) {
      // It was opened long ago: recovery would not look for it below the mark.
      state = BatchState.QUEUED;
      due = dueIfLate;
    }
    db.update(
        "INSERT OR REPLACE INTO"
            + " share(message, number, state, due, hop, sender, reason, sum, recipients)"
            + " VALUES(?,?,?,?,?,?,?,?,?)",
        message,
        batch.key().number(),
        state.code(),
        due,
        batch.hop(),
        batch.sender(),
        batch.reason(),
        RecordCodec.checksum(batch.recipients()),
        batch.recipients());
  }

  /** The result of a change: messages of which nothing is left, and those of them with a file. */
  record Applied(Set<QueueId> removedMessages, Set<QueueId> files) {}

  Applied change(SpoolChange change) throws SQLException {
    for (NewMessage message : change.accepted()) {
      accept(message, true);
    }
    for (BatchKey key : change.removed()) {
      db.update(REMOVE_BATCH, key.message().number(), key.number());
    }
    for (RecipientBatch batch : change.put()) {
      put(batch, Instant.EPOCH);
    }
    for (BatchMove m : change.moved()) {
      db.update(
          "UPDATE share SET state = ?, due = ?, reason = coalesce(?, reason)"
              + " WHERE message = ? AND number = ?",
          m.state().code(),
          m.due(),
          m.reason(),
          m.key().message().number(),
          m.key().number());
    }
    for (StoredTraceEntry entry : change.trace()) {
      db.update(
          "INSERT OR REPLACE INTO journey(message, number, at, facts) VALUES(?,?,?,?)",
          entry.message().number(),
          entry.order(),
          entry.at().toEpochMilli(),
          entry.facts());
    }
    if (change.removed().isEmpty()) {
      return new Applied(Set.of(), Set.of());
    }
    Set<QueueId> gone = new LinkedHashSet<>();
    Set<QueueId> files = new LinkedHashSet<>();
    for (BatchKey key : change.removed()) {
      QueueId id = key.message();
      try (ResultSet r = db.bind(REMOVE_MESSAGE, id.number()).executeQuery()) {
        if (r.next()) {
          gone.add(id);
          if (r.getInt(1) != 0) {
            files.add(id);
            db.update("INSERT OR IGNORE INTO gone(id) VALUES(?)", id.number());
          }
        }
      }
    }
    return new Applied(gone, files);
  }

  /**
   * Makes FRESH batches of the former process QUEUED; returns how many. QUEUED batches that found
   * no place in its memory are due at once, not when their long wait is over: the process that
   * would have fetched them earlier has ended. {@link #WOKEN} are enough, since they make the queue
   * fetch the others; no more are read, and none that wait for a reason, so that a start does not
   * grow with the queue.
   */
  int recover(Instant now) throws SQLException {
    db.update(
        "UPDATE share SET due = ?1 WHERE (message, number) IN (SELECT message, number FROM"
            + " (SELECT message, number, due FROM share INDEXED BY share_reason"
            + " WHERE "
            + SpoolFormat.WAITS
            + " AND state = 1 AND reason = '' LIMIT ?2) WHERE due > ?1)",
        now.toEpochMilli(),
        WOKEN);
    return db.update(
        "UPDATE share SET state = 1, due = ? WHERE message >= ? AND state = 0",
        now.toEpochMilli(),
        freshFrom);
  }

  /**
   * Drops the PROVISIONAL messages of the former process: they were not acknowledged. The files of
   * large contents are removed as those of other messages that are gone.
   */
  int dropProvisional() throws SQLException {
    String provisional = "(SELECT message FROM share WHERE message >= ? AND state = 4)";
    db.update(
        "INSERT OR IGNORE INTO gone(id) SELECT id FROM message WHERE in_file <> 0 AND id IN "
            + provisional,
        freshFrom);
    db.update("DELETE FROM message WHERE id IN " + provisional, freshFrom);
    return db.update("DELETE FROM share WHERE message >= ? AND state = 4", freshFrom);
  }

  /** No batch below this message is FRESH or PROVISIONAL any more. */
  void freshFrom(QueueId id) throws SQLException {
    db.update("UPDATE meta SET value = ? WHERE name = 'fresh_from'", id.number());
    freshFrom = id.number();
  }

  /** The highest number of a message that is or was here. */
  long newest() throws SQLException {
    return db.number(
        "SELECT max(coalesce((SELECT max(id) FROM message), 0),"
            + " coalesce((SELECT max(message) FROM journey), 0),"
            + " (SELECT value FROM meta WHERE name = 'fresh_from'))");
  }

  void forget(QueueId id) throws SQLException {
    db.update("DELETE FROM share WHERE message = ?", id.number());
    db.update("DELETE FROM message WHERE id = ?", id.number());
  }

  /** Sets a row aside for the admin; its key is perhaps not that of a batch. */
  void setAside(long message, long number, String why, Instant now) throws SQLException {
    db.update(
        "INSERT INTO aside(message, number, at, why, record)"
            + " SELECT message, number, ?, ?, recipients FROM share"
            + " WHERE message = ? AND number = ?",
        now.toEpochMilli(),
        why,
        message,
        number);
    db.update(REMOVE_BATCH, message, number);
  }

  /** Sets messages without recipients aside for the admin; their contents stay. */
  void setAsideWithoutRecipients(Instant now) throws SQLException {
    db.update(
        "INSERT INTO aside(message, at, why, record)"
            + " SELECT id, ?, 'the recipients are missing', envelope FROM message"
            + " WHERE id NOT IN (SELECT message FROM share)"
            + " AND id NOT IN (SELECT message FROM aside)",
        now.toEpochMilli());
  }

  /** The files of these messages are removed. */
  void filesRemoved(Iterable<QueueId> ids) throws SQLException {
    for (QueueId id : ids) {
      db.update("DELETE FROM gone WHERE id = ?", id.number());
    }
  }

  /** Deletes trace entries of messages older than {@code oldest}, at most {@code most}. */
  int prune(QueueId oldest, int most) throws SQLException {
    return db.update(
        "DELETE FROM journey WHERE (message, number) IN (SELECT message, number FROM journey"
            + " WHERE message < ? ORDER BY message LIMIT ?)",
        oldest.number(),
        most);
  }

  /**
   * Copies what is left of the log and lets the next commit begin it again. Readers that are in the
   * way are waited for only shortly: all callers that store something wait as well.
   */
  void finishCheckpoint() throws SQLException {
    db.pragma("busy_timeout = " + FINISH_WAIT);
    try {
      db.checkpoint("RESTART");
    } finally {
      db.pragma("busy_timeout = " + Sqlite.BUSY);
    }
  }

  /** Copies the whole log into the database and empties it. */
  void emptyLog() throws SQLException {
    db.checkpoint("TRUNCATE");
  }

  /** Pages in the log. */
  long logged() throws SQLException {
    return db.checkpoint("NOOP");
  }

  /** Pages that hold nothing. */
  long freePages() throws SQLException {
    return db.pragma("freelist_count");
  }

  /** Gives free pages back to the file system; the file is shorter after the next checkpoint. */
  void shrink(int pages) throws SQLException {
    db.pragmaToItsEnd("incremental_vacuum(" + pages + ")");
  }

  @Override
  public void close() {
    db.close();
  }

  /**
   * The steps of the writer's transactions, and what is left to do when they are committed: files
   * to name and to remove, callers to answer. Owned by the writer's thread; the figures are
   * thread-safe.
   */
  static final class WriterTransaction {
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
            spool.log.storeTrouble(
                "a content file could not be renamed: "
                    + u.messages().stream().map(QueueId::text).collect(Collectors.joining(", ")),
                e);
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
}
