package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;

/**
 * A detector of faults near this server: many unrelated domains changed together, and nothing is
 * accepted. Related are domains whose mail goes to one organisation. Not thread-safe.
 */
final class LocalFaultDetector {
  /** Together means within this. */
  static final Duration WINDOW = Duration.ofHours(2);

  /** Organisations whose domains began to show less within the window. */
  static final int MANY = 5;

  /** And at least this part of all that were seen in it: a busy router always sees some change. */
  static final int PART = 4;

  /** Sightings remembered within the window; the oldest go first. */
  static final int MOST = 4096;

  private record DomainRegression(Instant at, Domain domain, Domain organisation) {}

  private final Deque<DomainRegression> changed = new ArrayDeque<>();
  private final Deque<DomainRegression> steady = new ArrayDeque<>();

  /** A domain kept its level. */
  void kept(Domain domain, Domain organisation, Instant now) {
    add(steady, new DomainRegression(now, domain, organisation));
  }

  /**
   * A violation began.
   *
   * @return the domains whose violations count as a fault near this server, this one included;
   *     empty while there are few
   */
  List<Domain> violated(Domain domain, Domain organisation, Instant now) {
    add(changed, new DomainRegression(now, domain, organisation));
    prune(steady, now);
    Set<Domain> fallen = organisations(changed);
    Set<Domain> all = organisations(steady);
    all.addAll(fallen);
    return fallen.size() >= MANY && fallen.size() * PART >= all.size()
        ? changed.stream().map(DomainRegression::domain).distinct().toList()
        : List.of();
  }

  private static Set<Domain> organisations(Deque<DomainRegression> sightings) {
    Set<Domain> out = new HashSet<>();
    sightings.forEach(s -> out.add(s.organisation()));
    return out;
  }

  private static void add(Deque<DomainRegression> to, DomainRegression one) {
    prune(to, one.at());
    to.addLast(one);
    if (to.size() > MOST) {
      to.removeFirst();
    }
  }

  private static void prune(Deque<DomainRegression> of, Instant now) {
    Instant oldest = now.minus(WINDOW);
    while (!of.isEmpty() && of.getFirst().at().isBefore(oldest)) {
      of.removeFirst();
    }
  }
}
