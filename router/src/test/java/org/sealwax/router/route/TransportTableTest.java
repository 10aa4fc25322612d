package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.router.queue.DeliveryTarget;

final class TransportTableTest {
  private static ForwardSettings settings(
      List<ForwardSettings.TransportRoute> routes, ForwardSettings.RelayDomain... relays) {
    return new ForwardSettings(
        List.of(),
        List.of(relays),
        routes,
        null,
        Set.of(),
        RecipientDelimiter.PLUS,
        false,
        null,
        Set.of());
  }

  private static ForwardSettings.TransportRoute route(String pattern, String hop) {
    return SettingsRecord.defaults(
        ForwardSettings.TransportRoute.class,
        Map.of(
            "pattern",
            DomainPattern.parse(pattern).orElseThrow(),
            "hop",
            ConfiguredHop.parse(hop)));
  }

  private static String key(TransportTable routes, String domain) {
    return routes.nextHopFor(new DeliveryTarget.Remote(new Mailbox("u", Domain.of(domain)))).key();
  }

  @Test
  void takesTheMostSpecificRow() {
    TransportTable routes =
        new TransportTable(
            settings(
                List.of(
                    route("*", "smart.example:587"),
                    route(".example.org", "[192.0.2.1]"),
                    route(".deep.example.org", "deep.example"),
                    route("one.example.org", "pipe:tracker"),
                    route("direct.example", "mx")),
                new ForwardSettings.RelayDomain(
                    Domain.of("relayed.example.org"),
                    new ConfiguredHop.Host(Domain.of("inside.example"), 2525),
                    null,
                    ForwardSettings.RecipientVerification.NEXT_HOP,
                    false)));
    assertEquals("*!smart.example:587", key(routes, "elsewhere.example"));
    assertEquals("*!smart.example:587", key(routes, "example.org"));
    assertEquals(".example.org![192.0.2.1]:25", key(routes, "a.example.org"));
    assertEquals(".deep.example.org!deep.example:25", key(routes, "x.y.deep.example.org"));
    assertEquals("|tracker", key(routes, "one.example.org"));
    assertEquals("direct.example", key(routes, "direct.example"));
    assertEquals("relayed.example.org!inside.example:2525", key(routes, "relayed.example.org"));
  }

  @Test
  void goesByMxWithoutRowsAndToLiteralsDirectly() {
    TransportTable routes = new TransportTable(ForwardSettings.defaults());
    assertEquals("a.example", key(routes, "a.example"));
    Mailbox literal = new Mailbox("u", new AddressLiteral(InetAddress.ofLiteral("192.0.2.9")));
    assertEquals(
        "literal![192.0.2.9]:25", routes.nextHopFor(new DeliveryTarget.Remote(literal)).key());
    TransportTable smart = new TransportTable(settings(List.of(route("*", "smart.example"))));
    assertEquals("*!smart.example:25", smart.nextHopFor(new DeliveryTarget.Remote(literal)).key());
    assertEquals("|p", routes.nextHopFor(new DeliveryTarget.Pipe("p", literal)).key());
  }

  static List<Arguments> nextHops() {
    return List.of(
        Arguments.of("mail.example", "Host[host=mail.example, port=25]"),
        Arguments.of("Mail.Example:2525", "Host[host=mail.example, port=2525]"),
        Arguments.of("[192.0.2.1]", "Host[host=[192.0.2.1], port=25]"),
        Arguments.of("[192.0.2.1]:65535", "Host[host=[192.0.2.1], port=65535]"),
        Arguments.of("[2001:db8::1]:1", "Host[host=[IPv6:2001:db8::1], port=1]"),
        Arguments.of("[IPv6:2001:db8::1]", "Host[host=[IPv6:2001:db8::1], port=25]"),
        Arguments.of("pipe:tracker", "Pipe[pipe=tracker]"),
        Arguments.of("mx", "Mx[]"),
        Arguments.of("", "0: not a host name, null"),
        Arguments.of("pipe:", "5: a pipe needs a name, pipe:NAME, as in [[pipe]]"),
        Arguments.of(
            "|/bin/x",
            "0: a command is not allowed here, define a [[pipe]]" + " and write pipe:NAME"),
        Arguments.of("192.0.2.1:25", "0: an address needs brackets, [192.0.2.1]:25"),
        Arguments.of("2001:db8::1", "4: an IPv6 address needs brackets, [2001:db8::1]"),
        Arguments.of("[mail.example]:26", "1: brackets contain an address, mail.example:26"),
        Arguments.of("[192.0.2.1", "10: the closing bracket is missing, null"),
        Arguments.of("[192.0.2.1]x", "11: only :port may follow, null"),
        Arguments.of("mail.example:0", "13: a port is a number from 1 to 65535, null"),
        Arguments.of("mail.example:65536", "13: a port is a number from 1 to 65535, null"),
        Arguments.of("mail.example:", "13: a port is a number from 1 to 65535, null"),
        Arguments.of("mail example", "0: not a host name, null"));
  }

  @ParameterizedTest
  @MethodSource("nextHops")
  void readsNextHops(String text, String expected) {
    assertEquals(expected, read(text));
  }

  private static String read(String text) {
    try {
      return ConfiguredHop.parse(text).toString();
    } catch (InvalidSetting e) {
      int character = e.character().orElseThrow();
      assertTrue(character >= 0 && character <= text.length(), text);
      return character + ": " + e.text() + ", " + e.help();
    }
  }

  @Property(tries = 500)
  void readsAnything(@ForAll String text) {
    read(text);
    read("[" + text + "]");
    read("h:" + text);
  }
}
