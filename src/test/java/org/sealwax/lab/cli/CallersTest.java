package org.sealwax.lab.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.judge.CallerNames;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.LiveResolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.testkit.zone.Fault;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneServer;

/** Reverse names count when they lead back, and silence of the DNS is told as silence. */
final class CallersTest {
  private static ZoneServer dns;
  private static Resolver resolver;

  @BeforeAll
  static void open() throws IOException {
    dns =
        ZoneServer.start(
            Clock.system(),
            Zone.of(
                "2.0.192.in-addr.arpa",
                """
                25 PTR mx.sender.example.
                26 PTR liar.sender.example.
                27 PTR liar.sender.example.
                27 PTR mx2.sender.example.
                """),
            Zone.of(
                "sender.example",
                """
                mx A 192.0.2.25
                liar A 192.0.2.99
                mx2 A 192.0.2.27
                """));
    resolver =
        new LiveResolver(
            DnsSettings.defaults().withResolvers(List.of(dns.address())).withAnchors(dns.anchors()),
            Clock.system(),
            Chance.secure());
  }

  @AfterAll
  static void close() throws IOException {
    dns.close();
  }

  private static CallerNames look(String address) {
    return Callers.look(resolver, InetAddress.ofLiteral(address));
  }

  @Test
  void aNameThatLeadsBackIsConfirmed() {
    assertEquals(List.of(Domain.of("mx.sender.example")), look("192.0.2.25").confirmed());
    assertEquals(List.of(Domain.of("mx2.sender.example")), look("192.0.2.27").confirmed());
  }

  @Test
  void aNameThatLeadsElsewhereIsNot() {
    CallerNames liar = look("192.0.2.26");
    assertEquals(List.of(Domain.of("liar.sender.example")), liar.names());
    assertEquals(List.of(), liar.confirmed());
  }

  @Test
  void noNameIsNotTheSameAsNoAnswer() {
    assertEquals("", look("192.0.2.28").unknown());
    assertEquals(List.of(), look("192.0.2.28").names());
    dns.fault("40.2.0.192.in-addr.arpa", Fault.SERVFAIL);
    assertFalse(look("192.0.2.40").unknown().isEmpty());
  }
}
