package org.sealwax.router.spool;

import java.io.Closeable;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.RecordCodec;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.Statements;

/** A connection that reads, with its statements kept prepared. Used by one thread at a time. */
final class SpoolReader implements Closeable {
  private static final int CACHE_KIB = 1024;

  private static final String COLUMNS =
      "message, number, state, due, hop, sender, reason, sum, recipients";

  private static final String DUE = "SELECT message, number, state, due, hop, sender FROM share";

  private final Statements db;
  private final int generation;

  /** Opens the database that is in place in this generation. */
  SpoolReader(Path database, int generation) throws SQLException {
    this.generation = generation;
    this.db = new Statements(Sqlite.reader(database, CACHE_KIB));
  }

  int generation() {
    return generation;
  }

  /** The stored key of a row, which is perhaps not the key of a batch. */
  record RowKey(long message, long number) {}

  /**
   * The rows that a query found.
   *
   * @param damaged rows that cannot be read, or whose columns are not what a batch has
   */
  record DueRows(List<DueBatch> batches, List<RowKey> damaged) {}

  DueRows due(Instant until, int limit) throws SQLException {
    return dueBatches(
        DUE + " WHERE due IS NOT NULL AND due <= ? ORDER BY due LIMIT ?",
        until.toEpochMilli(),
        limit);
  }

  DueRows queuedFor(String hop, int limit) throws SQLException {
    return dueBatches(DUE + " WHERE state = 1 AND hop = ? ORDER BY due LIMIT ?", hop, limit);
  }

  private DueRows dueBatches(String sql, Object... values) throws SQLException {
    DueRows found = new DueRows(new ArrayList<>(), new ArrayList<>(0));
    try (ResultSet r = db.bind(sql, values).executeQuery()) {
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
          found.damaged().add(key);
        } else {
          found.batches().add(batch);
        }
      }
    }
    return found;
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

  Optional<Instant> nextDue(Instant after) throws SQLException, SpoolException {
    return db.first(
        "SELECT due FROM share WHERE due IS NOT NULL AND due > ? ORDER BY due LIMIT 1",
        r -> Instant.ofEpochMilli(r.getLong(1)),
        after.toEpochMilli());
  }

  Optional<RecipientBatch> batch(BatchKey key) throws SQLException, SpoolException {
    return db.first(
        "SELECT " + COLUMNS + " FROM share WHERE message = ? AND number = ?",
        r -> whole(batch(r), "the record of the recipients"),
        key.message().number(),
        key.number());
  }

  private static <T> T whole(@Nullable T record, String what) throws SpoolException {
    if (record == null) {
      throw new SpoolException(Kind.DAMAGED, what + " is damaged");
    }
    return record;
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
    if (recipients == null || RecordCodec.checksum(recipients) != r.getInt(8)) {
      return null;
    }
    if (!BatchState.isKnown(state) || hop == null || sender == null || reason == null) {
      return null;
    }
    BatchState known = BatchState.of(state);
    return known.isTimed() != (due != null)
        ? null
        : new RecipientBatch(key, known, due, hop, sender, reason, recipients);
  }

  Optional<StoredMessage> message(QueueId id) throws SQLException, SpoolException {
    return db.first(
        "SELECT arrived, size, envelope_sum, envelope FROM message WHERE id = ?",
        r -> {
          byte[] envelope = guarded(r.getBytes(4), r.getInt(3), "the record of the envelope");
          return new StoredMessage(id, Instant.ofEpochMilli(r.getLong(1)), r.getLong(2), envelope);
        },
        id.number());
  }

  private static byte[] guarded(byte @Nullable [] record, int sum, String what)
      throws SpoolException {
    return whole(record == null || RecordCodec.checksum(record) != sum ? null : record, what);
  }

  /**
   * A stored content.
   *
   * @param inline the content, or null when it is in a file
   */
  @SuppressWarnings("ArrayRecordComponent") // read once, never compared
  record StoredContentRow(long size, int sum, byte @Nullable [] inline) {}

  Optional<StoredContentRow> content(QueueId id) throws SQLException, SpoolException {
    return db.first(
        "SELECT size, content_sum, in_file, content FROM message WHERE id = ?",
        r -> {
          long size = r.getLong(1);
          int sum = r.getInt(2);
          if (r.getInt(3) != 0) {
            return new StoredContentRow(size, sum, null);
          }
          byte[] bytes = r.getBytes(4);
          byte[] inline = guarded(bytes == null ? new byte[0] : bytes, sum, "the content");
          return new StoredContentRow(
              size, sum, whole(inline.length == size ? inline : null, "the content"));
        },
        id.number());
  }

  /** What is known of a message that has a file. */
  BodyFiles.Claim claim(QueueId id) throws SQLException {
    if (db.number("SELECT EXISTS (SELECT 1 FROM message WHERE id = ?)", id.number()) != 0) {
      return BodyFiles.Claim.QUEUED;
    }
    return db.number("SELECT EXISTS (SELECT 1 FROM gone WHERE id = ?)", id.number()) != 0
        ? BodyFiles.Claim.DONE
        : BodyFiles.Claim.NONE;
  }

  /** Messages that have no recipients left and are not set aside. */
  long withoutRecipients() throws SQLException {
    return db.number(
        "SELECT count(*) FROM message WHERE id NOT IN (SELECT message FROM share)"
            + " AND id NOT IN (SELECT message FROM aside)");
  }

  /** Pages that hold nothing. */
  long freePages() throws SQLException {
    return db.pragma("freelist_count");
  }

  List<BatchCount> counts() throws SQLException {
    List<BatchCount> counts = new ArrayList<>();
    String sql =
        "SELECT state, reason, count(*), min(message) FROM share WHERE "
            + SpoolFormat.WAITS
            + " GROUP BY state, reason";
    try (ResultSet r = db.bind(sql).executeQuery()) {
      while (r.next()) {
        int state = r.getInt(1);
        String reason = r.getString(2);
        // A damaged row is counted nowhere; a scan that meets it sets it aside.
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
    return db.number(
        "SELECT total(size) FROM message WHERE id IN"
            + " (SELECT message FROM share WHERE state = ?)",
        BatchState.HELD.code());
  }

  List<RecipientBatch> list(
      BatchFilter filter, @Nullable BatchKey after, int limit, Consumer<BatchKey> damaged)
      throws SQLException {
    StringBuilder where = new StringBuilder(" WHERE (message, number) > (?, ?) AND state <> 4");
    List<Object> values = new ArrayList<>();
    values.add(after == null ? -1L : after.message().number());
    values.add(after == null ? -1L : after.number());
    BiConsumer<String, Optional<?>> and =
        (condition, value) ->
            value.ifPresent(
                v -> {
                  where.append(" AND ").append(condition);
                  values.add(v);
                });
    and.accept("message = ?", filter.message().map(id -> id.numberIfAny().orElse(-1)));
    and.accept("state = ?", filter.state().map(BatchState::code));
    and.accept("reason = ?", filter.reason());
    and.accept("lower(sender) = ?", filter.sender().map(s -> s.toLowerCase(Locale.ROOT)));
    and.accept("instr(recipients, CAST(? AS BLOB)) > 0", filter.contains());
    values.add(limit);
    List<RecipientBatch> page = new ArrayList<>();
    String sql = "SELECT " + COLUMNS + " FROM share" + where + " ORDER BY message, number LIMIT ?";
    try (ResultSet r = db.bind(sql, values.toArray()).executeQuery()) {
      while (r.next()) {
        RecipientBatch found = batch(r);
        if (found == null) {
          damaged.accept(key(r));
        } else {
          page.add(found);
        }
      }
    }
    return page;
  }

  List<StoredTraceEntry> trace(QueueId id, int limit) throws SQLException, SpoolException {
    return db.all(
        "SELECT number, at, facts FROM journey WHERE message = ? ORDER BY number LIMIT ?",
        r ->
            new StoredTraceEntry(
                id, r.getLong(1), Instant.ofEpochMilli(r.getLong(2)), r.getBytes(3)),
        id.numberIfAny().orElse(-1),
        limit);
  }

  /** The message of the trace entry so many before the newest, or empty when there are fewer. */
  Optional<QueueId> oldestTrace(int keep) throws SQLException, SpoolException {
    return db.first(
        "SELECT message FROM journey ORDER BY message DESC LIMIT 1 OFFSET ?",
        r -> QueueId.of(r.getLong(1)),
        keep);
  }

  @Override
  public void close() {
    db.close();
  }
}
