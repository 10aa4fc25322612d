package org.sealwax.mail.dns;

import java.net.InetAddress;
import java.time.Duration;
import org.sealwax.mail.address.Domain;

/**
 * Asks the DNS the questions of mail. Blocks; thread-safe; cached and single-flight in the live
 * implementation. Never throws for what the DNS says or fails to say: that is in the {@link
 * Answer}.
 */
public interface Resolver {
  /**
   * CNAMEs followed for one question: common resolvers stop at 8 to 16, honest zones need one or
   * two, and each may cost a validated look-up.
   */
  int MAX_ALIASES = 10;

  /** Which addresses. */
  enum Family {
    IPV4,
    IPV6
  }

  /** MX records of a domain. */
  Answer<Mx> mx(Domain domain);

  /** A or AAAA records of a host. */
  Answer<InetAddress> addresses(Domain host, Family family);

  /** TXT records, each with its strings joined, as ISO 8859-1. */
  Answer<String> txt(Domain name);

  /** TLSA records of a full owner name ({@code _25._tcp.mx.example.org}). */
  Answer<Tlsa> tlsa(Domain owner);

  /**
   * The CNAME record of exactly this name, not followed: whether an alias itself is secure does not
   * show in an answer that followed it into an unsigned zone (RFC 7672 2.2.2).
   */
  Answer<Domain> alias(Domain name);

  /**
   * Takes what a cache has about this name: the next question goes to the DNS. For when an answer
   * is doubted; a resolver without a cache does nothing.
   */
  default void forget(Domain name) {}

  /**
   * The same answers as far as they are in memory, without asking and without waiting; {@link
   * Answer#isAtHand} is false where they are not. A resolver without a cache has none at hand; what
   * this returns has itself at hand.
   */
  default Resolver atHand() {
    return NothingAtHand.RESOLVER;
  }

  /** PTR names of an address. */
  Answer<Domain> reverse(InetAddress address);

  /**
   * CAA records of exactly this name (RFC 8659 4); who needs those in force climbs (RFC 8659 3).
   * For the examiner; a resolver that does not ask for them says FAILED.
   */
  default Answer<Caa> caa(Domain name) {
    return Answer.unknown(Security.FAILED, name, 0, Duration.ZERO, "CAA is not asked for here");
  }

  /**
   * NSEC3PARAM records of a zone's apex (RFC 5155 4). For the examiner; a resolver that does not
   * ask for them says FAILED.
   */
  default Answer<Nsec3Param> nsec3param(Domain zone) {
    return Answer.unknown(
        Security.FAILED, zone, 0, Duration.ZERO, "NSEC3PARAM is not asked for here");
  }
}
