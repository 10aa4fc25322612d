package org.sealwax.mail.dns;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.address.Domain;

/**
 * The answer of the DNS to one question, CNAMEs followed.
 *
 * @param <T> the record data asked for
 * @param records empty on a denial, and always empty when BOGUS or FAILED
 * @param kind whether there were records, no records of the type, or no such name
 * @param security of the whole chain that led here (aliases included)
 * @param name the name at the end of the CNAME chain; the name asked for when there was none
 * @param aliases CNAMEs followed
 * @param ttl for how long this may be kept; seconds at most when BOGUS or FAILED
 * @param reason why BOGUS or FAILED, in words for logs; empty otherwise
 */
public record DnsAnswer<T>(
    List<T> records,
    Kind kind,
    DnssecStatus security,
    Domain name,
    int aliases,
    Duration ttl,
    String reason) {
  private static final String NOT_CACHED = "not in the cache";

  /** What kind of answer. */
  public enum Kind {
    /** There are records. */
    FOUND,
    /** The name exists and has no records of the type. */
    NO_DATA,
    /** The name does not exist. */
    NO_NAME,
    /** BOGUS or FAILED: nothing is known. */
    UNKNOWN
  }

  /** Copies, and checks that kind, security and records agree. */
  public DnsAnswer {
    records = List.copyOf(records);
    boolean unknown = security == DnssecStatus.BOGUS || security == DnssecStatus.FAILED;
    if (unknown != (kind == Kind.UNKNOWN) || records.isEmpty() == (kind == Kind.FOUND)) {
      throw new IllegalArgumentException(kind + " " + security + " " + records);
    }
  }

  /**
   * {@return an answer that does not show whether there are records}
   *
   * @param <T> the record data asked for
   * @param security BOGUS or FAILED
   * @param name as far as the alias chain was followed
   * @param aliases CNAMEs followed
   * @param ttl for how long the failure may be cached
   * @param reason in words for logs
   */
  public static <T> DnsAnswer<T> unknown(
      DnssecStatus security, Domain name, int aliases, Duration ttl, String reason) {
    return new DnsAnswer<>(List.of(), Kind.UNKNOWN, security, name, aliases, ttl, reason);
  }

  /**
   * {@return the answer of {@link Resolver#cacheOnly} where it would have to ask}
   *
   * @param <T> the record data asked for
   * @param name the name at the end of the CNAME chain
   */
  public static <T> DnsAnswer<T> notCached(Domain name) {
    return unknown(DnssecStatus.FAILED, name, 0, Duration.ZERO, NOT_CACHED);
  }

  /** {@return whether this is an answer, and not only a miss of the cache} */
  public boolean isResolved() {
    return security != DnssecStatus.FAILED || !reason.equals(NOT_CACHED);
  }
}
