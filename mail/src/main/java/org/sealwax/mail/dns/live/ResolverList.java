package org.sealwax.mail.dns.live;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.mail.net.Clock;

/**
 * The resolvers in the order to try: as configured, those that failed lately last. When all of them
 * strip DNSSEC, a spare one comes first. Thread-safe.
 */
final class ResolverList {
  /** A resolver that failed is asked last for this time. */
  static final Duration SHUNNED = Duration.ofSeconds(15);

  /** A resolver that strips DNSSEC is asked last for this time: its admin may repair it. */
  static final Duration STRIPS = Duration.ofMinutes(5);

  private final List<InetSocketAddress> resolvers;
  private final Optional<InetSocketAddress> spare;
  private final Clock clock;
  private final Map<InetSocketAddress, Long> shunnedUntil = new ConcurrentHashMap<>();
  private final Map<InetSocketAddress, Long> stripsUntil = new ConcurrentHashMap<>();
  private final AtomicInteger found = new AtomicInteger();

  /**
   * @param spare asked when all others strip DNSSEC
   */
  ResolverList(List<InetSocketAddress> resolvers, Optional<InetSocketAddress> spare, Clock clock) {
    this.resolvers = List.copyOf(resolvers);
    this.spare = spare.filter(s -> !resolvers.contains(s));
    this.clock = clock;
  }

  void moveToEnd(InetSocketAddress resolver) {
    shunnedUntil.put(resolver, clock.nanoTime() + SHUNNED.toNanos());
  }

  /** Notes that a resolver strips DNSSEC; false when that was known. */
  boolean noteStripping(InetSocketAddress resolver) {
    boolean known = isUntil(stripsUntil, resolver);
    stripsUntil.put(resolver, clock.nanoTime() + STRIPS.toNanos());
    if (!known) {
      found.incrementAndGet();
    }
    return !known;
  }

  /** Times that a resolver was found to strip DNSSEC: its earlier answers are not used. */
  int found() {
    return found.get();
  }

  private boolean isUntil(Map<InetSocketAddress, Long> until, InetSocketAddress resolver) {
    Long end = until.get(resolver);
    return end != null && end - clock.nanoTime() > 0;
  }

  List<InetSocketAddress> order() {
    List<InetSocketAddress> all = new ArrayList<>(resolvers);
    if (resolvers.stream().allMatch(r -> isUntil(stripsUntil, r))) {
      spare.ifPresent(all::addFirst);
    }
    all.sort(Comparator.comparing(r -> isUntil(shunnedUntil, r) || isUntil(stripsUntil, r)));
    return all;
  }
}
