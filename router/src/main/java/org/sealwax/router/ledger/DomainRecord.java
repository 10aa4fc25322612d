package org.sealwax.router.ledger;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;

/**
 * The ledger's record of one domain; immutable.
 *
 * @param domain the domain
 * @param standing its level, or null
 * @param encrypt evidence for {@code encrypt}
 * @param verify evidence for {@code verify}
 * @param mx its MX hosts as last seen
 * @param mxUntil when that answer's time to live ends
 * @param known hosts that served it at level {@code verify}, or on which evidence for it rests
 * @param patterns MX hosts of an MTA-STS policy that ran out; empty when {@code known} counts
 * @param hosts rows by host
 * @param violation what stands against the level, or null
 * @param first seen
 * @param last seen
 */
public record DomainRecord(
    Domain domain,
    @Nullable ReachedLevel standing,
    LevelProgress encrypt,
    LevelProgress verify,
    Set<Domain> mx,
    Instant mxUntil,
    Set<Domain> known,
    List<MxPattern> patterns,
    Map<Domain, HostRecord> hosts,
    @Nullable Violation violation,
    Instant first,
    Instant last) {
  /** Hosts of one domain: those of one answer, and some that were before. */
  public static final int MAX_HOSTS = RoundMx.MAX_HOSTS + 16;

  /** Remembered hosts; beyond that those that are no MX hosts any more are forgotten. */
  public static final int MAX_KNOWN = 64;

  /**
   * Patterns of a policy that ran out: as many as MTA-STS policies of the size limit could have.
   */
  public static final int MAX_PATTERNS = 256;

  /**
   * A level.
   *
   * @param level ENCRYPT or VERIFY
   * @param since when it was reached
   * @param met when it was last seen
   */
  public record ReachedLevel(TlsLevel level, Instant since, Instant met) {}

  /** Copies and checks bounds. */
  public DomainRecord {
    mx = Set.copyOf(mx);
    known = Set.copyOf(known);
    patterns = List.copyOf(patterns);
    hosts = Map.copyOf(hosts);
    if (mx.size() > RoundMx.MAX_HOSTS
        || known.size() > MAX_KNOWN
        || patterns.size() > MAX_PATTERNS
        || hosts.size() > MAX_HOSTS) {
      throw new IllegalArgumentException("too much for one domain");
    }
  }

  /** A domain never met. */
  public static DomainRecord fresh(Domain domain, Instant now) {
    return new DomainRecord(
        domain,
        null,
        LevelProgress.NONE,
        LevelProgress.NONE,
        Set.of(),
        Instant.EPOCH,
        Set.of(),
        List.of(),
        Map.of(),
        null,
        now,
        now);
  }

  /** The level, or null. */
  public @Nullable TlsLevel level() {
    return standing == null ? null : standing.level();
  }

  DomainRecord withStanding(@Nullable ReachedLevel s) {
    return new DomainRecord(
        domain, s, encrypt, verify, mx, mxUntil, known, patterns, hosts, violation, first, last);
  }

  DomainRecord withTallies(LevelProgress e, LevelProgress v) {
    return new DomainRecord(
        domain, standing, e, v, mx, mxUntil, known, patterns, hosts, violation, first, last);
  }

  DomainRecord withMx(Set<Domain> now, Instant until) {
    return new DomainRecord(
        domain, standing, encrypt, verify, now, until, known, patterns, hosts, violation, first,
        last);
  }

  DomainRecord withKnown(Set<Domain> hostsKnown, List<MxPattern> by) {
    return new DomainRecord(
        domain,
        standing,
        encrypt,
        verify,
        mx,
        mxUntil,
        hostsKnown,
        by,
        hosts,
        violation,
        first,
        last);
  }

  DomainRecord withViolation(@Nullable Violation v) {
    return new DomainRecord(
        domain, standing, encrypt, verify, mx, mxUntil, known, patterns, hosts, v, first, last);
  }

  DomainRecord withHosts(Map<Domain, HostRecord> rows, Instant seenAt) {
    return new DomainRecord(
        domain, standing, encrypt, verify, mx, mxUntil, known, patterns, rows, violation, first,
        seenAt);
  }

  /** The same with one host changed; a new host may push out one that is no MX host any more. */
  DomainRecord withHost(Domain host, UnaryOperator<HostRecord> change, Instant now) {
    Map<Domain, HostRecord> rows = new HashMap<>(hosts);
    HostRecord old = rows.get(host);
    rows.put(host, change.apply(old == null ? HostRecord.fresh(now) : old));
    while (rows.size() > MAX_HOSTS) {
      rows.entrySet().stream()
          .filter(e -> !e.getKey().equals(host) && !mx.contains(e.getKey()))
          .min(Map.Entry.comparingByValue(java.util.Comparator.comparing(HostRecord::last)))
          .map(Map.Entry::getKey)
          .ifPresent(rows::remove);
    }
    return withHosts(rows, now);
  }
}
