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
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.router.ledger.DomainRecordCodec.StoredDomain;
import org.sealwax.router.ledger.LedgerCache.CachedDomain;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFormat;

/**
 * The ledger on disk: one SQLite file whose tables a person can read (docs/ledger.md). A batch is
 * one transaction, so a crash leaves the state before it or after it; nothing is half a row.
 * Thread-safe: one connection that writes and one that reads, so that a read does not wait for a
 * commit.
 */
final class LedgerStore implements Closeable {
  /** Marks the file ("SeLe"), so that no other database is taken for a ledger. */
  static final int APPLICATION = 0x53654c65;

  private static final String[] FORMAT_1 = {
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE domain(name TEXT PRIMARY KEY, level INTEGER NOT NULL,"
        + " violated INTEGER NOT NULL, seen INTEGER NOT NULL, row BLOB NOT NULL)",
    "CREATE INDEX domain_seen ON domain(level, seen)",
    "CREATE INDEX domain_violated ON domain(name) WHERE violated = 1",
    "CREATE TABLE rung(host TEXT PRIMARY KEY, memory BLOB NOT NULL) WITHOUT ROWID"
  };

  private static final List<String> DOMAIN = DomainRecordCodec.DOMAIN.declared();
  private static final List<String> HOST =
      after(DomainRecordCodec.HOST, "of_domain TEXT", "name TEXT");
  private static final List<String> FALLBACK = after(DomainRecordCodec.FALLBACK, "host TEXT");
  private static final String SELECT = "SELECT " + names(DOMAIN) + " FROM domain WHERE ";
  private static final String ROW = SELECT + "domain = ?";
  private static final String PUT_DOMAIN =
      insert("domain", DOMAIN).replace("OR REPLACE ", "")
          + " ON CONFLICT(domain) DO UPDATE SET ("
          + names(DOMAIN)
          + ") = ("
          + names(DOMAIN.stream().map(column -> "excluded." + column).toList())
          + ")";
  private static final String PUT_HOST = insert("host", HOST);
  private static final String PUT_FALLBACK = insert("fallback", FALLBACK);

  private static final SqliteFormat FORMAT =
      new SqliteFormat(
          "ledger",
          APPLICATION,
          // What is lost by a power failure is a second of observations; the file stays whole.
          List.of("journal_mode = WAL", "synchronous = NORMAL"),
          List.of("meta", "domain"),
          List.of(SqliteFormat.Migration.of(FORMAT_1), LedgerStore::toColumns));

  private final Path file;
  private final Statements writing;
  private final Statements reading;

  /**
   * Records that are written together.
   *
   * @param rows by domain, with what they replace
   * @param hostMemories by host
   * @param meta by name
   */
  record Batch(
      Map<Domain, CachedDomain> rows,
      Map<String, HostMemory> hostMemories,
      Map<String, Long> meta) {
    boolean isEmpty() {
      return rows.isEmpty() && hostMemories.isEmpty() && meta.isEmpty();
    }
  }

  /** The statements of one connection, prepared when they are first used. Thread-safe. */
  private static final class Statements implements AutoCloseable {
    private final Connection connection;
    private final Map<String, PreparedStatement> prepared = new HashMap<>();

    Statements(Connection connection) {
      this.connection = connection;
    }

    private PreparedStatement bound(String sql, List<? extends @Nullable String> values)
        throws SQLException {
      PreparedStatement statement = prepared.get(sql);
      if (statement == null) {
        statement = connection.prepareStatement(sql);
        prepared.put(sql, statement);
      }
      for (int i = 0; i < values.size(); i++) {
        statement.setString(i + 1, values.get(i));
      }
      return statement;
    }

    synchronized void run(String sql, List<? extends @Nullable String> values) throws SQLException {
      bound(sql, values).executeUpdate();
    }

    synchronized List<List<@Nullable String>> rows(String sql, String... values)
        throws SQLException {
      List<List<@Nullable String>> out = new ArrayList<>();
      try (ResultSet r = bound(sql, List.of(values)).executeQuery()) {
        int columns = r.getMetaData().getColumnCount();
        while (r.next()) {
          List<@Nullable String> row = new ArrayList<>(columns);
          for (int i = 1; i <= columns; i++) {
            row.add(r.getString(i));
          }
          out.add(row);
        }
      }
      return out;
    }

    int number(String sql) throws SQLException {
      return Integer.parseInt(String.valueOf(rows(sql).getFirst().getFirst()));
    }

    /**
     * Puts a record, or that there is none, in the place of the stored one. Hosts that are as they
     * were are not written: most rounds show one of many.
     */
    synchronized void put(Domain domain, @Nullable DomainRecord stored, @Nullable DomainRecord row)
        throws SQLException {
      if (stored == null || row == null) {
        run("DELETE FROM host WHERE of_domain = ?", List.of(domain.name()));
      }
      if (row == null) {
        run("DELETE FROM domain WHERE domain = ?", List.of(domain.name()));
        return;
      }
      Map<Domain, HostRecord> former = stored == null ? Map.of() : stored.hosts();
      StoredDomain changed = DomainRecordCodec.write(row, former);
      run(PUT_DOMAIN, changed.domain());
      for (Domain host : former.keySet()) {
        if (!row.hosts().containsKey(host)) {
          run(
              "DELETE FROM host WHERE of_domain = ? AND name = ?",
              List.of(domain.name(), host.name()));
        }
      }
      for (List<@Nullable String> host : changed.hosts()) {
        run(PUT_HOST, host);
      }
    }

    void put(String host, HostMemory memory) throws SQLException {
      run(PUT_FALLBACK, DomainRecordCodec.write(host, memory));
    }

    /** The record of a row of {@code domain}, with its hosts. */
    Optional<DomainRecord> record(List<@Nullable String> domain) throws SQLException {
      String name = String.valueOf(domain.getFirst());
      return DomainRecordCodec.read(
          new StoredDomain(domain, rows("SELECT * FROM host WHERE of_domain = ?", name)));
    }

    @Override
    public synchronized void close() throws SQLException {
      connection.close();
    }
  }

  private LedgerStore(Path file, Connection writing, Connection reading) {
    this.file = file;
    this.writing = new Statements(writing);
    this.reading = new Statements(reading);
  }

  /**
   * Opens or makes it; a ledger of a former format is of this one when it returns.
   *
   * @throws IOException when it is damaged, newer, or something else: a ledger that cannot be read
   *     is not an empty one
   */
  static LedgerStore open(Path file) throws IOException {
    try {
      Connection writing = Sqlite.create(file, FORMAT, 4096);
      try {
        return new LedgerStore(file, writing, Sqlite.reader(file, 1024));
      } catch (SQLException e) {
        writing.close();
        throw e;
      }
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }

  private static List<String> after(RecordColumns<?> columns, String... first) {
    return Stream.concat(Stream.of(first), columns.declared().stream()).toList();
  }

  private static String names(List<String> columns) {
    return columns.stream().map(c -> c.split(" ", 2)[0]).collect(Collectors.joining(", "));
  }

  private static String insert(String table, List<String> columns) {
    return "INSERT OR REPLACE INTO "
        + table
        + "("
        + names(columns)
        + ") VALUES("
        + String.join(", ", Collections.nCopies(columns.size(), "?"))
        + ")";
  }

  private static String create(String table, List<String> columns, String rest) {
    return "CREATE TABLE " + table + "(" + String.join(", ", columns) + ", " + rest;
  }

  /** From binary rows (format 1) to columns. A row that cannot be read stays, and is no record. */
  static void toColumns(Statement s) throws SQLException {
    s.execute("DROP INDEX domain_seen");
    s.execute("DROP INDEX domain_violated");
    s.execute("ALTER TABLE domain RENAME TO former");
    s.execute(create("domain", DOMAIN, "unreadable BLOB, PRIMARY KEY(domain))"));
    s.execute("CREATE INDEX domain_level ON domain(standing_level)");
    s.execute("CREATE INDEX domain_evictable ON domain(last) WHERE standing_level IS NULL");
    s.execute("CREATE INDEX domain_violated ON domain(domain) WHERE violation_since IS NOT NULL");
    s.execute(create("host", HOST, "PRIMARY KEY(of_domain, name)) WITHOUT ROWID"));
    s.execute(create("fallback", FALLBACK, "PRIMARY KEY(host)) WITHOUT ROWID"));
    Statements to = new Statements(s.getConnection());
    try (ResultSet r = s.executeQuery("SELECT name, row FROM former")) {
      while (r.next()) {
        byte[] bytes = r.getBytes(2);
        Optional<DomainRecord> row =
            Domain.parse(r.getString(1)).flatMap(name -> BinaryLedgerRows.domain(name, bytes));
        if (row.isPresent()) {
          to.put(row.get().domain(), null, row.get());
        }
      }
    }
    s.execute(
        "INSERT INTO domain(domain, standing_level, last, unreadable)"
            + " SELECT name, CASE level WHEN 1 THEN 'encrypt' WHEN 2 THEN 'verify' END,"
            + " strftime('%Y-%m-%dT%H:%M:%SZ', seen, 'unixepoch'), row FROM former"
            + " WHERE name NOT IN (SELECT domain FROM domain)");
    try (ResultSet r = s.executeQuery("SELECT host, memory FROM rung")) {
      while (r.next()) {
        Optional<HostMemory> memory = BinaryLedgerRows.memory(r.getBytes(2));
        if (memory.isPresent()) {
          to.put(r.getString(1), memory.get());
        }
      }
    }
    s.execute("DROP TABLE former");
    s.execute("DROP TABLE rung");
  }

  private static IOException failure(Path file, SQLException e) {
    return new IOException("the ledger " + file + ": " + FailureText.of(e), e);
  }

  /** A question to the connection that reads. */
  private interface Query<T> {
    T of(Statements reading) throws SQLException;
  }

  /** One transaction: a record lies in several tables. */
  private <T> T read(Query<T> query) throws IOException {
    synchronized (reading) {
      try {
        reading.run("BEGIN", List.of());
        try {
          return query.of(reading);
        } finally {
          reading.run("COMMIT", List.of());
        }
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  /** The record of a domain; null when there is none. */
  @Nullable DomainRecord row(Domain domain) throws IOException {
    Optional<Optional<DomainRecord>> found =
        read(
            r -> {
              List<List<@Nullable String>> rows = r.rows(ROW, domain.name());
              return rows.isEmpty() ? Optional.empty() : Optional.of(r.record(rows.getFirst()));
            });
    return found.isEmpty()
        ? null
        : found.get().orElseThrow(() -> new IOException("the row of " + domain + " is damaged"));
  }

  /** All of it, or nothing. */
  void write(Batch batch) throws IOException {
    synchronized (writing) {
      try {
        writing.connection.setAutoCommit(false);
        try {
          for (var entry : batch.rows().entrySet()) {
            writing.put(entry.getKey(), entry.getValue().stored(), entry.getValue().row());
          }
          for (var entry : batch.hostMemories().entrySet()) {
            writing.put(entry.getKey(), entry.getValue());
          }
          for (var entry : batch.meta().entrySet()) {
            writing.run(
                "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)",
                List.of(entry.getKey(), entry.getValue().toString()));
          }
          writing.connection.commit();
        } catch (SQLException e) {
          writing.connection.rollback();
          throw e;
        } finally {
          writing.connection.setAutoCommit(true);
        }
      } catch (SQLException e) {
        throw failure(file, e);
      }
    }
  }

  Map<String, Long> meta() throws IOException {
    Map<String, Long> out = new HashMap<>();
    for (List<@Nullable String> row :
        read(r -> r.rows("SELECT name, CAST(value AS INTEGER) FROM meta"))) {
      out.put(String.valueOf(row.get(0)), Long.valueOf(String.valueOf(row.get(1))));
    }
    return out;
  }

  /** What can be read of the fallback ladder's memories. */
  Map<String, HostMemory> hostMemories() throws IOException {
    Map<String, HostMemory> out = new LinkedHashMap<>();
    for (List<@Nullable String> row : read(r -> r.rows("SELECT * FROM fallback"))) {
      DomainRecordCodec.readMemory(row).ifPresent(m -> out.put(String.valueOf(row.get(0)), m));
    }
    return out;
  }

  /** Rows there are. */
  int count() throws IOException {
    return read(r -> r.number("SELECT count(*) FROM domain"));
  }

  /** Rows there are by level, with so many in all. */
  PersistentLedger.Figures figures(int all) throws IOException {
    return read(
        r ->
            new PersistentLedger.Figures(
                all,
                r.number("SELECT count(*) FROM domain WHERE standing_level = 'encrypt'"),
                r.number("SELECT count(*) FROM domain WHERE standing_level = 'verify'"),
                r.number("SELECT count(*) FROM domain WHERE violation_since IS NOT NULL")));
  }

  /** Records by name, those that can be read. */
  List<DomainRecord> page(PersistentLedger.DomainFilter which, String after, int most)
      throws IOException {
    String condition =
        switch (which) {
          case ALL -> "1";
          case WITH_LEVEL -> "standing_level IS NOT NULL";
          case VIOLATED -> "violation_since IS NOT NULL";
        };
    return read(
        r -> {
          List<DomainRecord> out = new ArrayList<>();
          String sql = SELECT + condition + " AND domain > ? ORDER BY domain LIMIT ?";
          for (List<@Nullable String> domain : r.rows(sql, after, Integer.toString(most))) {
            r.record(domain).ifPresent(out::add);
          }
          return out;
        });
  }

  /** The names of the rows without a level that were seen least recently. */
  List<Domain> leastRecent(int most) throws IOException {
    String sql = "SELECT domain FROM domain WHERE standing_level IS NULL ORDER BY last LIMIT ?";
    return read(r -> r.rows(sql, Integer.toString(most))).stream()
        .flatMap(row -> Domain.parse(String.valueOf(row.getFirst())).stream())
        .toList();
  }

  @Override
  public void close() throws IOException {
    try (writing;
        reading) {
      // The connection that writes is closed last: it copies the log into the file.
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }
}
