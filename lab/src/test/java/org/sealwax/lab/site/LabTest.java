package org.sealwax.lab.site;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;

/** The lab before any sender comes: names, signatures, records. */
final class LabTest {
  private static Lab lab;
  private static LabToken token;
  private static Resolver resolver;

  @BeforeAll
  static void open() throws IOException {
    lab = TestLab.open();
    token = lab.issue(Traps.cases());
    resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(lab.resolver()))
                .withAnchors(lab.anchors()),
            Clock.system(),
            RandomSource.secure());
  }

  @AfterAll
  static void close() throws IOException {
    lab.close();
  }

  private static Domain site(String label) {
    return Domain.of(label + "." + token.zone());
  }

  private static Domain tlsa(String host) {
    return Domain.of("_25._tcp." + host + "." + token.zone());
  }

  @Test
  void everyTrapCaseHasItsOwnLabel() {
    Set<String> labels = new HashSet<>();
    for (Trap.TrapCase trapCase : Traps.cases()) {
      assertTrue(labels.add(trapCase.label()), trapCase.label());
      assertEquals(Domain.of(trapCase.label()).name(), trapCase.label());
    }
    assertTrue(labels.size() > 140, "only " + labels.size());
  }

  /**
   * Group by group, how many traps there are. C2 and C3 are C1 under policies, and G1 is not a
   * host: reports are looked for at every trap.
   */
  @Test
  void theTrapsAreExactlyThoseOfTheList() {
    Map<Character, Integer> last =
        Map.of('A', 4, 'B', 15, 'C', 29, 'D', 21, 'E', 30, 'F', 19, 'G', 5, 'H', 12, 'I', 5);
    Set<String> listed = new TreeSet<>();
    last.forEach(
        (group, count) -> {
          for (int i = 1; i <= count; i++) {
            listed.add(group + "" + i);
          }
        });
    listed.removeAll(Set.of("C2", "C3", "G1"));
    Set<String> there = new TreeSet<>();
    Traps.all().forEach(t -> there.add(t.id().replaceFirst("[a-d]$", "")));
    assertEquals(listed, there);
    assertEquals(
        Set.of(PolicyContext.NONE, PolicyContext.ENFORCE, PolicyContext.DANE), contexts("C1"));
    for (String every : List.of("D1", "D2", "D3", "D4", "D5")) {
      assertEquals(Set.of(PolicyContext.values()), contexts(every), every);
    }
  }

  private static Set<PolicyContext> contexts(String id) {
    return Traps.all().stream().filter(t -> t.id().equals(id)).findFirst().orElseThrow().contexts();
  }

  @Test
  void everyTrapCaseCanBeSetUp() {
    assertEquals(Traps.cases().size(), token.recipients().size());
    token.setupFailures().keySet().forEach(label -> assertEquals("a3", label));
  }

  @Test
  void signaturesAreValidOrInvalidAsTheTrapDemands() {
    assertEquals(DnssecStatus.INSECURE, resolver.mx(site("a1")).security());
    assertEquals(DnssecStatus.SECURE, resolver.mx(site("a4")).security());
    assertEquals(DnssecStatus.SECURE, resolver.mx(site("e1")).security());
    assertEquals(DnssecStatus.SECURE, resolver.mx(site("e4")).security());
    assertEquals(DnssecStatus.BOGUS, resolver.mx(site("e19")).security());
    assertEquals(DnssecStatus.INSECURE, resolver.mx(site("e20")).security());
    assertEquals(DnssecStatus.INSECURE, resolver.mx(site("e21")).security());
    assertEquals(DnssecStatus.INSECURE, resolver.mx(site("e26")).security());
    assertEquals(
        DnssecStatus.BOGUS,
        resolver
            .addresses(Domain.of("mx.e18." + token.zone()), Resolver.AddressFamily.IPV4)
            .security());
    for (String bogus : List.of("e14", "e15", "e16")) {
      assertEquals(DnssecStatus.BOGUS, resolver.tlsa(tlsa("mx." + bogus)).security(), bogus);
      assertEquals(DnssecStatus.SECURE, resolver.mx(site(bogus)).security(), bogus);
    }
    assertEquals(DnssecStatus.FAILED, resolver.tlsa(tlsa("mx.e17a")).security());
    assertEquals(DnssecStatus.SECURE, resolver.tlsa(tlsa("mx.e21-mx")).security());
    assertEquals(DnssecStatus.INSECURE, resolver.tlsa(tlsa("mx.e25")).security());
  }

  @Test
  void recordsAreAsTheTrapDemands() {
    assertEquals(
        "9 1 1", resolver.tlsa(tlsa("mx.e10a")).records().getFirst().toString().substring(0, 5));
    assertEquals(2, resolver.tlsa(tlsa("mx.e4")).records().size());
    assertEquals(1, resolver.tlsa(tlsa("mx1.e22")).aliases());
    assertTrue(resolver.mx(site("h1")).records().getFirst().exchange().isEmpty());
    assertEquals(20, resolver.mx(site("h7")).records().size());
    assertEquals(
        List.of("v=STSv1; id=20260101T000000;"),
        resolver.txt(Domain.of("_mta-sts.f1." + token.zone())).records());
    assertEquals(2, resolver.txt(Domain.of("_mta-sts.f14." + token.zone())).records().size());
    assertTrue(
        resolver
            .txt(Domain.of("_smtp._tls.e3." + token.zone()))
            .records()
            .getFirst()
            .startsWith("v=TLSRPTv1; rua=https://report."));
  }

  @Test
  void queriesAreRecorded() {
    resolver.tlsa(tlsa("mx.e3"));
    assertTrue(
        token.sighting("e3").events().stream()
            .anyMatch(
                e ->
                    e instanceof TrapEvent.DnsQueried a
                        && a.type().equals("TLSA")
                        && a.dnssecOk()));
    assertFalse(
        token.sighting("e12").events().stream()
            .anyMatch(e -> e instanceof TrapEvent.DnsQueried a && a.name().contains(".e3.")));
  }
}
