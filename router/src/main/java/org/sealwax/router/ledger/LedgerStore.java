package org.sealwax.router.ledger;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.router.ledger.LedgerWriter.HeldRecord;
import org.sealwax.router.store.SqliteFormat;
import org.sealwax.router.store.Statements;
import org.sealwax.router.store.StoreFile;

/**
 * The ledger on disk: one SQLite file whose tables a person can read (docs/ledger.md). A batch is
 * one transaction, so a crash leaves the state before it or after it; nothing is half a row.
 * Whatever is not exactly what was written is read as damage, never as half a record. Thread-safe;
 * a read does not wait for a commit.
 */
final class LedgerStore implements Closeable {
  /** Marks the file ("SeLe"), so that no other database is mistaken for a ledger. */
  static final int APPLICATION = 0x53654c65;

  static final RecordColumns<DomainRecord> DOMAIN =
      new RecordColumns<>("domain", DomainRecord.class);
  static final RecordColumns<HostRecord> HOST =
      new RecordColumns<>("host", HostRecord.class, "of_domain", "name");
  static final RecordColumns<HostMemory> FALLBACK =
      new RecordColumns<>("fallback", HostMemory.class, "host");

  private static final SqliteFormat FORMAT =
      new SqliteFormat(
          "ledger",
          APPLICATION,
          // What is lost by a power failure is a second of observations; the file stays whole.
          List.of("journal_mode = WAL", "synchronous = NORMAL"),
          List.of("meta", "domain"),
          List.of(BinaryLedgerRows.FORMAT_1, BinaryLedgerRows::toColumns));

  private static final String SELECT = "SELECT " + DOMAIN.names() + " FROM domain WHERE ";

  private final StoreFile file;

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

  /**
   * One domain in the tables.
   *
   * @param domain its row in the table of domains
   * @param hosts its rows in the table of hosts
   */
  record StoredDomain(List<@Nullable String> domain, List<List<@Nullable String>> hosts) {
    /** The rows of a record, without the hosts that are as they were: most rounds show one. */
    static StoredDomain of(DomainRecord row, Map<Domain, HostRecord> former) {
      List<List<@Nullable String>> hosts = new ArrayList<>();
      row.hosts()
          .forEach(
              (name, host) -> {
                if (!host.equals(former.get(name))) {
                  hosts.add(HOST.write(host, row.domain().name(), name.name()));
                }
              });
      return new StoredDomain(DOMAIN.write(row), hosts);
    }

    /** The record; empty when the rows are not exactly one. */
    Optional<DomainRecord> read() {
      return exactly(
          () -> {
            Map<Domain, HostRecord> records = new HashMap<>();
            for (List<@Nullable String> host : hosts) {
              RecordColumns.must(host.subList(0, 1).equals(domain.subList(0, 1)));
              Domain name = new Domain(String.valueOf(host.get(1)));
              RecordColumns.must(records.put(name, HOST.read(host)) == null);
            }
            return DOMAIN.read(domain).withHosts(records);
          });
    }
  }

  /** The fallback ladder's memory of a host; empty when the row is not exactly one. */
  static Optional<HostMemory> memory(List<@Nullable String> stored) {
    return exactly(() -> FALLBACK.read(stored));
  }

  private static <T> Optional<T> exactly(Supplier<T> read) {
    try {
      return Optional.of(read.get());
    } catch (IllegalArgumentException | IndexOutOfBoundsException | DateTimeException e) {
      return Optional.empty();
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

  /** Puts a record, or that there is none, in the place of the stored one. */
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
    StoredDomain changed = StoredDomain.of(row, former);
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

  private LedgerStore(StoreFile file) {
    this.file = file;
  }

  /**
   * Opens or makes it; a ledger of a former format is of this one when it returns.
   *
   * @throws IOException when it is damaged, newer, or something else: a ledger that cannot be read
   *     is not an empty one
   */
  static LedgerStore open(Path file) throws IOException {
    return new LedgerStore(StoreFile.open(file, FORMAT));
  }

  /** Domains as they are stored; in one transaction, because each lies in several tables. */
  private List<StoredDomain> domains(String condition, String... values) throws IOException {
    return file.query(
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
        : found
            .getFirst()
            .read()
            .orElseThrow(() -> new IOException("the record of " + domain + " is damaged"));
  }

  /** All of it, or nothing. */
  void write(Batch batch) throws IOException {
    file.transaction(
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
    return file.query(r -> r.all(sql, row -> Map.entry(row.getString(1), row.getLong(2)))).stream()
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /** What can be read of the fallback ladder's memories. */
  Map<String, HostMemory> hostMemories() throws IOException {
    Map<String, HostMemory> out = new LinkedHashMap<>();
    for (List<@Nullable String> row : file.query(r -> rows(r, "SELECT * FROM fallback"))) {
      memory(row).ifPresent(m -> out.put(String.valueOf(row.get(0)), m));
    }
    return out;
  }

  /** Rows that meet a condition. */
  int count(String condition) throws IOException {
    String sql = "SELECT count(*) FROM domain WHERE " + condition;
    return (int) (long) file.query(r -> r.number(sql));
  }

  /** Records by name, those that can be read. */
  List<DomainRecord> page(PersistentLedger.DomainFilter which, String after, int most)
      throws IOException {
    String condition = which.condition() + " AND domain > ? ORDER BY domain LIMIT ?";
    return domains(condition, after, Integer.toString(most)).stream()
        .flatMap(stored -> stored.read().stream())
        .toList();
  }

  /** The names of the rows without a level that were seen least recently. */
  List<Domain> leastRecent(int most) throws IOException {
    String sql = "SELECT domain FROM domain WHERE standing_level IS NULL ORDER BY last LIMIT ?";
    return file.query(r -> r.all(sql, row -> Domain.parse(row.getString(1)), most)).stream()
        .flatMap(Optional::stream)
        .toList();
  }

  @Override
  public void close() {
    file.close();
  }
}
