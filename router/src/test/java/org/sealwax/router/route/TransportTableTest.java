package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.InetAddress;
import java.util.List;
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
import org.sealwax.router.queue.DeliveryTarget;

final class TransportTableTest {
  private static ForwardSettings settings(
      List<ForwardSettings.TransportRoute> routes, ForwardSettings.RelayDomain... relays) {
    return new ForwardSettings(
        List.of(), List.of(relays), routes, null, Set.of(), "+", false, null, Set.of());
  }

  private static ForwardSettings.TransportRoute route(String pattern, String hop) {
    return new ForwardSettings.TransportRoute(
        pattern,
        DomainPattern.parse(pattern).orElseThrow(),
        assertInstanceOf(ConfiguredHop.HopSyntax.Read.class, ConfiguredHop.parse(hop)).hop());
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
                    new ForwardSettings.Recipients.Verified(),
                    new ConfiguredHop.Host(Domain.of("inside.example"), 2525))));
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

  @Test
  void refusesRowsThatContradictEachOther() {
    assertThrows(
        IllegalArgumentException.class,
        () -> settings(List.of(route("a.example", "b.example"), route("a.example", "c.example"))));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            settings(
                List.of(route("a.example", "b.example")),
                new ForwardSettings.RelayDomain(
                    Domain.of("a.example"),
                    new ForwardSettings.Recipients.AcceptAll(),
                    new ConfiguredHop.Host(Domain.of("c.example"), 25))));
  }

  static List<Arguments> nextHops() {
    return List.of(
        Arguments.of("mail.example", "Read[hop=Host[host=mail.example, port=25]]"),
        Arguments.of("Mail.Example:2525", "Read[hop=Host[host=mail.example, port=2525]]"),
        Arguments.of("[192.0.2.1]", "Read[hop=Host[host=[192.0.2.1], port=25]]"),
        Arguments.of("[192.0.2.1]:65535", "Read[hop=Host[host=[192.0.2.1], port=65535]]"),
        Arguments.of("[2001:db8::1]:1", "Read[hop=Host[host=[IPv6:2001:db8:0:0:0:0:0:1], port=1]]"),
        Arguments.of(
            "[IPv6:2001:db8::1]", "Read[hop=Host[host=[IPv6:2001:db8:0:0:0:0:0:1], port=25]]"),
        Arguments.of("pipe:tracker", "Read[hop=Pipe[pipe=tracker]]"),
        Arguments.of("mx", "Read[hop=Mx[]]"),
        Arguments.of(
            "",
            "Wrong[column=0, problem=not a host name, help=host, host:port, [address] or"
                + " [address]:port]"),
        Arguments.of(
            "pipe:",
            "Wrong[column=5, problem=a pipe needs a name, help=pipe:NAME, as in [[pipe]]]"),
        Arguments.of(
            "|/bin/x",
            "Wrong[column=0, problem=a command is not allowed here, help=define a [[pipe]]"
                + " and write pipe:NAME]"),
        Arguments.of(
            "192.0.2.1:25",
            "Wrong[column=0, problem=an address needs brackets, help=[192.0.2.1]:25]"),
        Arguments.of(
            "2001:db8::1",
            "Wrong[column=4, problem=an IPv6 address needs brackets, help=[2001:db8::1]]"),
        Arguments.of(
            "[mail.example]:26",
            "Wrong[column=1, problem=brackets contain an address, help=mail.example:26]"),
        Arguments.of(
            "[192.0.2.1", "Wrong[column=10, problem=the closing bracket is missing, help=null]"),
        Arguments.of("[192.0.2.1]x", "Wrong[column=11, problem=only :port may follow, help=null]"),
        Arguments.of(
            "mail.example:0",
            "Wrong[column=13, problem=a port is a number from 1 to 65535, help=null]"),
        Arguments.of(
            "mail.example:65536",
            "Wrong[column=13, problem=a port is a number from 1 to 65535, help=null]"),
        Arguments.of(
            "mail.example:",
            "Wrong[column=13, problem=a port is a number from 1 to 65535, help=null]"),
        Arguments.of(
            "mail example",
            "Wrong[column=0, problem=not a host name, help=host, host:port, [address] or"
                + " [address]:port]"));
  }

  @ParameterizedTest
  @MethodSource("nextHops")
  void readsNextHops(String text, String expected) {
    assertEquals(expected, ConfiguredHop.parse(text).toString());
  }

  @Property(tries = 500)
  void readsAnything(@ForAll String text) {
    switch (ConfiguredHop.parse(text)) {
      case ConfiguredHop.HopSyntax.Read r -> {}
      case ConfiguredHop.HopSyntax.Wrong w -> assertEquals(true, w.column() <= text.length());
    }
    ConfiguredHop.parse("[" + text + "]");
    ConfiguredHop.parse("h:" + text);
  }
}
