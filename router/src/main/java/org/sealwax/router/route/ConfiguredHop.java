package org.sealwax.router.route;

import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;

/** A next hop as the configuration writes it. */
public sealed interface ConfiguredHop {
  /** Where mail routers listen. */
  int SMTP = 25;

  /**
   * One host: its addresses, no MX.
   *
   * @param host name or literal
   * @param port 1 to 65535
   */
  record Host(MailHost host, int port) implements ConfiguredHop {}

  /** A configured command. */
  record Pipe(String pipe) implements ConfiguredHop {}

  /** By MX, as without a row: an exception from a wider row. */
  record Mx() implements ConfiguredHop {}

  /** The result of parsing a next hop. */
  sealed interface HopSyntax {
    /** It is one. */
    record Read(ConfiguredHop hop) implements HopSyntax {}

    /**
     * It is none.
     *
     * @param column where it went wrong, from 0
     * @param problem one sentence
     * @param help what to write instead, or null
     */
    record Wrong(int column, String problem, @Nullable String help) implements HopSyntax {}
  }

  /**
   * Reads {@code host}, {@code host:port}, {@code [address]}, {@code [address]:port}, {@code
   * pipe:NAME}, {@code mx}. Whether the pipe exists is the caller's to know.
   */
  static HopSyntax parse(String text) {
    if (text.equals("mx")) {
      return new HopSyntax.Read(new Mx());
    }
    if (text.startsWith("pipe:")) {
      String name = text.substring("pipe:".length());
      return name.isBlank()
          ? new HopSyntax.Wrong(text.length(), "a pipe needs a name", "pipe:NAME, as in [[pipe]]")
          : new HopSyntax.Read(new Pipe(name));
    }
    if (text.startsWith("|") || text.startsWith("/")) {
      return new HopSyntax.Wrong(
          0, "a command is not allowed here", "define a [[pipe]] and write pipe:NAME");
    }
    if (text.startsWith("[")) {
      return literal(text);
    }
    int colon = text.indexOf(':');
    if (colon >= 0 && text.indexOf(':', colon + 1) >= 0) {
      return new HopSyntax.Wrong(colon, "an IPv6 address needs brackets", "[" + text + "]");
    }
    String name = colon < 0 ? text : text.substring(0, colon);
    if (isAddress(name)) {
      return new HopSyntax.Wrong(
          0,
          "an address needs brackets",
          "[" + name + "]" + (colon < 0 ? "" : text.substring(colon)));
    }
    Optional<Domain> host = Domain.parse(name);
    if (host.isEmpty()) {
      return new HopSyntax.Wrong(
          0, "not a host name", "host, host:port, [address] or [address]:port");
    }
    return withPort(host.get(), text, colon < 0 ? text.length() : colon);
  }

  private static HopSyntax literal(String text) {
    int close = text.indexOf(']');
    if (close < 0) {
      return new HopSyntax.Wrong(text.length(), "the closing bracket is missing", null);
    }
    String inside = text.substring(1, close);
    boolean tagged = inside.regionMatches(true, 0, "IPv6:", 0, 5);
    String address = tagged ? inside.substring(5) : inside;
    if (!isAddress(address)) {
      // Postfix writes [host] for "no MX"; here a plain host never means MX.
      return new HopSyntax.Wrong(
          1,
          "brackets contain an address",
          Domain.parse(inside).isPresent() ? inside + text.substring(close + 1) : null);
    }
    return withPort(new AddressLiteral(InetAddress.ofLiteral(address)), text, close + 1);
  }

  private static HopSyntax withPort(MailHost host, String text, int at) {
    if (at == text.length()) {
      return new HopSyntax.Read(new Host(host, SMTP));
    }
    if (text.charAt(at) != ':') {
      return new HopSyntax.Wrong(at, "only :port may follow", null);
    }
    int port = 0;
    for (int i = at + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      port = c >= '0' && c <= '9' && port < 100_000 ? port * 10 + (c - '0') : 100_000;
    }
    return port >= 1 && port <= 65_535
        ? new HopSyntax.Read(new Host(host, port))
        : new HopSyntax.Wrong(at + 1, "a port is a number from 1 to 65535", null);
  }

  private static boolean isAddress(String text) {
    if (text.isEmpty() || text.indexOf('%') >= 0) {
      return false;
    }
    // Without a dot or colon the JDK reads old forms of IPv4 that are never meant.
    boolean looksSo =
        text.indexOf(':') >= 0 || text.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    if (!looksSo || (text.indexOf(':') < 0 && text.chars().filter(c -> c == '.').count() != 3)) {
      return false;
    }
    try {
      InetAddress address = InetAddress.ofLiteral(text);
      return !address.getHostAddress().isEmpty();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
