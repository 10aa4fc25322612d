package org.sealwax.router.spool;

import java.io.Closeable;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFailure;
import org.sealwax.router.store.Statements;

/**
 * One check of the whole database in each run, before any page of its file is overwritten.
 *
 * <p>A database that was damaged unnoticed (a flipped bit, a file cut or mixed with one from
 * another time) can look whole for a long time. A page of the free list that is in use, or a log
 * that belongs to another file, then makes the engine overwrite mail at the next checkpoint. Until
 * the check has passed, nothing is copied from the log into the database: as long as this
 * connection is open, not even by the last writer's close.
 */
final class IntegrityCheck implements Closeable {
  /** Structure of all tables; then the index entries of the table by which mail is found. */
  private static final List<String> CHECKS =
      List.of("PRAGMA quick_check(1)", "PRAGMA integrity_check(share)");

  private static final int CACHE_KIB = 2048;

  private final Connection connection;
  private final boolean isSpool;

  /**
   * Opens the database for the check.
   *
   * @throws SQLException also when not even its list of tables can be read
   */
  IntegrityCheck(Path database) throws SQLException {
    this.connection = Sqlite.readOnlyUntouched(database, CACHE_KIB);
    try (Statement s = connection.createStatement()) {
      this.isSpool = SpoolFormat.SPOOL.hasTables(s);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  /** Whether the tables of a spool are there. */
  boolean isSpool() {
    return isSpool;
  }

  /**
   * Checks; takes as long as reading the database. Empty when it is whole, else what was found.
   *
   * @throws SQLException when that is not known
   */
  Optional<String> run() throws SQLException {
    try (Statement s = connection.createStatement()) {
      for (String check : CHECKS) {
        try (ResultSet r = s.executeQuery(check)) {
          String found = r.next() ? String.valueOf(r.getString(1)) : "no answer";
          if (!found.equals("ok")) {
            return Optional.of(found);
          }
        }
      }
      return Optional.empty();
    } catch (SQLException e) {
      if (SqliteFailure.isUnreadable(e)) {
        return Optional.of(FailureText.of(e));
      }
      throw e;
    }
  }

  @Override
  public void close() {
    Statements.close(connection);
  }
}
