package org.sealwax.router.spool;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.sealwax.router.spool.SpoolException.Kind;

/** The format on disk and the way from each version to the next. */
final class SpoolSchema {
  private SpoolSchema() {}

  /** Marks the file as a spool ("SeWx"), so that no other database is taken for one. */
  static final int APPLICATION = 0x53655778;

  /**
   * Statements from version n (the index) to n + 1. Never changed once released; only appended.
   *
   * <p>Content is the last column of its row, so that reading an envelope reads none of it. The
   * indexes leave FRESH batches out: mail that is delivered at once costs no index writes.
   */
  private static final List<List<String>> STEPS =
      List.of(
          List.of(
              "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID",
              "CREATE TABLE message(id INTEGER PRIMARY KEY, arrived INTEGER NOT NULL,"
                  + " size INTEGER NOT NULL, envelope_sum INTEGER NOT NULL,"
                  + " content_sum INTEGER NOT NULL, in_file INTEGER NOT NULL,"
                  + " envelope BLOB NOT NULL, content BLOB)",
              "CREATE TABLE share(message INTEGER NOT NULL, number INTEGER NOT NULL,"
                  + " state INTEGER NOT NULL, due INTEGER, hop TEXT NOT NULL,"
                  + " sender TEXT NOT NULL, reason TEXT NOT NULL, sum INTEGER NOT NULL,"
                  + " recipients BLOB NOT NULL, PRIMARY KEY(message, number)) WITHOUT ROWID",
              "CREATE INDEX share_due ON share(due) WHERE due IS NOT NULL",
              "CREATE INDEX share_queued ON share(hop, due) WHERE state = 1",
              "CREATE INDEX share_reason ON share(state, reason) WHERE state <> 0",
              "CREATE TABLE journey(message INTEGER NOT NULL, number INTEGER NOT NULL,"
                  + " at INTEGER NOT NULL, facts BLOB NOT NULL,"
                  + " PRIMARY KEY(message, number)) WITHOUT ROWID",
              "CREATE TABLE aside(id INTEGER PRIMARY KEY, message INTEGER NOT NULL,"
                  + " number INTEGER, at INTEGER NOT NULL, why TEXT NOT NULL, record BLOB)",
              "INSERT INTO meta VALUES('fresh_from', 0)",
              "INSERT INTO meta VALUES('syncs', 0)"),
          // Messages whose last batch is gone and whose content's file is not yet removed: only a
          // file that is named here may be deleted at a start.
          List.of("CREATE TABLE gone(id INTEGER PRIMARY KEY)"));

  /** Brings the database to our version, or refuses one that is newer or not a spool. */
  static void upgrade(Connection connection) throws SQLException, SpoolException {
    upgrade(connection, STEPS);
  }

  static void upgrade(Connection connection, List<List<String>> steps)
      throws SQLException, SpoolException {
    try (Statement s = connection.createStatement()) {
      int found = number(s, "PRAGMA user_version");
      int application = number(s, "PRAGMA application_id");
      if (found > 0 && application != APPLICATION || found == 0 && application != 0) {
        if (hasTables(s)) {
          throw new SpoolException(Kind.DAMAGED, "the header of the spool's database is damaged");
        }
        throw new SpoolException(Kind.FORMAT, "the database in the spool's folder is no spool");
      }
      if (found > steps.size()) {
        throw new SpoolException(
            Kind.FORMAT,
            "the spool has format "
                + found
                + ", and this program knows formats up to "
                + steps.size()
                + ": run the newer program, or drain the spool with it first");
      }
      for (int version = found; version < steps.size(); version++) {
        s.execute("BEGIN IMMEDIATE");
        for (String sql : steps.get(version)) {
          s.execute(sql);
        }
        s.execute("PRAGMA application_id = " + APPLICATION);
        s.execute("PRAGMA user_version = " + (version + 1));
        s.execute("COMMIT");
      }
    }
  }

  /** Whether the tables of a spool are there, whatever the header says. */
  static boolean hasTables(Statement s) throws SQLException {
    return number(
            s,
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                + " AND name IN ('message', 'share', 'journey', 'aside')")
        == 4;
  }

  private static int number(Statement s, String sql) throws SQLException {
    try (ResultSet r = s.executeQuery(sql)) {
      return r.next() ? r.getInt(1) : 0;
    }
  }
}
