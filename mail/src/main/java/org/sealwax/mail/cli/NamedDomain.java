package org.sealwax.mail.cli;

import java.net.InetAddress;
import java.net.URI;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.address.Domain;

/** A domain as an admin names it. */
public final class NamedDomain {
  private static final Pattern ADDRESS =
      Pattern.compile("\\[?(?:[Ii][Pp][Vv]6:)?([0-9A-Fa-f:.]{2,45})(?:%[^\\]]*)?]?");

  private NamedDomain() {}

  /**
   * {@return why a text is not the name of a domain, with what to write instead; empty when it is
   * one}
   *
   * @param text a domain in A-labels or U-labels, in any case
   */
  public static Optional<String> problem(String text) {
    Optional<Domain> domain = Domain.parse(text);
    String shown = "\"" + Printable.of(text) + "\"";
    if (isAddress(text) || domain.filter(NamedDomain::isNumber).isPresent()) {
      return Optional.of(shown + " is an IP address; name a domain");
    }
    if (domain.isPresent()) {
      return Optional.empty();
    }
    int at = text.lastIndexOf('@');
    if (at >= 0 && Domain.parse(text.substring(at + 1)).isPresent()) {
      return Optional.of(shown + " is a mail address; its domain is " + text.substring(at + 1));
    }
    return Optional.of(
        hostOfUrl(text)
            .map(host -> shown + " is a URL; its domain is " + host)
            .orElse(shown + " is not a domain"));
  }

  private static Optional<Domain> hostOfUrl(String text) {
    try {
      return text.contains("://")
          ? Optional.ofNullable(URI.create(text).getHost()).flatMap(Domain::parse)
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
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
