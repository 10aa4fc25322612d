package org.sealwax.router.spool;

import java.io.Closeable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A connection with its statements, which are kept prepared. Used by one thread at a time. */
final class Statements implements Closeable {
  private final Connection connection;
  private final Map<String, PreparedStatement> prepared = new HashMap<>();

  Statements(Connection connection) {
    this.connection = connection;
  }

  /** Makes a value of the row at which the result stands. */
  @FunctionalInterface
  interface RowMapper<T> {
    /** Makes it. */
    T map(ResultSet row) throws SQLException, SpoolException;
  }

  /** A statement with its values, in order. */
  PreparedStatement bind(String sql, @Nullable Object... values) throws SQLException {
    PreparedStatement statement = prepared.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      prepared.put(sql, statement);
    }
    return bind(statement, values);
  }

  static PreparedStatement bind(PreparedStatement statement, @Nullable Object... values)
      throws SQLException {
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
  }

  /** Runs a statement; the number of rows that it changed. */
  int update(String sql, @Nullable Object... values) throws SQLException {
    return bind(sql, values).executeUpdate();
  }

  /** All rows of a query. */
  <T> List<T> all(String sql, RowMapper<T> mapper, Object... values)
      throws SQLException, SpoolException {
    List<T> found = new ArrayList<>();
    try (ResultSet r = bind(sql, values).executeQuery()) {
      while (r.next()) {
        found.add(mapper.map(r));
      }
    }
    return found;
  }

  /** The first row of a query, or empty. */
  <T> Optional<T> first(String sql, RowMapper<T> mapper, Object... values)
      throws SQLException, SpoolException {
    try (ResultSet r = bind(sql, values).executeQuery()) {
      return r.next() ? Optional.of(mapper.map(r)) : Optional.empty();
    }
  }

  /** The number that a query finds, 0 when it finds none. */
  long number(String sql, Object... values) throws SQLException {
    try (ResultSet r = bind(sql, values).executeQuery()) {
      return r.next() ? r.getLong(1) : 0;
    }
  }

  /** Runs a pragma, of which the engine does a part when it is prepared; its first number. */
  long pragma(String text) throws SQLException {
    return pragma(connection, text, 1);
  }

  /** Runs a pragma that the engine goes through step by step, and that has no result. */
  void pragmaToItsEnd(String text) throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.executeUpdate("PRAGMA " + text);
    }
  }

  private static long pragma(Connection connection, String text, int column) throws SQLException {
    try (Statement s = connection.createStatement()) {
      if (!s.execute("PRAGMA " + text)) {
        return 0;
      }
      try (ResultSet r = s.getResultSet()) {
        return r.next() ? r.getLong(column) : 0;
      }
    }
  }

  /** Copies pages of the log into the database, as the mode says; returns the pages in the log. */
  long checkpoint(String mode) throws SQLException {
    return checkpoint(connection, mode);
  }

  static long checkpoint(Connection connection, String mode) throws SQLException {
    return pragma(connection, "wal_checkpoint(" + mode + ")", 2);
  }

  /** A time as it is stored. */
  static @Nullable Long millis(@Nullable Instant time) {
    return time == null ? null : time.toEpochMilli();
  }

  /** The checksum that guards a record or a content. */
  static int sum(byte[] bytes) {
    CRC32C sum = new CRC32C();
    sum.update(bytes, 0, bytes.length);
    return (int) sum.getValue();
  }

  @Override
  public void close() {
    close(connection);
  }

  /** Closes a connection that is given up: what was committed is in the log on disk. */
  static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // There is nothing to lose.
    }
  }
}
