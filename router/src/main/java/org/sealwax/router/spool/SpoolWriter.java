package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.store.Sqlite;

/** The one connection that writes, with its statements kept prepared. Owned by one thread. */
final class SpoolWriter implements Closeable {
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
  private final PreparedStatement rollback;
  private final PreparedStatement insertMessage;
  private final PreparedStatement replaceMessage;
  private final PreparedStatement putBatch;
  private final PreparedStatement removeBatch;
  private final PreparedStatement removeMessage;
  private final PreparedStatement move;
  private final PreparedStatement moveWithReason;
  private final PreparedStatement addJourney;
  private final PreparedStatement addGone;
  private final PreparedStatement removeGone;
  private boolean full = true;
  private long freshFrom;

  /** Opens the store; creates it only when {@code isNew}. */
  SpoolWriter(Path database, boolean isNew) throws SQLException, IOException {
    this.connection = SpoolFormat.open(database, isNew, CACHE_KIB);
    try {
      this.plain = connection.createStatement();
      this.begin = connection.prepareStatement("BEGIN IMMEDIATE");
      this.commit = connection.prepareStatement("COMMIT");
      this.rollback = connection.prepareStatement("ROLLBACK");
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
              "UPDATE share SET state = ?, due = ? WHERE message = ? AND number = ?");
      this.moveWithReason =
          connection.prepareStatement(
              "UPDATE share SET state = ?, due = ?, reason = ? WHERE message = ? AND number = ?");
      this.addJourney =
          connection.prepareStatement(
              "INSERT OR REPLACE INTO journey(message, number, at, facts) VALUES(?,?,?,?)");
      this.addGone = connection.prepareStatement("INSERT OR IGNORE INTO gone(id) VALUES(?)");
      this.removeGone = connection.prepareStatement("DELETE FROM gone WHERE id = ?");
      try (ResultSet r = plain.executeQuery("SELECT value FROM meta WHERE name = 'fresh_from'")) {
        this.freshFrom = r.next() ? r.getLong(1) : 0;
      }
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
    rollback.execute();
  }

  /** Writes a row, so that the next commit has something to wait for. */
  void touch() throws SQLException {
    plain.execute("UPDATE meta SET value = value + 1 WHERE name = 'syncs'");
  }

  static int sum(byte[] bytes) {
    CRC32C sum = new CRC32C();
    sum.update(bytes, 0, bytes.length);
    return (int) sum.getValue();
  }

  void accept(NewMessage message, boolean again) throws SQLException {
    PreparedStatement s = again ? replaceMessage : insertMessage;
    Draft draft = message.draft();
    byte[] content = draft.small();
    s.setLong(1, message.id().number());
    s.setLong(2, message.arrived().toEpochMilli());
    s.setLong(3, draft.size());
    s.setInt(4, sum(message.envelope()));
    s.setInt(5, draft.checksum());
    s.setInt(6, content == null ? 1 : 0);
    s.setBytes(7, message.envelope());
    if (content == null) {
      s.setNull(8, Types.BLOB);
    } else {
      s.setBytes(8, content);
    }
    s.executeUpdate();
    for (RecipientBatch batch : message.batches()) {
      put(batch, message.arrived());
    }
  }

  private void put(RecipientBatch batch, @Nullable Instant dueIfLate) throws SQLException {
    PreparedStatement s = putBatch;
    long message = batch.key().message().number();
    BatchState state = batch.state();
    Instant due = batch.due();
    if (state == BatchState.FRESH && message < freshFrom) {
      // It was opened long ago: recovery would not look for it below the mark.
      state = BatchState.QUEUED;
      due = dueIfLate == null ? Instant.EPOCH : dueIfLate;
    }
    s.setLong(1, message);
    s.setLong(2, batch.key().number());
    s.setInt(3, state.code());
    setTime(s, 4, due);
    s.setString(5, batch.hop());
    s.setString(6, batch.sender());
    s.setString(7, batch.reason());
    s.setInt(8, sum(batch.recipients()));
    s.setBytes(9, batch.recipients());
    s.executeUpdate();
  }

  private static void setTime(PreparedStatement s, int at, @Nullable Instant time)
      throws SQLException {
    if (time == null) {
      s.setNull(at, Types.INTEGER);
    } else {
      s.setLong(at, time.toEpochMilli());
    }
  }

  /** The result of a change. */
  record Applied(Set<QueueId> removedMessages, Set<QueueId> files) {}

  Applied change(SpoolChange change) throws SQLException {
    for (NewMessage message : change.accepted()) {
      accept(message, true);
    }
    for (BatchKey key : change.removed()) {
      removeBatch.setLong(1, key.message().number());
      removeBatch.setLong(2, key.number());
      removeBatch.executeUpdate();
    }
    for (RecipientBatch batch : change.put()) {
      put(batch, null);
    }
    for (BatchMove m : change.moved()) {
      moved(m);
    }
    for (StoredTraceEntry entry : change.trace()) {
      addJourney.setLong(1, entry.message().number());
      addJourney.setLong(2, entry.order());
      addJourney.setLong(3, entry.at().toEpochMilli());
      addJourney.setBytes(4, entry.facts());
      addJourney.executeUpdate();
    }
    if (change.removed().isEmpty()) {
      return new Applied(Set.of(), Set.of());
    }
    Set<QueueId> gone = new LinkedHashSet<>();
    Set<QueueId> files = new LinkedHashSet<>();
    Set<QueueId> seen = new LinkedHashSet<>();
    for (BatchKey key : change.removed()) {
      QueueId id = key.message();
      if (seen.add(id)) {
        removeMessage.setLong(1, id.number());
        try (ResultSet r = removeMessage.executeQuery()) {
          if (r.next()) {
            gone.add(id);
            if (r.getInt(1) != 0) {
              files.add(id);
              addGone.setLong(1, id.number());
              addGone.executeUpdate();
            }
          }
        }
      }
    }
    return new Applied(gone, files);
  }

  private void moved(BatchMove m) throws SQLException {
    String reason = m.reason();
    PreparedStatement s = reason == null ? move : moveWithReason;
    int at = 1;
    s.setInt(at++, m.state().code());
    setTime(s, at++, m.due());
    if (reason != null) {
      s.setString(at++, reason);
    }
    s.setLong(at++, m.key().message().number());
    s.setLong(at, m.key().number());
    s.executeUpdate();
  }

  /**
   * Makes FRESH batches of the former process QUEUED; returns how many. QUEUED batches that found
   * no place in its memory are due at once, not when their long wait is over: the process that
   * would have fetched them earlier has ended. {@link #WOKEN} are enough, since they make the queue
   * fetch the others; no more are read, and none that wait for a reason, so that a start does not
   * grow with the queue.
   */
  int recover(Instant now) throws SQLException {
    try (PreparedStatement s =
        connection.prepareStatement(
            "UPDATE share SET due = ?1 WHERE (message, number) IN (SELECT message, number FROM"
                + " (SELECT message, number, due FROM share INDEXED BY share_reason"
                + " WHERE state <> 0 AND state = 1 AND reason = '' LIMIT ?2) WHERE due > ?1)")) {
      s.setLong(1, now.toEpochMilli());
      s.setInt(2, WOKEN);
      s.executeUpdate();
    }
    try (PreparedStatement s =
        connection.prepareStatement(
            "UPDATE share SET state = 1, due = ? WHERE message >= ? AND state = 0")) {
      s.setLong(1, now.toEpochMilli());
      s.setLong(2, freshFrom);
      return s.executeUpdate();
    }
  }

  void freshFrom(QueueId id) throws SQLException {
    long number = id.number();
    try (PreparedStatement s =
        connection.prepareStatement("UPDATE meta SET value = ? WHERE name = 'fresh_from'")) {
      s.setLong(1, number);
      s.executeUpdate();
    }
    freshFrom = number;
  }

  /** The highest number of a message that is or was here. */
  long newest() throws SQLException {
    try (ResultSet r =
        plain.executeQuery(
            "SELECT max(coalesce((SELECT max(id) FROM message), 0),"
                + " coalesce((SELECT max(message) FROM journey), 0),"
                + " (SELECT value FROM meta WHERE name = 'fresh_from'))")) {
      return r.next() ? r.getLong(1) : 0;
    }
  }

  void forget(QueueId id) throws SQLException {
    try (PreparedStatement selectBatches =
            connection.prepareStatement("DELETE FROM share WHERE message = ?");
        PreparedStatement message =
            connection.prepareStatement("DELETE FROM message WHERE id = ?")) {
      selectBatches.setLong(1, id.number());
      selectBatches.executeUpdate();
      message.setLong(1, id.number());
      message.executeUpdate();
    }
  }

  void setAside(BatchKey key, String why, Instant now) throws SQLException {
    setAsideRow(key.message().number(), key.number(), why, now);
  }

  /** The same for a row whose key may be no key of a batch. */
  void setAsideRow(long message, long number, String why, Instant now) throws SQLException {
    try (PreparedStatement copy =
        connection.prepareStatement(
            "INSERT INTO aside(message, number, at, why, record)"
                + " SELECT message, number, ?, ?, recipients FROM share"
                + " WHERE message = ? AND number = ?")) {
      copy.setLong(1, now.toEpochMilli());
      copy.setString(2, why);
      copy.setLong(3, message);
      copy.setLong(4, number);
      copy.executeUpdate();
    }
    removeBatch.setLong(1, message);
    removeBatch.setLong(2, number);
    removeBatch.executeUpdate();
  }

  /** Sets messages without recipients aside for the admin; their contents stay. */
  void setAsideWithoutRecipients(Instant now) throws SQLException {
    try (PreparedStatement s =
        connection.prepareStatement(
            "INSERT INTO aside(message, at, why, record)"
                + " SELECT id, ?, 'the recipients are missing', envelope FROM message"
                + " WHERE id NOT IN (SELECT message FROM share)"
                + " AND id NOT IN (SELECT message FROM aside)")) {
      s.setLong(1, now.toEpochMilli());
      s.executeUpdate();
    }
  }

  /** The files of these messages are removed. */
  void filesRemoved(Iterable<QueueId> ids) throws SQLException {
    for (QueueId id : ids) {
      removeGone.setLong(1, id.number());
      removeGone.executeUpdate();
    }
  }

  /** Deletes trace entries of messages older than {@code oldest}, at most {@code most}. */
  int prune(QueueId oldest, int most) throws SQLException {
    try (PreparedStatement s =
        connection.prepareStatement(
            "DELETE FROM journey WHERE (message, number) IN (SELECT message, number FROM journey"
                + " WHERE message < ? ORDER BY message LIMIT ?)")) {
      s.setLong(1, oldest.number());
      s.setInt(2, most);
      return s.executeUpdate();
    }
  }

  /** The result of a checkpoint: pages in the log, and how many of them are in the database. */
  record Checkpoint(long logged, long moved) {}

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
    return checkpoint("NOOP").logged();
  }

  Checkpoint checkpoint(String mode) throws SQLException {
    return checkpoint(connection, mode);
  }

  static Checkpoint checkpoint(Connection connection, String mode) throws SQLException {
    try (Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("PRAGMA wal_checkpoint(" + mode + ")")) {
      r.next();
      return new Checkpoint(r.getLong(2), r.getLong(3));
    }
  }

  /** Pages that hold nothing. */
  long freePages() throws SQLException {
    try (ResultSet r = plain.executeQuery("PRAGMA freelist_count")) {
      return r.next() ? r.getLong(1) : 0;
    }
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
