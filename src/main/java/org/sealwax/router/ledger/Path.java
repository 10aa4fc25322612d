package org.sealwax.router.ledger;

import java.net.Inet6Address;
import java.net.InetAddress;
import org.sealwax.mail.address.Domain;

/**
 * A way to a domain: one host in one address family. Attackers sit on paths.
 *
 * @param host the MX host
 * @param family of the address
 */
public record Path(Domain host, Family family) {
  /** Address families. */
  public enum Family {
    IPV4,
    IPV6;

    static Family of(InetAddress address) {
      return address instanceof Inet6Address ? IPV6 : IPV4;
    }
  }
}
