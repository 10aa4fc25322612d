package org.sealwax.assess.model;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;

/** What is examined. */
public sealed interface AssessmentTarget {
  /** The port of mail between hosts (RFC 5321 4.5.4.2). */
  int MAIL = 25;

  /** The port of submission with TLS from the first byte (RFC 8314 7.3). */
  int SUBMISSIONS = 465;

  /** As it was written, without port 25: for headings and file names. */
  String text();

  /**
   * A domain: all its MX hosts, all their addresses, and its policies.
   *
   * @param domain after the at sign
   */
  record DomainTarget(Domain domain) implements AssessmentTarget {
    @Override
    public String text() {
      return domain.name();
    }
  }

  /**
   * One host.
   *
   * @param name for SNI and certificate, or null when only an address is known
   * @param addresses where it is; empty: as the DNS specifies
   * @param port 1 to 65535
   * @param tlsStart how TLS begins there
   */
  record HostTarget(@Nullable Domain name, List<InetAddress> addresses, int port, TlsStart tlsStart)
      implements AssessmentTarget {
    /** Copies, and checks that it can be found. */
    public HostTarget {
      addresses = List.copyOf(addresses);
      if (name == null && addresses.isEmpty()) {
        throw new IllegalArgumentException("neither a host name nor an address");
      }
      if (port < 1 || port > 65_535) {
        throw new IllegalArgumentException("port " + port);
      }
    }

    /** The same at a given address. */
    public HostTarget at(InetAddress address) {
      return new HostTarget(name, List.of(address), port, tlsStart);
    }

    @Override
    public String text() {
      String host = name == null ? "[" + AddressText.of(addresses.getFirst()) + "]" : name.name();
      return host + ":" + port;
    }
  }

  /**
   * Reads {@code example.org} (a domain), {@code mx.example.org:25}, {@code [192.0.2.1]:25}, {@code
   * 192.0.2.1}, {@code [2001:db8::1]}, {@code smtp://HOST[:PORT]} and {@code smtps://HOST[:PORT]}
   * (hosts). Port 465 and {@code smtps} mean TLS from the first byte.
   */
  static Optional<AssessmentTarget> read(String text) {
    String rest = text.strip();
    TlsStart forced = null;
    String lower = rest.toLowerCase(Locale.ROOT);
    if (lower.startsWith("smtps://")) {
      forced = TlsStart.IMPLICIT;
      rest = rest.substring("smtps://".length());
    } else if (lower.startsWith("smtp://")) {
      forced = TlsStart.STARTTLS;
      rest = rest.substring("smtp://".length());
    }
    String host = rest;
    int port = 0;
    int colon = rest.lastIndexOf(':');
    boolean literal = rest.startsWith("[");
    boolean bareSix = !literal && rest.indexOf(':') != colon;
    if (colon >= 0 && !bareSix && (!literal || rest.charAt(colon - 1) == ']')) {
      host = rest.substring(0, colon);
      Optional<Integer> number = port(rest.substring(colon + 1));
      if (number.isEmpty()) {
        return Optional.empty();
      }
      port = number.get();
    }
    Optional<InetAddress> address = address(host);
    if (address.isEmpty() && forced == null && port == 0) {
      return name(host).map(DomainTarget::new);
    }
    int chosen = port != 0 ? port : forced == TlsStart.IMPLICIT ? SUBMISSIONS : MAIL;
    TlsStart tlsStart = forced == null ? TlsStart.of(chosen) : forced;
    if (address.isPresent()) {
      return Optional.of(new HostTarget(null, List.of(address.get()), chosen, tlsStart));
    }
    return name(host).map(name -> new HostTarget(name, List.of(), chosen, tlsStart));
  }

  /** A name; what looks like an address with a dot too many is a mistake. */
  private static Optional<Domain> name(String host) {
    return Domain.parse(host).filter(d -> !d.name().matches("[0-9]+(\\.[0-9]+){3}"));
  }

  private static Optional<Integer> port(String digits) {
    if (!digits.matches("[0-9]{1,5}")) {
      return Optional.empty();
    }
    int port = Integer.parseInt(digits);
    return port >= 1 && port <= 65_535 ? Optional.of(port) : Optional.empty();
  }

  /** An address literal, with or without brackets, with or without {@code IPv6:}. */
  private static Optional<InetAddress> address(String host) {
    String inner = host;
    if (host.startsWith("[") && host.endsWith("]")) {
      inner = host.substring(1, host.length() - 1);
      if (inner.toLowerCase(Locale.ROOT).startsWith("ipv6:")) {
        inner = inner.substring("ipv6:".length());
      }
    }
    // The JDK also takes 192.0 and 1 for addresses; users mean names, or mistyped them.
    boolean whole = inner.indexOf(':') >= 0 || inner.matches("[0-9]+(\\.[0-9]+){3}");
    try {
      return !whole || inner.indexOf('%') >= 0
          ? Optional.empty()
          : Optional.of(InetAddress.ofLiteral(inner));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
