package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;

/**
 * A detector of faults near this server: many unrelated domains changed together, and nothing is
 * accepted. Related are domains whose mail goes to one organisation. Thread-safe.
 */
final class LocalFaultDetector {
  /** Together means within this. */
  static final Duration WINDOW = Duration.ofHours(2);

  /** Organisations whose domains began to show less within the window. */
  static final int MANY = 5;

  /** And at least this part of all that were seen in it: a busy router always sees some change. */
  static final int PART = 4;

  /** Domains remembered within the window; the oldest go first. */
  static final int MOST = 4096;

  private record Sighting(Instant at, Domain organisation) {}

  /** The last sighting of each domain, the oldest first. */
  private final Map<Domain, Sighting> changed = new LinkedHashMap<>();

  private final Map<Domain, Sighting> steady = new LinkedHashMap<>();

  /** A domain kept its level. */
  synchronized void kept(Domain domain, Domain organisation, Instant now) {
    add(steady, domain, new Sighting(now, organisation));
  }

  /**
   * A violation began.
   *
   * @return the domains whose violations count as a fault near this server, this one included;
   *     empty while there are few
   */
  synchronized List<Domain> violated(Domain domain, Domain organisation, Instant now) {
    add(changed, domain, new Sighting(now, organisation));
    prune(steady, now);
    Collection<Sighting> fallen = changed.values();
    long many = organisations(fallen.stream());
    return many >= MANY
            && many * PART
                >= organisations(Stream.concat(fallen.stream(), steady.values().stream()))
        ? List.copyOf(changed.keySet())
        : List.of();
  }

  private static long organisations(Stream<Sighting> of) {
    return of.map(Sighting::organisation).distinct().count();
  }

  private static void add(Map<Domain, Sighting> to, Domain domain, Sighting sighting) {
    to.remove(domain);
    to.put(domain, sighting);
    prune(to, sighting.at());
  }

  private static void prune(Map<Domain, Sighting> of, Instant now) {
    Iterator<Sighting> oldest = of.values().iterator();
    while (oldest.hasNext()
        && (oldest.next().at().isBefore(now.minus(WINDOW)) || of.size() > MOST)) {
      oldest.remove();
    }
  }
}
