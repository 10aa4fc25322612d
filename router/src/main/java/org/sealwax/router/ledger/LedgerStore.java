package org.sealwax.router.ledger;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFormat;

/**
 * The ledger on disk: one SQLite file (docs/adr/0047). A batch is one transaction, so a crash
 * leaves the state before it or after it; nothing is half a row. Thread-safe: one connection, used
 * by one thread at a time.
 */
final class LedgerStore implements Closeable {
  private static final SqliteFormat LEDGER =
      new SqliteFormat(
          "ledger",
          0x53654c65, // "SeLe"
          List.of(
              "journal_mode = WAL",
              // What is lost by a power failure is a second of observations; the file stays whole.
              "synchronous = NORMAL"),
          List.of("meta", "domain", "rung"),
          List.of(
              SqliteFormat.Migration.of(
                  "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
                  "CREATE TABLE domain(name TEXT PRIMARY KEY, level INTEGER NOT NULL,"
                      + " violated INTEGER NOT NULL, seen INTEGER NOT NULL, row BLOB NOT NULL)",
                  "CREATE INDEX domain_seen ON domain(level, seen)",
                  "CREATE INDEX domain_violated ON domain(name) WHERE violated = 1",
                  "CREATE TABLE rung(host TEXT PRIMARY KEY, memory BLOB NOT NULL)"
                      + " WITHOUT ROWID")));

  private final Path file;
  private final Connection connection;

  /** Its own connection, and its own lock: a read does not wait for a commit. */
  private final Connection reading;

  private final Object reader = new Object();
  private final PreparedStatement get;
  private final PreparedStatement put;
  private final PreparedStatement remove;

  /** A row as it lies in the file. */
  record StoredDomain(Domain domain, byte[] row) {}

  /**
   * Records that are written together.
   *
   * @param rows by domain; null deletes
   * @param hostMemories by host; null deletes
   * @param meta by name
   */
  record Batch(
      Map<Domain, @Nullable DomainRecord> rows,
      Map<String, byte @Nullable []> hostMemories,
      Map<String, Long> meta) {
    boolean isEmpty() {
      return rows.isEmpty() && hostMemories.isEmpty() && meta.isEmpty();
    }
  }

  private LedgerStore(Path file, Connection connection, Connection reading) throws SQLException {
    this.file = file;
    this.connection = connection;
    this.reading = reading;
    this.get = reading.prepareStatement("SELECT row FROM domain WHERE name = ?");
    this.put =
        connection.prepareStatement(
            "INSERT INTO domain(name, level, violated, seen, row) VALUES(?, ?, ?, ?, ?)"
                + " ON CONFLICT(name) DO UPDATE SET level = excluded.level,"
                + " violated = excluded.violated, seen = excluded.seen, row = excluded.row");
    this.remove = connection.prepareStatement("DELETE FROM domain WHERE name = ?");
  }

  /**
   * Opens or makes it.
   *
   * @throws IOException when it is damaged, newer, or something else: a ledger that cannot be read
   *     is not an empty one
   */
  static LedgerStore open(Path file) throws IOException {
    try {
      Connection connection = Sqlite.create(file, LEDGER, 4096);
      try {
        return new LedgerStore(file, connection, Sqlite.reader(file, 1024));
      } catch (SQLException e) {
        connection.close();
        throw e;
      }
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }

  private static int number(Statement s, String sql) throws SQLException {
    try (ResultSet r = s.executeQuery(sql)) {
      return r.next() ? r.getInt(1) : 0;
    }
  }

  private static IOException failure(Path file, SQLException e) {
    return new IOException("the ledger " + file + ": " + e.getMessage(), e);
  }

  Optional<byte[]> row(Domain domain) throws IOException {
    synchronized (reader) {
      try {
        get.setString(1, domain.name());
        try (ResultSet r = get.executeQuery()) {
          return r.next() ? Optional.of(r.getBytes(1)) : Optional.empty();
        }
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  /** All of it, or nothing. */
  synchronized void write(Batch batch) throws IOException {
    try {
      connection.setAutoCommit(false);
      try {
        for (var entry : batch.rows().entrySet()) {
          row(entry.getKey(), entry.getValue());
        }
        hostMemories(batch.hostMemories());
        meta(batch.meta());
        connection.commit();
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      } finally {
        connection.setAutoCommit(true);
      }
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }

  private void row(Domain domain, @Nullable DomainRecord row) throws SQLException {
    if (row == null) {
      remove.setString(1, domain.name());
      remove.executeUpdate();
      return;
    }
    put.setString(1, domain.name());
    put.setInt(2, levelOf(row));
    put.setInt(3, row.violation() == null ? 0 : 1);
    put.setLong(4, row.last().getEpochSecond());
    put.setBytes(5, DomainRecordCodec.write(row));
    put.executeUpdate();
  }

  /** In the column: 0 none, 1 {@code encrypt}, 2 {@code verify}; only 0 means anything to rules. */
  private static int levelOf(DomainRecord row) {
    TlsLevel level = row.level();
    return level == null ? 0 : level == TlsLevel.VERIFY ? 2 : 1;
  }

  private void hostMemories(Map<String, byte @Nullable []> steps) throws SQLException {
    try (PreparedStatement keep =
            connection.prepareStatement("INSERT OR REPLACE INTO rung(host, memory) VALUES(?, ?)");
        PreparedStatement drop = connection.prepareStatement("DELETE FROM rung WHERE host = ?")) {
      for (var entry : steps.entrySet()) {
        byte[] memory = entry.getValue();
        PreparedStatement statement = memory == null ? drop : keep;
        statement.setString(1, entry.getKey());
        if (memory != null) {
          statement.setBytes(2, memory);
        }
        statement.executeUpdate();
      }
    }
  }

  private void meta(Map<String, Long> meta) throws SQLException {
    try (PreparedStatement keep =
        connection.prepareStatement("INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)")) {
      for (var entry : meta.entrySet()) {
        keep.setString(1, entry.getKey());
        keep.setLong(2, entry.getValue());
        keep.executeUpdate();
      }
    }
  }

  Map<String, Long> meta() throws IOException {
    synchronized (reader) {
      Map<String, Long> out = new HashMap<>();
      try (Statement s = reading.createStatement();
          ResultSet r = s.executeQuery("SELECT name, value FROM meta")) {
        while (r.next()) {
          out.put(r.getString(1), r.getLong(2));
        }
        return out;
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  Map<String, byte[]> hostMemories() throws IOException {
    synchronized (reader) {
      Map<String, byte[]> out = new HashMap<>();
      try (Statement s = reading.createStatement();
          ResultSet r = s.executeQuery("SELECT host, memory FROM rung")) {
        while (r.next()) {
          out.put(r.getString(1), r.getBytes(2));
        }
        return out;
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  /** Rows there are. */
  int count() throws IOException {
    synchronized (reader) {
      try (Statement s = reading.createStatement()) {
        return number(s, "SELECT count(*) FROM domain");
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  /**
   * The number of records.
   *
   * @param encrypt at that level; with those of {@code verify} that the version before this one
   *     wrote, until they are seen again
   * @param verify at that level
   * @param violated with a violation that stands
   */
  record LedgerCounts(int encrypt, int verify, int violated) {}

  /** Rows there are by level. */
  LedgerCounts counts() throws IOException {
    synchronized (reader) {
      try (Statement s = reading.createStatement()) {
        return new LedgerCounts(
            number(s, "SELECT count(*) FROM domain WHERE level = 1"),
            number(s, "SELECT count(*) FROM domain WHERE level = 2"),
            number(s, "SELECT count(*) FROM domain WHERE violated = 1"));
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  /** The filter of a listing. */
  enum StoredDomainFilter {
    ALL("1"),
    WITH_LEVEL("level > 0"),
    VIOLATED("violated = 1");

    private final String condition;

    StoredDomainFilter(String condition) {
      this.condition = condition;
    }
  }

  /** Rows by name. */
  List<StoredDomain> page(StoredDomainFilter which, String after, int most) throws IOException {
    synchronized (reader) {
      List<StoredDomain> out = new ArrayList<>();
      try (PreparedStatement s =
          reading.prepareStatement(
              "SELECT name, row FROM domain WHERE name > ? AND "
                  + which.condition
                  + " ORDER BY name LIMIT ?")) {
        s.setString(1, after);
        s.setInt(2, most);
        try (ResultSet r = s.executeQuery()) {
          while (r.next()) {
            Optional<Domain> name = Domain.parse(r.getString(1));
            if (name.isPresent()) {
              out.add(new StoredDomain(name.get(), r.getBytes(2)));
            }
          }
        }
        return out;
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  /** The names of the rows without a level that were seen least recently. */
  List<Domain> leastRecent(int most) throws IOException {
    synchronized (reader) {
      List<Domain> out = new ArrayList<>();
      try (PreparedStatement s =
          reading.prepareStatement(
              "SELECT name FROM domain WHERE level = 0 ORDER BY seen LIMIT ?")) {
        s.setInt(1, most);
        try (ResultSet r = s.executeQuery()) {
          while (r.next()) {
            Domain.parse(r.getString(1)).ifPresent(out::add);
          }
        }
        return out;
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  @Override
  public synchronized void close() throws IOException {
    try {
      synchronized (reader) {
        reading.close();
      }
      connection.close();
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }
}
