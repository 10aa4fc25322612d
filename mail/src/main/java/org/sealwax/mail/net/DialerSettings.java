package org.sealwax.mail.net;

import java.util.List;
import org.sealwax.mail.address.Cidr;

/**
 * What the guarded dialer may reach although it is special-use.
 *
 * @param allowTargets networks that names from the DNS may lead to: a test's loopback, an internal
 *     network whose MX records are trusted. Empty unless configured.
 */
public record DialerSettings(List<Cidr> allowTargets) {
  /** Copies. */
  public DialerSettings {
    allowTargets = List.copyOf(allowTargets);
  }

  /** {@return nothing special-use at all} */
  public static DialerSettings defaults() {
    return new DialerSettings(List.of());
  }
}
