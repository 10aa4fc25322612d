package org.sealwax.router.ledger;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.address.Domain;

/** A ledger's file with many domains at level {@code verify}, for measuring. */
public final class FilledLedger {
  private static final int AT_ONCE = 1_000;
  private static final int DAYS = 10;

  private FilledLedger() {}

  /**
   * Writes it: ten days of verified mail to both hosts of each domain, up to {@code now}.
   *
   * @param hosts the MX hosts of all of them
   */
  public static void write(Path file, List<Domain> domains, List<Domain> hosts, Instant now)
      throws IOException {
    DomainTimeline timeline = new DomainTimeline();
    timeline.now = now.minus(Duration.ofDays(DAYS));
    timeline.row = DomainRecord.fresh(DomainTimeline.DOMAIN, timeline.now);
    timeline.mx(hosts.toArray(new Domain[0])).days(DAYS, ProvenLevel.VERIFIED);
    if (timeline.row.level() == null) {
      throw new IllegalStateException("ten days of mail gave no level");
    }
    try (LedgerStore store = LedgerStore.open(file)) {
      for (int from = 0; from < domains.size(); from += AT_ONCE) {
        Map<Domain, LedgerWriter.HeldRecord> rows = new HashMap<>();
        for (Domain domain : domains.subList(from, Math.min(domains.size(), from + AT_ONCE))) {
          rows.put(domain, new LedgerWriter.HeldRecord(as(timeline.row, domain), null));
        }
        store.write(
            new LedgerStore.Batch(
                rows, Map.of(), Map.of("clock", now.getEpochSecond(), "steady", 0L)));
      }
    }
  }

  private static DomainRecord as(DomainRecord row, Domain domain) {
    return new DomainRecord(
        domain,
        row.standing(),
        row.encrypt(),
        row.verify(),
        row.mx(),
        row.mxUntil(),
        row.known(),
        row.patterns(),
        row.hosts(),
        row.violation(),
        row.first(),
        row.last());
  }
}
