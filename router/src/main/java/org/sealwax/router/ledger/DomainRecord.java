package org.sealwax.router.ledger;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /** Remembered hosts; beyond that those that are not MX hosts any more are forgotten. */
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
  public record ReachedLevel(TlsLevel level, Instant since, Instant met) {
    /** Checks the level. */
    public ReachedLevel {
      if (level != TlsLevel.ENCRYPT && level != TlsLevel.VERIFY) {
        throw new IllegalArgumentException(level + " is not a ledger level");
      }
    }
  }

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

  /** The same with other hosts. */
  DomainRecord withHosts(Map<Domain, HostRecord> h) {
    return new DomainRecord(
        domain, standing, encrypt, verify, mx, mxUntil, known, patterns, h, violation, first, last);
  }
}
