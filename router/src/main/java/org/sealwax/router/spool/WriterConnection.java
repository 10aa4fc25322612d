package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.store.Sqlite;

/** The one connection that writes, with its statements kept prepared. Owned by one thread. */
final class WriterConnection implements Closeable {
  /** Batches woken at a start: more than the queue holds in hand, few enough for a quick start. */
  private static final int WOKEN = 20_000;

  /** Pages for index updates among a million rows; native memory. */
  private static final int CACHE_KIB = 8 * 1024;

  /** Milliseconds that finishing a checkpoint waits for readers. */
  private static final int FINISH_WAIT = 100;

  private final Connection connection;
  private final Statement plain;
  private final PreparedStatement begin;
  private final PreparedStatement commit;
  private final PreparedStatement insertMessage;
  private final PreparedStatement replaceMessage;
  private final PreparedStatement putBatch;
  private final PreparedStatement removeBatch;
  private final PreparedStatement removeMessage;
  private final PreparedStatement move;
  private final PreparedStatement addTrace;
  private boolean full = true;
  private long freshFrom;

  /** Opens the store; creates it only when {@code isNew}. */
  WriterConnection(Path database, boolean isNew) throws SQLException, IOException {
    this.connection = SpoolFormat.open(database, isNew, CACHE_KIB);
    try {
      this.plain = connection.createStatement();
      this.begin = connection.prepareStatement("BEGIN IMMEDIATE");
      this.commit = connection.prepareStatement("COMMIT");
      String message =
          " INTO message(id, arrived, size, envelope_sum, content_sum, in_file, envelope, content)"
              + " VALUES(?,?,?,?,?,?,?,?)";
      this.insertMessage = connection.prepareStatement("INSERT" + message);
      this.replaceMessage = connection.prepareStatement("INSERT OR REPLACE" + message);
      this.putBatch =
          connection.prepareStatement(
              "INSERT OR REPLACE INTO"
                  + " share(message, number, state, due, hop, sender, reason, sum, recipients)"
                  + " VALUES(?,?,?,?,?,?,?,?,?)");
      this.removeBatch =
          connection.prepareStatement("DELETE FROM share WHERE message = ? AND number = ?");
      this.removeMessage =
          connection.prepareStatement(
              "DELETE FROM message WHERE id = ?1"
                  + " AND NOT EXISTS (SELECT 1 FROM share WHERE message = ?1)"
                  + " AND NOT EXISTS (SELECT 1 FROM aside WHERE message = ?1)"
                  + " RETURNING in_file");
      this.move =
          connection.prepareStatement(
              "UPDATE share SET state = ?, due = ?, reason = coalesce(?, reason)"
                  + " WHERE message = ? AND number = ?");
      this.addTrace =
          connection.prepareStatement(
              "INSERT OR REPLACE INTO journey(message, number, at, facts) VALUES(?,?,?,?)");
      this.freshFrom = Rows.number(connection, "SELECT value FROM meta WHERE name = 'fresh_from'");
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** Begins a transaction that waits for the disk at commit, or one that does not. */
  void begin(boolean synced) throws SQLException {
    if (synced != full) {
      // NORMAL never loses order or consistency in WAL mode; it only lets a power failure bring
      // back the state before the last commits (https://sqlite.org/pragma.html#pragma_synchronous).
      plain.execute(synced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
      full = synced;
    }
    begin.execute();
  }

  void commit() throws SQLException {
    commit.execute();
  }

  void rollback() throws SQLException {
    plain.execute("ROLLBACK");
  }

  /** Writes a row, so that the next commit has something to wait for. */
  void touch() throws SQLException {
    plain.execute("UPDATE meta SET value = value + 1 WHERE name = 'syncs'");
  }

  void accept(NewMessage message, boolean again) throws SQLException {
    Draft draft = message.draft();
    byte[] content = draft.small();
    Rows.bind(
            again ? replaceMessage : insertMessage,
            message.id().number(),
            message.arrived().toEpochMilli(),
            draft.size(),
            Rows.sum(message.envelope()),
            draft.checksum(),
            content == null ? 1 : 0,
            message.envelope(),
            content)
        .executeUpdate();
    for (RecipientBatch batch : message.batches()) {
      put(batch, message.arrived());
    }
  }

  private void put(RecipientBatch batch, Instant dueIfLate) throws SQLException {
    long message = batch.key().message().number();
    BatchState state = batch.state();
    Instant due = batch.due();
    if (state == BatchState.FRESH && message < freshFrom) {
      // It was opened long ago: recovery would not look for it below the mark.
      state = BatchState.QUEUED;
      due = dueIfLate;
    }
    Rows.bind(
            putBatch,
            message,
            batch.key().number(),
            state.code(),
            Rows.millis(due),
            batch.hop(),
            batch.sender(),
            batch.reason(),
            Rows.sum(batch.recipients()),
            batch.recipients())
        .executeUpdate();
  }

  /** The result of a change: messages of which nothing is left, and those of them with a file. */
  record Applied(Set<QueueId> removedMessages, Set<QueueId> files) {}

  Applied change(SpoolChange change) throws SQLException {
    for (NewMessage message : change.accepted()) {
      accept(message, true);
    }
    for (BatchKey key : change.removed()) {
      Rows.bind(removeBatch, key.message().number(), key.number()).executeUpdate();
    }
    for (RecipientBatch batch : change.put()) {
      put(batch, Instant.EPOCH);
    }
    for (BatchMove m : change.moved()) {
      long message = m.key().message().number();
      Rows.bind(move, m.state().code(), Rows.millis(m.due()), m.reason(), message, m.key().number())
          .executeUpdate();
    }
    for (StoredTraceEntry entry : change.trace()) {
      long message = entry.message().number();
      Rows.bind(addTrace, message, entry.order(), entry.at().toEpochMilli(), entry.facts())
          .executeUpdate();
    }
    if (change.removed().isEmpty()) {
      return new Applied(Set.of(), Set.of());
    }
    Set<QueueId> gone = new LinkedHashSet<>();
    Set<QueueId> files = new LinkedHashSet<>();
    for (BatchKey key : change.removed()) {
      long message = key.message().number();
      try (ResultSet r = Rows.bind(removeMessage, message).executeQuery()) {
        if (r.next()) {
          gone.add(key.message());
          if (r.getInt(1) != 0) {
            files.add(key.message());
            update("INSERT OR IGNORE INTO gone(id) VALUES(?)", message);
          }
        }
      }
    }
    return new Applied(gone, files);
  }

  private int update(String sql, @Nullable Object... values) throws SQLException {
    return Rows.update(connection, sql, values);
  }

  /**
   * Makes FRESH batches of the former process QUEUED; returns how many. QUEUED batches that found
   * no place in its memory are due at once, not when their long wait is over: the process that
   * would have fetched them earlier has ended. {@link #WOKEN} are enough, since they make the queue
   * fetch the others; no more are read, and none that wait for a reason, so that a start does not
   * grow with the queue.
   */
  int recover(Instant now) throws SQLException {
    update(
        "UPDATE share SET due = ?1 WHERE (message, number) IN (SELECT message, number FROM"
            + " (SELECT message, number, due FROM share INDEXED BY share_reason"
            + " WHERE state <> 0 AND state = 1 AND reason = '' LIMIT ?2) WHERE due > ?1)",
        now.toEpochMilli(),
        WOKEN);
    return update(
        "UPDATE share SET state = 1, due = ? WHERE message >= ? AND state = 0",
        now.toEpochMilli(),
        freshFrom);
  }

  /** No batch below this message is FRESH any more. */
  void freshFrom(QueueId id) throws SQLException {
    update("UPDATE meta SET value = ? WHERE name = 'fresh_from'", id.number());
    freshFrom = id.number();
  }

  /** The highest number of a message that is or was here. */
  long newest() throws SQLException {
    return Rows.number(
        connection,
        "SELECT max(coalesce((SELECT max(id) FROM message), 0),"
            + " coalesce((SELECT max(message) FROM journey), 0),"
            + " (SELECT value FROM meta WHERE name = 'fresh_from'))");
  }

  void forget(QueueId id) throws SQLException {
    update("DELETE FROM share WHERE message = ?", id.number());
    update("DELETE FROM message WHERE id = ?", id.number());
  }

  /** Sets a row aside for the admin; its key may be no key of a batch. */
  void setAside(long message, long number, String why, Instant now) throws SQLException {
    update(
        "INSERT INTO aside(message, number, at, why, record)"
            + " SELECT message, number, ?, ?, recipients FROM share"
            + " WHERE message = ? AND number = ?",
        now.toEpochMilli(),
        why,
        message,
        number);
    Rows.bind(removeBatch, message, number).executeUpdate();
  }

  /** Sets messages without recipients aside for the admin; their contents stay. */
  void setAsideWithoutRecipients(Instant now) throws SQLException {
    update(
        "INSERT INTO aside(message, at, why, record)"
            + " SELECT id, ?, 'the recipients are missing', envelope FROM message"
            + " WHERE id NOT IN (SELECT message FROM share)"
            + " AND id NOT IN (SELECT message FROM aside)",
        now.toEpochMilli());
  }

  /** The files of these messages are removed. */
  void filesRemoved(Iterable<QueueId> ids) throws SQLException {
    for (QueueId id : ids) {
      update("DELETE FROM gone WHERE id = ?", id.number());
    }
  }

  /** Deletes trace entries of messages older than {@code oldest}, at most {@code most}. */
  int prune(QueueId oldest, int most) throws SQLException {
    return update(
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
    plain.execute("PRAGMA busy_timeout = " + FINISH_WAIT);
    try {
      checkpoint("RESTART");
    } finally {
      plain.execute("PRAGMA busy_timeout = " + Sqlite.BUSY);
    }
  }

  /** Pages in the log. */
  long logged() throws SQLException {
    return checkpoint("NOOP");
  }

  long checkpoint(String mode) throws SQLException {
    return checkpoint(connection, mode);
  }

  /** Copies pages of the log into the database, as the mode says; returns the pages in the log. */
  static long checkpoint(Connection connection, String mode) throws SQLException {
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("PRAGMA wal_checkpoint(" + mode + ")")) {
      r.next();
      return r.getLong(2);
    }
  }

  /** Pages that hold nothing. */
  long freePages() throws SQLException {
    return Rows.number(connection, "PRAGMA freelist_count");
  }

  /**
   * Gives free pages back to the file system; the file is shorter after the next checkpoint. Not a
   * query for the driver, although the engine goes through it step by step, a page each.
   */
  void shrink(int pages) throws SQLException {
    plain.executeUpdate("PRAGMA incremental_vacuum(" + pages + ")");
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // It is given up anyway: what was committed is in the log on disk.
    }
  }
}
