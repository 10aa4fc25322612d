package org.sealwax.router.spool;

import java.io.Closeable;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.Sqlite;

/** A connection that reads, with its statements kept prepared. Used by one thread at a time. */
final class SpoolReader implements Closeable {
  private static final int CACHE_KIB = 1024;

  private static final String COLUMNS =
      "message, number, state, due, hop, sender, reason, sum, recipients";

  private final Connection connection;
  private final int generation;
  private final PreparedStatement due;
  private final PreparedStatement queuedFor;
  private final PreparedStatement nextDue;
  private final PreparedStatement batch;
  private final PreparedStatement message;
  private final PreparedStatement content;

  /** Opens the database that is in place in this generation. */
  SpoolReader(Path database, int generation) throws SQLException {
    this.generation = generation;
    this.connection = Sqlite.reader(database, CACHE_KIB);
    try {
      this.due =
          connection.prepareStatement(
              "SELECT message, number, state, due, hop, sender FROM share"
                  + " WHERE due IS NOT NULL AND due <= ? ORDER BY due LIMIT ?");
      this.queuedFor =
          connection.prepareStatement(
              "SELECT message, number, state, due, hop, sender FROM share"
                  + " WHERE state = 1 AND hop = ? ORDER BY due LIMIT ?");
      this.nextDue =
          connection.prepareStatement(
              "SELECT due FROM share WHERE due IS NOT NULL AND due > ? ORDER BY due LIMIT 1");
      this.batch =
          connection.prepareStatement(
              "SELECT " + COLUMNS + " FROM share WHERE message = ? AND number = ?");
      this.message =
          connection.prepareStatement(
              "SELECT arrived, size, envelope_sum, envelope FROM message WHERE id = ?");
      this.content =
          connection.prepareStatement(
              "SELECT size, content_sum, in_file, content FROM message WHERE id = ?");
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  int generation() {
    return generation;
  }

  /** The stored key of a row, which may be no key of a batch. */
  record RowKey(long message, long number) {}

  /**
   * The rows that a query found.
   *
   * @param damaged rows that cannot be read, or whose columns are not what a batch has
   */
  record Rows(List<DueBatch> shares, List<RowKey> damaged) {}

  Rows due(Instant until, int limit) throws SQLException {
    due.setLong(1, until.toEpochMilli());
    due.setInt(2, limit);
    return dueBatches(due);
  }

  Rows queuedFor(String hop, int limit) throws SQLException {
    queuedFor.setString(1, hop);
    queuedFor.setInt(2, limit);
    return dueBatches(queuedFor);
  }

  private static Rows dueBatches(PreparedStatement s) throws SQLException {
    List<DueBatch> found = new ArrayList<>();
    List<RowKey> damaged = new ArrayList<>(0);
    try (ResultSet r = s.executeQuery()) {
      while (r.next()) {
        RowKey key = new RowKey(r.getLong(1), r.getLong(2));
        DueBatch batch;
        try {
          batch = key.message() < 0 || key.number() < 0 ? null : dueBatch(r);
        } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
          // One row that triggers a bug must not hide all others.
          batch = null;
        }
        if (batch == null) {
          damaged.add(key);
        } else {
          found.add(batch);
        }
      }
    }
    return new Rows(found, damaged);
  }

  /** Null when the columns are not what a batch has. */
  private static @Nullable DueBatch dueBatch(ResultSet r) throws SQLException {
    int state = r.getInt(3);
    String hop = r.getString(5);
    String sender = r.getString(6);
    return !BatchState.isKnown(state) || hop == null || sender == null
        ? null
        : new DueBatch(
            key(r), BatchState.of(state), Instant.ofEpochMilli(r.getLong(4)), hop, sender);
  }

  private static BatchKey key(ResultSet r) throws SQLException {
    return new BatchKey(QueueId.of(r.getLong(1)), r.getLong(2));
  }

  @Nullable Instant nextDue(Instant after) throws SQLException {
    nextDue.setLong(1, after.toEpochMilli());
    try (ResultSet r = nextDue.executeQuery()) {
      return r.next() ? Instant.ofEpochMilli(r.getLong(1)) : null;
    }
  }

  Optional<RecipientBatch> batch(BatchKey key) throws SQLException, SpoolException {
    batch.setLong(1, key.message().number());
    batch.setLong(2, key.number());
    try (ResultSet r = batch.executeQuery()) {
      if (!r.next()) {
        return Optional.empty();
      }
      RecipientBatch found = batch(r);
      if (found == null) {
        throw new SpoolException(Kind.DAMAGED, "the record of the recipients is damaged");
      }
      return Optional.of(found);
    }
  }

  /** Null when the record is not what was written. */
  private static @Nullable RecipientBatch batch(ResultSet r) throws SQLException {
    BatchKey key = key(r);
    int state = r.getInt(3);
    long time = r.getLong(4);
    Instant due = r.wasNull() ? null : Instant.ofEpochMilli(time);
    byte[] recipients = r.getBytes(9);
    String hop = r.getString(5);
    String sender = r.getString(6);
    String reason = r.getString(7);
    if (recipients == null || SpoolWriter.sum(recipients) != r.getInt(8)) {
      return null;
    }
    if (!BatchState.isKnown(state) || hop == null || sender == null || reason == null) {
      return null;
    }
    BatchState known = BatchState.of(state);
    if (known.isTimed() != (due != null)) {
      return null;
    }
    return new RecipientBatch(key, known, due, hop, sender, reason, recipients);
  }

  Optional<StoredMessage> message(QueueId id) throws SQLException, SpoolException {
    message.setLong(1, id.number());
    try (ResultSet r = message.executeQuery()) {
      if (!r.next()) {
        return Optional.empty();
      }
      byte[] envelope = r.getBytes(4);
      if (envelope == null || SpoolWriter.sum(envelope) != r.getInt(3)) {
        throw new SpoolException(Kind.DAMAGED, "the record of the envelope is damaged");
      }
      return Optional.of(
          new StoredMessage(id, Instant.ofEpochMilli(r.getLong(1)), r.getLong(2), envelope));
    }
  }

  /**
   * A stored content.
   *
   * @param inline the content, or null when it is in a file
   */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  record StoredContentRow(long size, int sum, byte @Nullable [] inline) {}

  Optional<StoredContentRow> content(QueueId id) throws SQLException, SpoolException {
    content.setLong(1, id.number());
    try (ResultSet r = content.executeQuery()) {
      if (!r.next()) {
        return Optional.empty();
      }
      long size = r.getLong(1);
      int sum = r.getInt(2);
      if (r.getInt(3) != 0) {
        return Optional.of(new StoredContentRow(size, sum, null));
      }
      byte[] bytes = r.getBytes(4);
      byte[] inline = bytes == null ? new byte[0] : bytes;
      if (inline.length != size || SpoolWriter.sum(inline) != sum) {
        throw new SpoolException(Kind.DAMAGED, "the content is damaged");
      }
      return Optional.of(new StoredContentRow(size, sum, inline));
    }
  }

  /** What is known of a message that has a file. */
  BodyFiles.Claim claim(QueueId id) throws SQLException {
    try (PreparedStatement s =
        connection.prepareStatement(
            "SELECT EXISTS (SELECT 1 FROM message WHERE id = ?1),"
                + " EXISTS (SELECT 1 FROM gone WHERE id = ?1)")) {
      s.setLong(1, id.number());
      try (ResultSet r = s.executeQuery()) {
        r.next();
        return r.getInt(1) != 0
            ? BodyFiles.Claim.QUEUED
            : r.getInt(2) != 0 ? BodyFiles.Claim.DONE : BodyFiles.Claim.NONE;
      }
    }
  }

  /** Messages that have no recipients left and are not set aside. */
  long withoutRecipients() throws SQLException {
    try (PreparedStatement s =
            connection.prepareStatement(
                "SELECT count(*) FROM message WHERE id NOT IN (SELECT message FROM share)"
                    + " AND id NOT IN (SELECT message FROM aside)");
        ResultSet r = s.executeQuery()) {
      return r.next() ? r.getLong(1) : 0;
    }
  }

  /** Pages that hold nothing. */
  long freePages() throws SQLException {
    try (PreparedStatement s = connection.prepareStatement("PRAGMA freelist_count");
        ResultSet r = s.executeQuery()) {
      return r.next() ? r.getLong(1) : 0;
    }
  }

  List<BatchCount> counts() throws SQLException {
    List<BatchCount> counts = new ArrayList<>();
    try (PreparedStatement s =
            connection.prepareStatement(
                "SELECT state, reason, count(*), min(message) FROM share WHERE state <> 0"
                    + " GROUP BY state, reason");
        ResultSet r = s.executeQuery()) {
      while (r.next()) {
        int state = r.getInt(1);
        String reason = r.getString(2);
        // A damaged row is counted nowhere; a look that meets it sets it aside.
        if (BatchState.isKnown(state) && reason != null) {
          counts.add(
              new BatchCount(
                  BatchState.of(state), reason, r.getLong(3), QueueId.timeOf(r.getLong(4))));
        }
      }
    }
    return counts;
  }

  long heldBytes() throws SQLException {
    try (PreparedStatement s =
        connection.prepareStatement(
            "SELECT total(size) FROM message WHERE id IN"
                + " (SELECT message FROM share WHERE state = ?)")) {
      s.setInt(1, BatchState.HELD.code());
      try (ResultSet r = s.executeQuery()) {
        r.next();
        return (long) r.getDouble(1);
      }
    }
  }

  List<RecipientBatch> list(
      BatchFilter filter, @Nullable BatchKey after, int limit, Consumer<BatchKey> damaged)
      throws SQLException {
    StringBuilder sql =
        new StringBuilder("SELECT " + COLUMNS + " FROM share WHERE (message, number) > (?, ?)");
    List<Object> values = new ArrayList<>();
    values.add(after == null ? -1L : after.message().number());
    values.add(after == null ? -1L : after.number());
    filter
        .message()
        .ifPresent(
            id -> {
              sql.append(" AND message = ?");
              values.add(id.numberIfAny().orElse(-1));
            });
    filter
        .state()
        .ifPresent(
            state -> {
              sql.append(" AND state = ?");
              values.add(state.code());
            });
    filter
        .reason()
        .ifPresent(
            reason -> {
              sql.append(" AND reason = ?");
              values.add(reason);
            });
    filter
        .sender()
        .ifPresent(
            sender -> {
              sql.append(" AND lower(sender) = ?");
              values.add(sender.toLowerCase(Locale.ROOT));
            });
    filter
        .contains()
        .ifPresent(
            text -> {
              sql.append(" AND instr(recipients, CAST(? AS BLOB)) > 0");
              values.add(text);
            });
    sql.append(" ORDER BY message, number LIMIT ?");
    values.add(limit);
    List<RecipientBatch> page = new ArrayList<>();
    try (PreparedStatement s = connection.prepareStatement(sql.toString())) {
      for (int i = 0; i < values.size(); i++) {
        s.setObject(i + 1, values.get(i));
      }
      try (ResultSet r = s.executeQuery()) {
        while (r.next()) {
          RecipientBatch found = batch(r);
          if (found == null) {
            damaged.accept(key(r));
          } else {
            page.add(found);
          }
        }
      }
    }
    return page;
  }

  List<StoredTraceEntry> trace(QueueId id, int limit) throws SQLException {
    List<StoredTraceEntry> found = new ArrayList<>();
    try (PreparedStatement s =
        connection.prepareStatement(
            "SELECT number, at, facts FROM journey WHERE message = ? ORDER BY number LIMIT ?")) {
      s.setLong(1, id.numberIfAny().orElse(-1));
      s.setInt(2, limit);
      try (ResultSet r = s.executeQuery()) {
        while (r.next()) {
          found.add(
              new StoredTraceEntry(
                  id, r.getLong(1), Instant.ofEpochMilli(r.getLong(2)), r.getBytes(3)));
        }
      }
    }
    return found;
  }

  /** The message of the trace entry so many before the newest, or empty when there are fewer. */
  Optional<QueueId> oldestTrace(int keep) throws SQLException {
    try (PreparedStatement s =
        connection.prepareStatement(
            "SELECT message FROM journey ORDER BY message DESC LIMIT 1 OFFSET ?")) {
      s.setInt(1, keep);
      try (ResultSet r = s.executeQuery()) {
        return r.next() ? Optional.of(QueueId.of(r.getLong(1))) : Optional.empty();
      }
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // A reader has nothing to lose.
    }
  }
}
