package org.sealwax.router.ledger;

import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.HostMemory;

/**
 * What the ledger keeps, as rows of tables (docs/ledger.md) and back. Whatever is not exactly such
 * rows is read as empty, never as half a record.
 */
final class DomainRecordCodec {
  static final RecordColumns<DomainRecord> DOMAIN =
      new RecordColumns<>("domain", DomainRecord.class);
  static final RecordColumns<HostRecord> HOST =
      new RecordColumns<>("host", HostRecord.class, "of_domain", "name");
  static final RecordColumns<HostMemory> FALLBACK =
      new RecordColumns<>("fallback", HostMemory.class, "host");

  private DomainRecordCodec() {}

  /**
   * One domain in the tables.
   *
   * @param domain its row in the table of domains
   * @param hosts its rows in the table of hosts
   */
  record StoredDomain(List<@Nullable String> domain, List<List<@Nullable String>> hosts) {}

  /** A record, without the hosts that are as they were. */
  static StoredDomain write(DomainRecord row, Map<Domain, HostRecord> former) {
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
  static Optional<DomainRecord> read(StoredDomain stored) {
    return exactly(
        () -> {
          Map<Domain, HostRecord> hosts = new HashMap<>();
          for (List<@Nullable String> row : stored.hosts()) {
            RecordColumns.must(row.subList(0, 1).equals(stored.domain().subList(0, 1)));
            HostRecord host = HOST.read(row);
            // Two spans of one key would be two answers to when it was seen first.
            RecordColumns.must(
                host.keys().stream().map(HostRecord.KeySpan::key).distinct().count()
                    == host.keys().size());
            RecordColumns.must(hosts.put(new Domain(String.valueOf(row.get(1))), host) == null);
          }
          return DOMAIN.read(stored.domain()).withHosts(hosts);
        });
  }

  /** The fallback ladder's memory of a host; empty when the row is not exactly one. */
  static Optional<HostMemory> readMemory(List<@Nullable String> stored) {
    return exactly(
        () -> {
          HostMemory memory = FALLBACK.read(stored);
          RecordColumns.must((memory.strongest() == null) == (memory.strongestAt() == null));
          return memory;
        });
  }

  private static <T> Optional<T> exactly(Supplier<T> read) {
    try {
      return Optional.of(read.get());
    } catch (IllegalArgumentException | IndexOutOfBoundsException | DateTimeException e) {
      return Optional.empty();
    }
  }
}
