package org.sealwax.router.store;

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
import org.jspecify.annotations.Nullable;

/**
 * A connection with its statements, which are kept prepared. Used by one thread at a time; {@link
 * #transaction} may come from any.
 */
public final class Statements implements Closeable {
  private final Connection connection;
  private final Map<String, PreparedStatement> prepared = new HashMap<>();

  /** Over a connection, which it owns from now on. */
  public Statements(Connection connection) {
    this.connection = connection;
  }

  /** Makes a value of the row at which the result stands. */
  @FunctionalInterface
  public interface RowMapper<T, E extends Exception> {
    /** Makes it. */
    T map(ResultSet row) throws SQLException, E;
  }

  /** When a transaction takes the lock for writing. */
  enum Begin {
    /** With its first change, if there is one. */
    DEFERRED,
    /** At once. */
    IMMEDIATE
  }

  /** What is done in one transaction. */
  @FunctionalInterface
  public interface Work<T> {
    /** Does it; after an exception nothing of it is done. */
    T in(Statements statements) throws SQLException;
  }

  /**
   * Does all of a work, or nothing.
   *
   * @param begin how: IMMEDIATE where it may write, so that it waits for the lock only once
   */
  synchronized <T> T transaction(Begin begin, Work<T> work) throws SQLException {
    update("BEGIN " + begin);
    try {
      T result = work.in(this);
      update("COMMIT");
      return result;
    } catch (SQLException | RuntimeException | Error e) {
      // Else every later transaction would fail as one inside this.
      try {
        update("ROLLBACK");
      } catch (SQLException over) {
        // A full disk has rolled it back already.
        e.addSuppressed(over);
      }
      throw e;
    }
  }

  /** A statement with its values, in order; a time is stored as milliseconds since 1970. */
  public PreparedStatement bind(String sql, @Nullable Object... values) throws SQLException {
    PreparedStatement statement = prepared.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      prepared.put(sql, statement);
    }
    return bind(statement, values);
  }

  /** Gives a statement its values, in order. */
  public static PreparedStatement bind(PreparedStatement statement, @Nullable Object... values)
      throws SQLException {
    for (int i = 0; i < values.length; i++) {
      statement.setObject(
          i + 1, values[i] instanceof Instant time ? Long.valueOf(time.toEpochMilli()) : values[i]);
    }
    return statement;
  }

  /** Runs a statement; the number of rows that it changed. */
  public int update(String sql, @Nullable Object... values) throws SQLException {
    return bind(sql, values).executeUpdate();
  }

  /** All rows of a query. */
  public <T, E extends Exception> List<T> all(
      String sql, RowMapper<T, E> mapper, @Nullable Object... values) throws SQLException, E {
    List<T> found = new ArrayList<>();
    try (ResultSet r = bind(sql, values).executeQuery()) {
      while (r.next()) {
        found.add(mapper.map(r));
      }
    }
    return found;
  }

  /** The first row of a query, or empty. */
  public <T, E extends Exception> Optional<T> first(
      String sql, RowMapper<T, E> mapper, @Nullable Object... values) throws SQLException, E {
    try (ResultSet r = bind(sql, values).executeQuery()) {
      return r.next() ? Optional.of(mapper.map(r)) : Optional.empty();
    }
  }

  /** The number that a query finds, 0 when it finds none. */
  public long number(String sql, Object... values) throws SQLException {
    try (ResultSet r = bind(sql, values).executeQuery()) {
      return r.next() ? r.getLong(1) : 0;
    }
  }

  /** Runs a pragma, of which the engine does a part when it is prepared; its first number. */
  public long pragma(String text) throws SQLException {
    return pragma(connection, text, 1);
  }

  /** Runs a pragma that the engine goes through step by step, and that has no result. */
  public void pragmaToItsEnd(String text) throws SQLException {
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

  /**
   * Copies pages of the log into the database, as the mode specifies; returns the pages in the log.
   */
  public long checkpoint(String mode) throws SQLException {
    return checkpoint(connection, mode);
  }

  /** The same on a connection of its own. */
  public static long checkpoint(Connection connection, String mode) throws SQLException {
    return pragma(connection, "wal_checkpoint(" + mode + ")", 2);
  }

  @Override
  public void close() {
    close(connection);
  }

  /** Closes a connection that is given up: what was committed is in the log on disk. */
  public static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // There is nothing to lose.
    }
  }
}
