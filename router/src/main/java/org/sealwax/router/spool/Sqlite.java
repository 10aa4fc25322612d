package org.sealwax.router.spool;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;
import org.sqlite.SQLiteOpenMode;

/** Opens connections to the embedded engine and gives its errors a meaning. */
final class Sqlite {
  /**
   * Measured: with 8 KiB a 10 KiB mail costs a third less than with 4 KiB, with 16 KiB no less than
   * with 8 KiB, and small rows waste less of it.
   */
  static final int PAGE = 8192;

  /** Wait for another connection's short lock, in milliseconds. */
  static final int BUSY = 10_000;

  private Sqlite() {}

  /** Generated keys are not used; looking for them costs a statement after each insert. */
  private static Properties quietly() {
    Properties properties = new Properties();
    properties.setProperty("jdbc.get_generated_keys", "false");
    return properties;
  }

  private static Connection open(Path database, SQLiteOpenMode... modes) throws SQLException {
    int flags = 0;
    for (SQLiteOpenMode mode : modes) {
      flags |= mode.flag;
    }
    Properties properties = quietly();
    properties.setProperty(SQLiteConfig.Pragma.OPEN_MODE.getPragmaName(), String.valueOf(flags));
    return JDBC.createConnection(JDBC.PREFIX + database, properties);
  }

  /** Makes a database that is not there yet, in the form of a spool's. */
  static Connection create(Path database, int cacheKib) throws SQLException {
    return writing(open(database, SQLiteOpenMode.READWRITE, SQLiteOpenMode.CREATE), cacheKib);
  }

  /** A connection that may write to a database that exists: one that is missing is never made. */
  static Connection writer(Path database, int cacheKib) throws SQLException {
    return writing(open(database, SQLiteOpenMode.READWRITE), cacheKib);
  }

  /**
   * A connection that copies the log into the database and does nothing else; settings that matter
   * only for writing or reading rows keep their defaults.
   */
  static Connection copier(Path database, int cacheKib) throws SQLException {
    Connection connection = open(database, SQLiteOpenMode.READWRITE);
    try (Statement s = connection.createStatement()) {
      s.execute("PRAGMA busy_timeout = " + BUSY);
      // The log is begun again only after the pages are on the disk.
      s.execute("PRAGMA synchronous = FULL");
      s.execute("PRAGMA cache_size = -" + cacheKib);
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  private static Connection writing(Connection connection, int cacheKib) throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.execute("PRAGMA busy_timeout = " + BUSY);
      // Both before the first table; without effect later.
      s.execute("PRAGMA page_size = " + PAGE);
      s.execute("PRAGMA auto_vacuum = INCREMENTAL");
      s.execute("PRAGMA journal_mode = WAL");
      s.execute("PRAGMA synchronous = FULL");
      // Checkpoints are started explicitly, so that no commit waits for one.
      s.execute("PRAGMA wal_autocheckpoint = 0");
      // A log that once grew long does not keep its space on the disk.
      s.execute("PRAGMA journal_size_limit = " + (64 << 20));
      s.execute("PRAGMA cache_size = -" + cacheKib);
      s.execute("PRAGMA temp_store = MEMORY");
      // Mail that was deleted need not be shredded in the database file; it was unencrypted on
      // disk.
      s.execute("PRAGMA secure_delete = OFF");
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** A connection that only reads. */
  static Connection reader(Path database, int cacheKib) throws SQLException {
    return reading(open(database, SQLiteOpenMode.READWRITE), cacheKib);
  }

  /**
   * A connection that cannot write: also when it is closed, the log is not copied into the
   * database, and as long as it is open no other connection's close does so.
   */
  static Connection readOnlyUntouched(Path database, int cacheKib) throws SQLException {
    return reading(open(database, SQLiteOpenMode.READONLY), cacheKib);
  }

  private static Connection reading(Connection connection, int cacheKib) throws SQLException {
    try (Statement s = connection.createStatement()) {
      s.execute("PRAGMA busy_timeout = " + BUSY);
      s.execute("PRAGMA query_only = ON");
      s.execute("PRAGMA cache_size = -" + cacheKib);
      s.execute("PRAGMA temp_store = MEMORY");
      return connection;
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** What an error means for the whole store; DAMAGED is the file, not one record. */
  static Kind kind(SQLException e) {
    return switch (primary(e)) {
      case FULL -> Kind.FULL;
      case CORRUPT, NOTADB -> Kind.DAMAGED;
      case IO, OURS -> Kind.BROKEN;
    };
  }

  /**
   * Whether the engine could not read what is on the disk, as opposed to a temporary failure
   * (memory, descriptors, locks, space).
   */
  static boolean isUnreadable(SQLException e) {
    if (!(e instanceof SQLiteException engine)) {
      return false;
    }
    SQLiteErrorCode code = engine.getResultCode();
    return kind(e) == Kind.DAMAGED
        || code == SQLiteErrorCode.SQLITE_IOERR_READ
        || code == SQLiteErrorCode.SQLITE_IOERR_SHORT_READ
        || code == SQLiteErrorCode.SQLITE_IOERR_CORRUPTFS
        || !isEngineFailure(e);
  }

  /** Whether the engine itself failed, and not one of our statements. */
  static boolean isEngineFailure(SQLException e) {
    return primary(e) != Primary.OURS;
  }

  private enum Primary {
    FULL,
    CORRUPT,
    NOTADB,
    IO,
    OURS
  }

  private static Primary primary(SQLException e) {
    if (!(e instanceof SQLiteException engine)) {
      return Primary.IO;
    }
    int code = engine.getResultCode().code & 0xff;
    if (code == SQLiteErrorCode.SQLITE_FULL.code) {
      return Primary.FULL;
    }
    if (code == SQLiteErrorCode.SQLITE_CORRUPT.code) {
      return Primary.CORRUPT;
    }
    if (code == SQLiteErrorCode.SQLITE_NOTADB.code) {
      return Primary.NOTADB;
    }
    boolean local =
        code == SQLiteErrorCode.SQLITE_CONSTRAINT.code
            || code == SQLiteErrorCode.SQLITE_ERROR.code
            || code == SQLiteErrorCode.SQLITE_MISMATCH.code
            || code == SQLiteErrorCode.SQLITE_TOOBIG.code
            || code == SQLiteErrorCode.SQLITE_RANGE.code
            || code == SQLiteErrorCode.SQLITE_MISUSE.code;
    return local ? Primary.OURS : Primary.IO;
  }

  static SpoolException failure(String what, SQLException e) {
    return new SpoolException(kind(e), what + ": " + e.getMessage(), e);
  }
}
