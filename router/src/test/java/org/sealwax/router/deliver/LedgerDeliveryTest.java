package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.ledger.HostRecord;
import org.sealwax.router.ledger.HostSamples;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.ledger.ProvenLevel;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.queue.NextHop;
import org.sealwax.testkit.tls.TestCa;

/** Rounds with real TLS under a real ledger that knows example.org at level verify. */
@Timeout(600)
final class LedgerDeliveryTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Domain MX = Domain.of("mx.example.org");
  private static final Domain OTHER = Domain.of("mx.other-provider.example");

  @TempDir private Path folder;
  private final FakeInternet net = new FakeInternet();
  private PersistentLedger ledger;

  @BeforeEach
  void learn() throws IOException {
    ledger =
        PersistentLedger.open(
            folder.resolve("ledger.db"),
            LedgerSettings.defaults(),
            net.clock,
            net.log.log(),
            (domain, host) -> false);
    learnAgain();
    net.ledger = ledger;
    net.sources.add(new LedgerSource(ledger));
  }

  @AfterEach
  void closeAll() throws IOException {
    net.close();
    ledger.close();
  }

  @Test
  void attackedPathGetsNoMailAndTheOtherPathDelivers() throws Exception {
    net.dns
        .mx("example.org", 10, "mx.example.org")
        .aaaa("mx.example.org", "2001:db8::1")
        .a("mx.example.org", "192.0.2.1");
    net.host("2001:db8::1");
    net.host("192.0.2.1").tls(FakeInternet.server("mx.example.org"));

    assertEquals("delivered verify:verified", reason(net.mail().one()));
    assertEquals("attack-like", ledger.activeViolation(DOMAIN).orElseThrow().what().word());
    assertEquals("attack-like", net.receipts.getFirst().violation());
  }

  @Test
  void plaintextWaitsAndTheCauseNamesTheLedger() throws Exception {
    net.simple();
    assertEquals("deferred tls-not-offered", reason(net.mail().one()));
    assertTrue(ledger.activeViolation(DOMAIN).isPresent());
  }

  @Test
  void forgedMxIsProbedInBothFamiliesAndGetsNoMail() throws Exception {
    net.dns
        .mx("example.org", 10, "mx.evil.example")
        .aaaa("mx.evil.example", "2001:db8::6")
        .a("mx.evil.example", "192.0.2.6");
    FakeHost evil =
        net.host("2001:db8::6", "192.0.2.6").tls(FakeInternet.server("mx.evil.example"));

    assertEquals("deferred ledger-mx", reason(net.mail().one()));
    assertEquals(Set.of("2001:db8:0:0:0:0:0:6", "192.0.2.6"), Set.copyOf(net.dialled()));
    HostRecord record =
        ledger.domainRecord(DOMAIN).orElseThrow().hosts().get(Domain.of("mx.evil.example"));
    assertTrue(record != null && record.counts().containsKey(ProvenLevel.VERIFIED));
    assertEquals(2, record.history().size());
    assertTrue(evil.commands().stream().noneMatch(c -> c.startsWith("MAIL")));
    assertTrue(net.receipts.isEmpty());
  }

  @Test
  void bouncesDoNotUpdateTheLedger() throws Exception {
    Domain otherDomain = Domain.of("stranger.example");
    net.dns.mx("stranger.example", 10, "mx.stranger.example").a("mx.stranger.example", "192.0.2.9");
    net.host("192.0.2.9").tls(FakeInternet.server("mx.stranger.example"));
    NextHop hop = new NextHop.ByMx(otherDomain);

    assertEquals("delivered may:trusted", reason(net.mail().by(hop).fromNullSender().one()));
    assertTrue(ledger.domainRecord(otherDomain).isEmpty());
    assertEquals("delivered may:trusted", reason(net.mail().by(hop).one()));
    assertFalse(ledger.domainRecord(otherDomain).isEmpty());
  }

  @Test
  void newProviderGetsTheMailAfterTheHold() throws Exception {
    net.dns.mx("example.org", 10, OTHER.name()).a(OTHER.name(), "192.0.2.7");
    net.host("192.0.2.7").tls(FakeInternet.server(OTHER.name()));
    Instant began = net.clock.now();
    int rounds = 0;
    while (reason(net.mail().again(began).one()).equals("deferred ledger-mx")) {
      net.clock.pass(Duration.ofHours(4));
      rounds++;
      assertTrue(rounds < 14, "longer than the hold and one interval");
    }
    assertEquals(12, rounds);
    assertTrue(ledger.activeViolation(DOMAIN).isEmpty());
    assertTrue(ledger.evidenceFor(DOMAIN).orElseThrow().known().admits(OTHER));
  }

  @Test
  void expiredCertificateWithMatchingTlsaRecordDelaysNoMail() throws Exception {
    Identity lapsed = TestCa.selfSigned("mx.example.org");
    net.dane = true;
    FakeHost host = net.simple().tls(FakeInternet.server(lapsed));
    assertEquals("deferred tls-identity", reason(net.mail().one()), "without records: the ledger");
    assertTrue(ledger.activeViolation(DOMAIN).isPresent());
    learnAgain();
    net.dns
        .secure("example.org")
        .tlsa(
            "_25._tcp.mx.example.org",
            new TlsaRecord(3, 1, 1, Pins.of(lapsed.chain().getFirst()).hex()));
    net.changed();
    assertEquals("delivered dane:verified", reason(net.mail().one()));
    assertTrue(ledger.activeViolation(DOMAIN).isEmpty(), "and it is no violation");
    assertEquals(1, host.bodies().size());
  }

  private void learnAgain() throws IOException {
    ledger.forget(DOMAIN);
    for (int i = 0; i < 32; i++) {
      RoundMx answer = new RoundMx(Set.of(MX), false, net.clock.now().plusSeconds(300));
      ledger.beginRound(DOMAIN, answer, SampleOrigin.MAIL).observed(HostSamples.verified(MX));
      net.clock.pass(Duration.ofHours(6));
    }
  }
}
