package org.sealwax.router.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteOpenMode;

/** Opens connections to the databases of the state folder. Cache sizes are in KiB. */
public final class Sqlite {
  /** Wait for another connection's short lock, in milliseconds. */
  public static final int BUSY = 10_000;

  private static final String WAIT = "busy_timeout = " + BUSY;

  private Sqlite() {}

  /**
   * A connection that may write to a database; makes the database when it is missing.
   *
   * @throws StoreFormatException when the database is newer than this program or no such store
   */
  public static Connection create(Path database, SqliteFormat format, int cacheKib)
      throws SQLException, IOException {
    // SQLite's other files take after its permissions.
    StateFiles.makeFile(database);
    return writer(database, format, cacheKib);
  }

  /**
   * A connection that may write to a database that exists: one that is missing is never made. The
   * database is of the newest version when this returns.
   *
   * @throws StoreFormatException when the database is newer than this program or no such store
   */
  public static Connection writer(Path database, SqliteFormat format, int cacheKib)
      throws SQLException, StoreFormatException {
    Connection connection = open(database, SQLiteOpenMode.READWRITE);
    try {
      apply(connection, List.of(WAIT, "cache_size = -" + cacheKib, "temp_store = MEMORY"));
      int version = format.version(connection);
      apply(connection, format.pragmas());
      format.migrate(connection, version);
      return connection;
    } catch (SQLException | StoreFormatException | RuntimeException | Error e) {
      // A migration that is left open would lock the database.
      connection.close();
      throw e;
    }
  }

  /** A connection that only reads. */
  public static Connection reader(Path database, int cacheKib) throws SQLException {
    return reading(open(database, SQLiteOpenMode.READWRITE), cacheKib);
  }

  /**
   * A connection that cannot write: also when it is closed, the log is not copied into the
   * database, and as long as it is open no other connection's close does so.
   */
  public static Connection readOnlyUntouched(Path database, int cacheKib) throws SQLException {
    return reading(open(database, SQLiteOpenMode.READONLY), cacheKib);
  }

  /**
   * A connection that copies the log into the database and does nothing else; settings that matter
   * only for writing or reading rows keep their defaults.
   */
  public static Connection copier(Path database, int cacheKib) throws SQLException {
    // The log is begun again only after the pages are on the disk.
    return with(
        open(database, SQLiteOpenMode.READWRITE),
        List.of(WAIT, "synchronous = FULL", "cache_size = -" + cacheKib));
  }

  /**
   * Copies a database that may be in use, as of one moment, into a file that does not exist; the
   * copy is one file without a log, and on stable storage on return.
   */
  public static void copy(Path database, Path copy) throws SQLException, IOException {
    try (Connection connection = reader(database, 1024);
        PreparedStatement vacuum = connection.prepareStatement("VACUUM INTO ?")) {
      // Writes a file of its own, nothing in the database.
      apply(connection, List.of("query_only = OFF"));
      vacuum.setString(1, copy.toString());
      vacuum.execute();
    }
    StateFiles.sync(copy);
  }

  private static Connection reading(Connection connection, int cacheKib) throws SQLException {
    return with(
        connection,
        List.of(WAIT, "query_only = ON", "cache_size = -" + cacheKib, "temp_store = MEMORY"));
  }

  private static Connection open(Path database, SQLiteOpenMode mode) throws SQLException {
    if (Files.exists(database) && !Files.isRegularFile(database)) {
      throw new SQLException(database + ": not a regular file");
    }
    Properties properties = new Properties();
    // They are not used; looking for them costs a statement after each insert.
    properties.setProperty("jdbc.get_generated_keys", "false");
    properties.setProperty(
        SQLiteConfig.Pragma.OPEN_MODE.getPragmaName(), String.valueOf(mode.flag));
    return JDBC.createConnection(JDBC.PREFIX + database, properties);
  }

  private static Connection with(Connection connection, List<String> pragmas) throws SQLException {
    try {
      apply(connection, pragmas);
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  private static void apply(Connection connection, List<String> pragmas) throws SQLException {
    try (Statement s = connection.createStatement()) {
      for (String pragma : pragmas) {
        s.execute("PRAGMA " + pragma);
      }
    }
  }
}
