package org.sealwax.lab.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.judge.PtrNames;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/** Reverse names count when they lead back, and an unanswered query is reported as such. */
final class ReverseLookupsTest {
  private static LoopbackResolver dns;
  private static Resolver resolver;

  @BeforeAll
  static void open() throws IOException {
    dns =
        LoopbackResolver.start(
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
        new CachingResolver(
            DnsSettings.defaults().withResolvers(List.of(dns.address())).withAnchors(dns.anchors()),
            Clock.system(),
            RandomSource.secure());
  }

  @AfterAll
  static void close() throws IOException {
    dns.close();
  }

  private static PtrNames lookUp(String address) {
    return ReverseLookups.lookUp(resolver, InetAddress.ofLiteral(address));
  }

  @Test
  void aNameThatResolvesBackIsConfirmed() {
    assertEquals(List.of(Domain.of("mx.sender.example")), lookUp("192.0.2.25").confirmed());
    assertEquals(List.of(Domain.of("mx2.sender.example")), lookUp("192.0.2.27").confirmed());
  }

  @Test
  void aNameThatResolvesToAnotherAddressIsNotConfirmed() {
    PtrNames liar = lookUp("192.0.2.26");
    assertEquals(List.of(Domain.of("liar.sender.example")), liar.names());
    assertEquals(List.of(), liar.confirmed());
  }

  @Test
  void aMissingNameIsNotAFailedLookup() {
    assertEquals("", lookUp("192.0.2.28").unknown());
    assertEquals(List.of(), lookUp("192.0.2.28").names());
    dns.fault("40.2.0.192.in-addr.arpa", DnsFault.SERVFAIL);
    assertFalse(lookUp("192.0.2.40").unknown().isEmpty());
  }
}
