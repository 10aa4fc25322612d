package org.sealwax.policy;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.address.Domain;
import org.sealwax.address.MailHost;

/**
 * About whom a requirement is.
 *
 * @param nextHop the recipient domain, or the configured host
 * @param host the MX host to connect to; equal to {@code nextHop} when there is no MX step
 * @param secureMx whether the step from next hop to host was DNSSEC-validated
 */
public record Subject(MailHost nextHop, MailHost host, boolean secureMx) {
  /** A configured host: nothing lies between it and us. */
  public static Subject fixed(MailHost host) {
    return new Subject(host, host, false);
  }

  /** The names that level {@code verify} accepts: the host as found. */
  List<Domain> namesAsFound() {
    return host instanceof Domain d ? List.of(d) : List.of();
  }

  /**
   * The names that level {@code secure} accepts: those that no forged MX record can choose: the
   * next hop, and the host when it lies below the next hop or was found by DNSSEC.
   */
  List<Domain> namesBeyondForgery() {
    List<Domain> names = new ArrayList<>(2);
    if (nextHop instanceof Domain hop) {
      names.add(hop);
      if (host instanceof Domain h && !h.equals(hop) && (secureMx || h.isBelow(hop))) {
        names.add(h);
      }
    }
    return names;
  }
}
