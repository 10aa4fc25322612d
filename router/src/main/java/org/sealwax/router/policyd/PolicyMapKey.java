package org.sealwax.router.policyd;

import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.policy.PolicySubject;

/**
 * A key of {@code smtp_tls_policy_maps}: the next hop as Postfix has it (postconf(5)): a recipient
 * domain, or what a transport states, with brackets and port.
 */
sealed interface PolicyMapKey {
  /**
   * A next hop.
   *
   * @param host the domain, or what stood in brackets
   * @param port 25 unless one is named
   * @param direct whether brackets forbid the MX look-up
   */
  record NextHopKey(MailHost host, int port, boolean direct) implements PolicyMapKey {}

  /** {@code .example.org}: what Postfix asks when the domain itself was not found. */
  record Parent() implements PolicyMapKey {}

  /** A key that is not a valid next hop: the table has no entry for it. */
  record Foreign() implements PolicyMapKey {}

  /** The longest key: a name in brackets and a port. */
  int MAX_LENGTH = Domain.MAX_LENGTH + 10;

  /** Reads a key. */
  static PolicyMapKey read(String text) {
    if (text.length() > MAX_LENGTH) {
      return new Foreign();
    }
    if (text.startsWith(".")) {
      return new Parent();
    }
    if (text.startsWith("[")) {
      int close = text.indexOf(']');
      return close < 0
          ? new Foreign()
          : nextHop(text.substring(1, close), text.substring(close + 1), true);
    }
    int colon = text.indexOf(':');
    String host = colon < 0 ? text : text.substring(0, colon);
    return nextHop(host, text.substring(host.length()), false);
  }

  private static PolicyMapKey nextHop(String host, String rest, boolean direct) {
    Optional<Integer> port = port(rest);
    if (port.isEmpty()) {
      return new Foreign();
    }
    if (direct) {
      Optional<AddressLiteral> literal = literal(host);
      if (literal.isPresent()) {
        return new NextHopKey(literal.get(), port.get(), true);
      }
    }
    return Domain.parse(host)
        .<PolicyMapKey>map(d -> new NextHopKey(d, port.get(), direct))
        .orElseGet(Foreign::new);
  }

  private static Optional<AddressLiteral> literal(String text) {
    String address = text.toLowerCase(Locale.ROOT).startsWith("ipv6:") ? text.substring(5) : text;
    boolean plain =
        address.chars().allMatch(c -> Character.digit(c, 16) >= 0 || c == '.' || c == ':');
    boolean numeric =
        address.indexOf(':') >= 0
            || address.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    if (!plain || !numeric || address.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new AddressLiteral(java.net.InetAddress.ofLiteral(address)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Optional<Integer> port(String rest) {
    return switch (rest) {
      case "", ":smtp" -> Optional.of(PolicySubject.SMTP);
      case ":submission" -> Optional.of(587);
      default -> {
        boolean digits =
            rest.length() >= 2
                && rest.length() <= 6
                && rest.charAt(0) == ':'
                && rest.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
        int port = digits ? Integer.parseInt(rest.substring(1)) : 0;
        yield port >= 1 && port <= 65_535 ? Optional.of(port) : Optional.empty();
      }
    };
  }
}
