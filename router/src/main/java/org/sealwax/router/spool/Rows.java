package org.sealwax.router.spool;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Statements with their values, and rows as values: what the writer and the readers share. */
final class Rows {
  private Rows() {}

  /** Makes a value of the row at which the result stands. */
  @FunctionalInterface
  interface RowMapper<T> {
    /** Makes it. */
    T map(ResultSet row) throws SQLException, SpoolException;
  }

  /** Binds all values of a statement, in order. */
  static PreparedStatement bind(PreparedStatement statement, @Nullable Object... values)
      throws SQLException {
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
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

  /** Runs a statement that is rare; the number of rows that it changed. */
  static int update(Connection connection, String sql, @Nullable Object... values)
      throws SQLException {
    try (PreparedStatement s = connection.prepareStatement(sql)) {
      return bind(s, values).executeUpdate();
    }
  }

  /** The number that a rare query finds, 0 when it finds none. */
  static long number(Connection connection, String sql, Object... values) throws SQLException {
    try (PreparedStatement s = connection.prepareStatement(sql);
        ResultSet r = bind(s, values).executeQuery()) {
      return r.next() ? r.getLong(1) : 0;
    }
  }

  /** All rows of a query. */
  static <T> List<T> all(PreparedStatement query, RowMapper<T> mapper)
      throws SQLException, SpoolException {
    List<T> found = new ArrayList<>();
    try (ResultSet r = query.executeQuery()) {
      while (r.next()) {
        found.add(mapper.map(r));
      }
    }
    return found;
  }

  /** The first row of a query, or empty. */
  static <T> Optional<T> first(PreparedStatement query, RowMapper<T> mapper)
      throws SQLException, SpoolException {
    try (ResultSet r = query.executeQuery()) {
      return r.next() ? Optional.of(mapper.map(r)) : Optional.empty();
    }
  }
}
