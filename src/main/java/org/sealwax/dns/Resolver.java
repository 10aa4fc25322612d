package org.sealwax.dns;

import java.net.InetAddress;
import org.sealwax.address.Domain;

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

  /** PTR names of an address. */
  Answer<Domain> reverse(InetAddress address);
}
