package org.sealwax.router.ledger;

import static org.sealwax.router.ledger.DomainRecordCodec.DOMAIN;
import static org.sealwax.router.ledger.DomainRecordCodec.FALLBACK;
import static org.sealwax.router.ledger.DomainRecordCodec.HOST;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.router.ledger.DomainRecordCodec.StoredDomain;
import org.sealwax.router.ledger.LedgerWriter.HeldRecord;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.Statements;

/**
 * The ledger on disk: one SQLite file whose tables a person can read (docs/ledger.md). A batch is
 * one transaction, so a crash leaves the state before it or after it; nothing is half a row.
 * Thread-safe: one connection that writes and one that reads, so that a read does not wait for a
 * commit.
 */
final class LedgerStore implements Closeable {
  /** Marks the file ("SeLe"), so that no other database is mistaken for a ledger. */
  static final int APPLICATION = 0x53654c65;

  private static final SqliteFormat FORMAT =
      new SqliteFormat(
          "ledger",
          APPLICATION,
          // What is lost by a power failure is a second of observations; the file stays whole.
          List.of("journal_mode = WAL", "synchronous = NORMAL"),
          List.of("meta", "domain"),
          List.of(BinaryLedgerRows.FORMAT_1, BinaryLedgerRows::toColumns));

  private final Path file;
  private final Statements writing;
  private final Statements reading;

  private static final String SELECT = "SELECT " + DOMAIN.names() + " FROM domain WHERE ";

  /**
   * Records that are written together.
   *
   * @param rows by domain, with what they replace
   * @param hostMemories by host
   * @param meta by name
   */
  record Batch(
      Map<Domain, HeldRecord> rows, Map<String, HostMemory> hostMemories, Map<String, Long> meta) {
    boolean isEmpty() {
      return rows.isEmpty() && hostMemories.isEmpty() && meta.isEmpty();
    }
  }

  private static List<List<@Nullable String>> rows(Statements from, String sql, String... values)
      throws SQLException {
    return from.all(
        sql,
        r -> {
          int columns = r.getMetaData().getColumnCount();
          List<@Nullable String> row = new ArrayList<>(columns);
          for (int i = 1; i <= columns; i++) {
            row.add(r.getString(i));
          }
          return row;
        },
        (Object[]) values);
  }

  /**
   * Puts a record, or that there is none, in the place of the stored one. Hosts that are as they
   * were are not written: most rounds show one of many.
   */
  static void put(
      Statements to, Domain domain, @Nullable DomainRecord stored, @Nullable DomainRecord row)
      throws SQLException {
    if (stored == null || row == null) {
      to.update("DELETE FROM host WHERE of_domain = ?", domain.name());
    }
    if (row == null) {
      to.update("DELETE FROM domain WHERE domain = ?", domain.name());
      return;
    }
    Map<Domain, HostRecord> former = stored == null ? Map.of() : stored.hosts();
    StoredDomain changed = DomainRecordCodec.write(row, former);
    to.update(DOMAIN.put(), changed.domain().toArray());
    for (Domain host : former.keySet()) {
      if (!row.hosts().containsKey(host)) {
        to.update("DELETE FROM host WHERE of_domain = ? AND name = ?", domain.name(), host.name());
      }
    }
    for (List<@Nullable String> host : changed.hosts()) {
      to.update(HOST.put(), host.toArray());
    }
  }

  static void put(Statements to, String host, HostMemory memory) throws SQLException {
    to.update(FALLBACK.put(), FALLBACK.write(memory, host).toArray());
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

  private static IOException failure(Path file, SQLException e) {
    return new IOException("the ledger " + file + ": " + FailureText.of(e), e);
  }

  private <T> T done(Statements connection, Statements.Work<T> work) throws IOException {
    try {
      return connection.transaction(work);
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }

  /** Domains as they are stored; in one transaction, because each lies in several tables. */
  private List<StoredDomain> domains(String condition, String... values) throws IOException {
    return done(
        reading,
        r -> {
          List<StoredDomain> out = new ArrayList<>();
          for (List<@Nullable String> domain : rows(r, SELECT + condition, values)) {
            String name = String.valueOf(domain.getFirst());
            out.add(
                new StoredDomain(domain, rows(r, "SELECT * FROM host WHERE of_domain = ?", name)));
          }
          return out;
        });
  }

  /** The record of a domain; null when there is none. */
  @Nullable DomainRecord row(Domain domain) throws IOException {
    List<StoredDomain> found = domains("domain = ?", domain.name());
    return found.isEmpty()
        ? null
        : DomainRecordCodec.read(found.getFirst())
            .orElseThrow(() -> new IOException("the record of " + domain + " is damaged"));
  }

  /** All of it, or nothing. */
  void write(Batch batch) throws IOException {
    done(
        writing,
        w -> {
          for (var entry : batch.rows().entrySet()) {
            put(w, entry.getKey(), entry.getValue().stored(), entry.getValue().row());
          }
          for (var entry : batch.hostMemories().entrySet()) {
            put(w, entry.getKey(), entry.getValue());
          }
          for (var entry : batch.meta().entrySet()) {
            w.update(
                "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)",
                entry.getKey(),
                entry.getValue().toString());
          }
          return batch;
        });
  }

  Map<String, Long> meta() throws IOException {
    String sql = "SELECT name, value FROM meta";
    return done(reading, r -> r.all(sql, row -> Map.entry(row.getString(1), row.getLong(2))))
        .stream()
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /** What can be read of the fallback ladder's memories. */
  Map<String, HostMemory> hostMemories() throws IOException {
    Map<String, HostMemory> out = new LinkedHashMap<>();
    for (List<@Nullable String> row : done(reading, r -> rows(r, "SELECT * FROM fallback"))) {
      DomainRecordCodec.readMemory(row).ifPresent(m -> out.put(String.valueOf(row.get(0)), m));
    }
    return out;
  }

  /** Rows that meet a condition. */
  int count(String condition) throws IOException {
    String sql = "SELECT count(*) FROM domain WHERE " + condition;
    return (int) (long) done(reading, r -> r.number(sql));
  }

  /** Records by name, those that can be read. */
  List<DomainRecord> page(PersistentLedger.DomainFilter which, String after, int most)
      throws IOException {
    String condition = which.condition() + " AND domain > ? ORDER BY domain LIMIT ?";
    return domains(condition, after, Integer.toString(most)).stream()
        .flatMap(stored -> DomainRecordCodec.read(stored).stream())
        .toList();
  }

  /** The names of the rows without a level that were seen least recently. */
  List<Domain> leastRecent(int most) throws IOException {
    String sql = "SELECT domain FROM domain WHERE standing_level IS NULL ORDER BY last LIMIT ?";
    return done(reading, r -> r.all(sql, row -> Domain.parse(row.getString(1)), most)).stream()
        .flatMap(Optional::stream)
        .toList();
  }

  @Override
  public void close() throws IOException {
    try (var _ = writing.connection();
        var _ = reading.connection()) {
      // The connection that writes is closed last: it copies the log into the file.
    } catch (SQLException e) {
      throw failure(file, e);
    }
  }
}
