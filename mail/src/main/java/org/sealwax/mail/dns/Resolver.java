package org.sealwax.mail.dns;

import java.net.InetAddress;
import java.time.Duration;
import org.sealwax.mail.address.Domain;

/**
 * Looks up the records that mail needs. Blocks; thread-safe; cached and single-flight in the live
 * implementation. Never throws because of an answer or a failure of the DNS: those are in the
 * {@link DnsAnswer}.
 */
public interface Resolver {
  /**
   * CNAMEs followed for one question: common resolvers stop at 8 to 16, normal zones need one or
   * two, and each may cost a validated look-up.
   */
  int MAX_ALIASES = 10;

  /** Which addresses. */
  enum AddressFamily {
    /** A records. */
    IPV4,
    /** AAAA records. */
    IPV6
  }

  /**
   * {@return MX records of a domain}
   *
   * @param domain the domain of the recipients
   */
  DnsAnswer<MxRecord> mx(Domain domain);

  /**
   * {@return A or AAAA records of a host}
   *
   * @param host the host
   * @param family IPv4 or IPv6
   */
  DnsAnswer<InetAddress> addresses(Domain host, AddressFamily family);

  /**
   * {@return TXT records, each with its strings joined, as ISO 8859-1}
   *
   * @param name the exact owner name
   */
  DnsAnswer<String> txt(Domain name);

  /**
   * {@return TLSA records of a full owner name ({@code _25._tcp.mx.example.org})}
   *
   * @param owner the full owner name, with port and protocol
   */
  DnsAnswer<TlsaRecord> tlsa(Domain owner);

  /**
   * {@return the CNAME record of exactly this name, not followed: whether an alias itself is secure
   * does not show in an answer that followed it into an unsigned zone (RFC 7672 2.2.2)}
   *
   * @param name the exact owner name
   */
  DnsAnswer<Domain> alias(Domain name);

  /**
   * Removes this name from a cache: the next question goes to the DNS. For when an answer is
   * doubted; a resolver without a cache does nothing.
   *
   * @param name the exact owner name
   */
  default void forget(Domain name) {}

  /**
   * {@return the same answers as far as they are in memory, without asking and without waiting;
   * {@link DnsAnswer#isResolved} is false where they are not} A resolver without a cache returns no
   * answer; on the returned resolver, this returns itself.
   */
  default Resolver cacheOnly() {
    return EmptyCacheResolver.RESOLVER;
  }

  /**
   * {@return PTR names of an address}
   *
   * @param address the IP address
   */
  DnsAnswer<Domain> reverse(InetAddress address);

  /**
   * {@return CAA records of exactly this name (RFC 8659 4); a caller that needs those in force
   * climbs the tree (RFC 8659 3)} For the assessment; a resolver that does not support them returns
   * FAILED.
   *
   * @param name the exact owner name
   */
  default DnsAnswer<CaaRecord> caa(Domain name) {
    return DnsAnswer.unknown(DnssecStatus.FAILED, name, 0, Duration.ZERO, "CAA is not supported");
  }

  /**
   * {@return NSEC3PARAM records of a zone's apex (RFC 5155 4)} For the assessment; a resolver that
   * does not support them returns FAILED.
   *
   * @param zone the name of the zone
   */
  default DnsAnswer<Nsec3ParamRecord> nsec3param(Domain zone) {
    return DnsAnswer.unknown(
        DnssecStatus.FAILED, zone, 0, Duration.ZERO, "NSEC3PARAM is not supported");
  }
}
