package org.sealwax.router.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The format of one kind of database and the way from each version to the next.
 *
 * @param name of the store, in errors: "spool"
 * @param applicationId marks the file, so that no other database is taken for one of this kind
 * @param pragmas of a connection that writes, such as {@code synchronous = FULL}; those that must
 *     come before the first table are first
 * @param tables names of tables that every version has: they distinguish a damaged header from a
 *     foreign database
 * @param migrations from version n (the index) to n + 1. Never changed once released; only appended
 */
public record SqliteFormat(
    String name,
    int applicationId,
    List<String> pragmas,
    List<String> tables,
    List<Migration> migrations) {
  /** The way from one version to the next, inside a transaction. */
  public interface Migration {
    /** Changes the tables; a failure leaves the former version. */
    void apply(Statement statement) throws SQLException;

    /** The migration that runs these statements in order. */
    static Migration of(String... sql) {
      return statement -> {
        for (String one : sql) {
          statement.execute(one);
        }
      };
    }
  }

  /**
   * The version of the database, 0 when it is new; changes nothing.
   *
   * @throws StoreFormatException when it is newer, not of this kind, or its header is damaged
   */
  int version(Connection connection) throws SQLException, StoreFormatException {
    try (Statement s = connection.createStatement()) {
      int found = number(s, "PRAGMA user_version");
      int application = number(s, "PRAGMA application_id");
      if (found > 0 && application != applicationId || found == 0 && application != 0) {
        boolean damaged = hasTables(s);
        throw new StoreFormatException(
            damaged
                ? "the header of the " + name + "'s database is damaged"
                : "the database in the place of the " + name + "'s is no " + name,
            damaged);
      }
      if (found > migrations.size()) {
        throw new StoreFormatException(
            "the "
                + name
                + " has format "
                + found
                + ", but this program supports formats up to "
                + migrations.size()
                + ": run the newer version",
            false);
      }
      return found;
    }
  }

  /** Brings the database from a version to the newest one. */
  void migrate(Connection connection, int from) throws SQLException {
    try (Statement s = connection.createStatement()) {
      for (int version = from; version < migrations.size(); version++) {
        s.execute("BEGIN IMMEDIATE");
        migrations.get(version).apply(s);
        s.execute("PRAGMA application_id = " + applicationId);
        s.execute("PRAGMA user_version = " + (version + 1));
        s.execute("COMMIT");
      }
    }
  }

  /** Whether the tables of this kind are there, whatever the header contains. */
  public boolean hasTables(Statement s) throws SQLException {
    return !tables.isEmpty()
        && number(
                s,
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('"
                    + String.join("', '", tables)
                    + "')")
            == tables.size();
  }

  private static int number(Statement s, String sql) throws SQLException {
    try (ResultSet r = s.executeQuery(sql)) {
      return r.next() ? r.getInt(1) : 0;
    }
  }
}
