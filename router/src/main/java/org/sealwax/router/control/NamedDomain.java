package org.sealwax.router.control;

import java.net.InetAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Printable;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;

/** A domain as an admin names it in a request. */
final class NamedDomain {
  private static final Pattern ADDRESS =
      Pattern.compile("\\[?(?:[Ii][Pp][Vv]6:)?([0-9A-Fa-f:.]{2,45})(?:%[^\\]]*)?]?");

  private NamedDomain() {}

  /**
   * Reads it: A-labels or U-labels in any case.
   *
   * @throws ControlRequestRefused when it is something else, with what to write instead
   */
  static Domain of(String text) throws ControlRequestRefused {
    Domain domain = Domain.parse(text).orElse(null);
    boolean isAddress = isAddress(text) || (domain != null && isNumber(domain));
    if (domain != null && !isAddress) {
      return domain;
    }
    String shown = "\"" + Printable.of(text) + "\"";
    int at = text.lastIndexOf('@');
    if (isAddress) {
      throw new ControlRequestRefused(shown + " is an IP address; name a domain");
    }
    throw new ControlRequestRefused(
        at >= 0 && Domain.parse(text.substring(at + 1)).isPresent()
            ? shown + " is a mail address; its domain is " + text.substring(at + 1)
            : shown + " is not a domain");
  }

  /** Plain, as an address literal of RFC 5321 4.1.3, in brackets alone, or with a zone. */
  private static boolean isAddress(String text) {
    Matcher form = ADDRESS.matcher(text);
    try {
      return form.matches() && InetAddress.ofLiteral(form.group(1)).getAddress().length > 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** No top-level domain consists of digits (RFC 3696 2). */
  private static boolean isNumber(Domain domain) {
    String name = domain.name();
    return name.substring(name.lastIndexOf('.') + 1).chars().allMatch(c -> c >= '0' && c <= '9');
  }
}
