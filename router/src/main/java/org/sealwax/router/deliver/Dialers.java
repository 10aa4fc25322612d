package org.sealwax.router.deliver;

import org.sealwax.mail.net.Dialer;

/**
 * The dialers that open connections.
 *
 * @param byDns where DNS that others control chose the address: refuses special-use ones
 * @param configured where the admin named the host, which may well be on loopback
 */
public record Dialers(Dialer byDns, Dialer configured) {
  /** One for both: tests and closed networks. */
  public static Dialers both(Dialer dialer) {
    return new Dialers(dialer, dialer);
  }
}
