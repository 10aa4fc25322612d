package org.sealwax.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.sealwax.address.Domain;
import org.sealwax.dns.DnsSettings;
import org.sealwax.dns.Resolver;
import org.sealwax.dns.Security;
import org.sealwax.dns.live.LiveResolver;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;

/** The lab as it stands before any sender comes: names, signatures, records. */
final class LabTest {
  private static Lab lab;
  private static Ticket ticket;
  private static Resolver resolver;

  @BeforeAll
  static void open() throws IOException {
    lab = TestLab.open();
    ticket = lab.issue(Traps.rows());
    resolver =
        new LiveResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(lab.resolver()))
                .withAnchors(lab.anchors()),
            Clock.system(),
            Chance.secure());
  }

  @AfterAll
  static void close() throws IOException {
    lab.close();
  }

  private static Domain site(String label) {
    return Domain.of(label + "." + ticket.zone());
  }

  private static Domain tlsa(String host) {
    return Domain.of("_25._tcp." + host + "." + ticket.zone());
  }

  @Test
  void everyRowHasALabelOfItsOwn() {
    Set<String> labels = new HashSet<>();
    for (Trap.Case row : Traps.rows()) {
      assertTrue(labels.add(row.label()), row.label());
      assertEquals(Domain.of(row.label()).name(), row.label());
    }
    assertTrue(labels.size() > 140, "only " + labels.size());
  }

  @Test
  void everyRowCanBeSetUp() {
    assertEquals(Traps.rows().size(), ticket.recipients().size());
    ticket.troubles().keySet().forEach(label -> assertEquals("a3", label));
  }

  @Test
  void signaturesAreWorthWhatTheTrapSays() {
    assertEquals(Security.INSECURE, resolver.mx(site("a1")).security());
    assertEquals(Security.SECURE, resolver.mx(site("a4")).security());
    assertEquals(Security.SECURE, resolver.mx(site("e1")).security());
    assertEquals(Security.SECURE, resolver.mx(site("e4")).security());
    assertEquals(Security.BOGUS, resolver.mx(site("e19")).security());
    assertEquals(Security.INSECURE, resolver.mx(site("e20")).security());
    assertEquals(Security.INSECURE, resolver.mx(site("e21")).security());
    assertEquals(Security.INSECURE, resolver.mx(site("e26")).security());
    assertEquals(
        Security.BOGUS,
        resolver.addresses(Domain.of("mx.e18." + ticket.zone()), Resolver.Family.IPV4).security());
    for (String bogus : List.of("e14", "e15", "e16")) {
      assertEquals(Security.BOGUS, resolver.tlsa(tlsa("mx." + bogus)).security(), bogus);
      assertEquals(Security.SECURE, resolver.mx(site(bogus)).security(), bogus);
    }
    assertEquals(Security.FAILED, resolver.tlsa(tlsa("mx.e17a")).security());
    assertEquals(Security.SECURE, resolver.tlsa(tlsa("mx.e21-mx")).security());
    assertEquals(Security.INSECURE, resolver.tlsa(tlsa("mx.e25")).security());
  }

  @Test
  void recordsAreWhatTheTrapSays() {
    assertEquals(
        "9 1 1", resolver.tlsa(tlsa("mx.e10a")).records().getFirst().toString().substring(0, 5));
    assertEquals(2, resolver.tlsa(tlsa("mx.e4")).records().size());
    assertEquals(1, resolver.tlsa(tlsa("mx1.e22")).aliases());
    assertTrue(resolver.mx(site("h1")).records().getFirst().exchange().isEmpty());
    assertEquals(20, resolver.mx(site("h7")).records().size());
    assertEquals(
        List.of("v=STSv1; id=20260101T000000;"),
        resolver.txt(Domain.of("_mta-sts.f1." + ticket.zone())).records());
    assertEquals(2, resolver.txt(Domain.of("_mta-sts.f14." + ticket.zone())).records().size());
    assertTrue(
        resolver
            .txt(Domain.of("_smtp._tls.e3." + ticket.zone()))
            .records()
            .getFirst()
            .startsWith("v=TLSRPTv1; rua=https://report."));
  }

  @Test
  void whatIsAskedIsSeen() {
    resolver.tlsa(tlsa("mx.e3"));
    assertTrue(
        ticket.sighting("e3").events().stream()
            .anyMatch(e -> e instanceof Event.Asked a && a.type().equals("TLSA") && a.dnssecOk()));
    assertFalse(
        ticket.sighting("e12").events().stream()
            .anyMatch(e -> e instanceof Event.Asked a && a.name().contains(".e3.")));
  }
}
