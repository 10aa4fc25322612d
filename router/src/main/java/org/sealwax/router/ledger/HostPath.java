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
public record HostPath(Domain host, PathFamily family) {
  /** Address families. */
  public enum PathFamily {
    IPV4,
    IPV6;

    static PathFamily of(InetAddress address) {
      return address instanceof Inet6Address ? IPV6 : IPV4;
    }
  }
}
