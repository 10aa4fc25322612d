package org.sealwax.router.route;

import java.net.InetAddress;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.SettingValue;

/** A next hop as the configuration writes it. */
@SettingValue(
    name = "next hop",
    form =
        "a next hop in quotes: \"host\", \"host:port\", \"[address]\", \"[address]:port\", \"pipe:NAME\" or \"mx\"")
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

  /**
   * Reads {@code host}, {@code host:port}, {@code [address]}, {@code [address]:port}, {@code
   * pipe:NAME}, {@code mx}. Whether the pipe exists is the caller's to know.
   *
   * @throws InvalidSetting for any other text
   */
  static ConfiguredHop parse(String text) {
    if (text.equals("mx")) {
      return new Mx();
    }
    if (text.startsWith("pipe:")) {
      String name = text.substring("pipe:".length());
      if (name.isBlank()) {
        throw wrong("a pipe needs a name", text.length()).help("pipe:NAME, as in [[pipe]]");
      }
      return new Pipe(name);
    }
    if (text.startsWith("|") || text.startsWith("/")) {
      throw wrong("a command is not allowed here", 0).help("define a [[pipe]] and write pipe:NAME");
    }
    if (text.startsWith("[")) {
      return literal(text);
    }
    int colon = text.indexOf(':');
    if (colon >= 0 && text.indexOf(':', colon + 1) >= 0) {
      throw wrong("an IPv6 address needs brackets", colon).help("[" + text + "]");
    }
    String name = colon < 0 ? text : text.substring(0, colon);
    if (isAddress(name)) {
      throw wrong("an address needs brackets", 0)
          .help("[" + name + "]" + (colon < 0 ? "" : text.substring(colon)));
    }
    Domain host = Domain.parse(name).orElseThrow(() -> wrong("not a host name", 0));
    return withPort(host, text, colon < 0 ? text.length() : colon);
  }

  private static InvalidSetting wrong(String why, int column) {
    return InvalidSetting.because(why).at(column);
  }

  private static ConfiguredHop literal(String text) {
    int close = text.indexOf(']');
    if (close < 0) {
      throw wrong("the closing bracket is missing", text.length());
    }
    String inside = text.substring(1, close);
    boolean tagged = inside.regionMatches(true, 0, "IPv6:", 0, 5);
    String address = tagged ? inside.substring(5) : inside;
    if (!isAddress(address)) {
      // Postfix writes [host] for "no MX"; here a plain host never means MX.
      InvalidSetting named = wrong("brackets contain an address", 1);
      throw Domain.parse(inside).isPresent()
          ? named.help(inside + text.substring(close + 1))
          : named;
    }
    return withPort(new AddressLiteral(InetAddress.ofLiteral(address)), text, close + 1);
  }

  private static ConfiguredHop withPort(MailHost host, String text, int at) {
    if (at == text.length()) {
      return new Host(host, SMTP);
    }
    if (text.charAt(at) != ':') {
      throw wrong("only :port may follow", at);
    }
    int port = 0;
    for (int i = at + 1; i < text.length(); i++) {
      char c = text.charAt(i);
      port = c >= '0' && c <= '9' && port < 100_000 ? port * 10 + (c - '0') : 100_000;
    }
    if (port < 1 || port > 65_535) {
      throw wrong("a port is a number from 1 to 65535", at + 1);
    }
    return new Host(host, port);
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
