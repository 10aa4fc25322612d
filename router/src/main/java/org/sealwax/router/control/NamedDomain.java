package org.sealwax.router.control;

import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Printable;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;

/** A domain as an admin names it in a request. */
final class NamedDomain {
  private NamedDomain() {}

  /**
   * Reads it: A-labels or U-labels in any case.
   *
   * @throws ControlRequestRefused when it is something else, with what to write instead
   */
  static Domain of(String text) throws ControlRequestRefused {
    Domain domain = Domain.parse(text).orElse(null);
    if (domain != null && !isIpAddress(domain)) {
      return domain;
    }
    String shown = "\"" + Printable.of(text) + "\"";
    int at = text.lastIndexOf('@');
    if (domain != null) {
      throw new ControlRequestRefused(shown + " is an IP address; name a domain");
    }
    throw new ControlRequestRefused(
        at >= 0 && Domain.parse(text.substring(at + 1)).isPresent()
            ? shown + " is a mail address; its domain is " + text.substring(at + 1)
            : shown + " is not a domain");
  }

  /** No top-level domain consists of digits (RFC 3696 2). */
  private static boolean isIpAddress(Domain domain) {
    String name = domain.name();
    return name.substring(name.lastIndexOf('.') + 1).chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
