package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.queue.MailOptions.TlsOption;
import org.sealwax.router.queue.Outcome;
import org.sealwax.testkit.tls.TestCa;

/** Rounds under a real ledger: what is reported to it, and what it refuses. */
@Timeout(300)
final class LedgerRoundsTest {
  private static final Domain DOMAIN = Domain.of("example.org");

  @TempDir private Path folder = Path.of("");
  private final FakeInternet net = new FakeInternet();
  private @org.jspecify.annotations.Nullable PersistentLedger made;

  private PersistentLedger ledger() {
    return java.util.Objects.requireNonNull(made);
  }

  @BeforeEach
  void begin() throws Exception {
    PersistentLedger ledger =
        PersistentLedger.open(
            folder.resolve("ledger.db"),
            SettingsRecord.with(
                LedgerSettings.defaults(),
                Map.of(
                    "sessions",
                    2,
                    "days",
                    1,
                    "perDay",
                    4,
                    "resolutions",
                    1,
                    "hostDays",
                    1,
                    "greetUnseen",
                    false,
                    "hold",
                    Duration.ofDays(2),
                    "regression",
                    LedgerSettings.Regression.HOLD,
                    "decay",
                    Duration.ofDays(180),
                    "domains",
                    1_000)),
            net.clock,
            net.log.log(),
            (domain, host) -> false);
    made = ledger;
    net.ledger = ledger;
    net.sources.add(new LedgerSource(ledger));
  }

  @AfterEach
  void end() throws Exception {
    net.close();
    ledger().close();
  }

  private FakeHost promoted() throws Exception {
    FakeHost host = net.simple().tls(FakeInternet.server("mx.example.org"));
    for (int i = 0; i < 2; i++) {
      assertEquals("delivered may:trusted", reason(net.mail().one()));
      net.clock.pass(Duration.ofHours(1));
    }
    assertEquals(TlsLevel.VERIFY, ledger().evidenceFor(DOMAIN).orElseThrow().level());
    return host;
  }

  private static boolean isRemembered(Outcome outcome) {
    return assertInstanceOf(Outcome.Deferred.class, outcome).cause().remembered();
  }

  @Test
  void strippedTlsAtAnEncryptDomainHoldsTheMail() throws Exception {
    FakeHost host = promoted();
    assertEquals("delivered verify:verified", reason(net.mail().one()));
    host.on("EHLO", "250 fake");
    for (int i = 0; i < 3; i++) {
      Outcome outcome = net.mail().again(FakeInternet.NOON).one();
      assertEquals("deferred tls-not-offered", reason(outcome));
      assertTrue(isRemembered(outcome), outcome.toString());
      net.clock.pass(Duration.ofHours(1));
    }
    assertEquals(3, host.bodies().size());
    assertFalse(net.forgotten.isEmpty(), "the DNS is asked afresh");
    assertTrue(ledger().activeViolation(DOMAIN).isPresent());
  }

  @Test
  void badCertificateAtAVerifyDomainDefersTheMail() throws Exception {
    FakeHost host = promoted();
    host.tls(FakeInternet.server(TestCa.selfSigned("mx.example.org")));
    Outcome outcome = net.mail().one();
    assertEquals("deferred tls-identity", reason(outcome));
    assertTrue(isRemembered(outcome));
    assertEquals(2, host.bodies().size());
  }

  @Test
  void forgedMxWithValidCertificateIsProbedAndGetsNoMail() throws Exception {
    promoted();
    net.dns = org.sealwax.testkit.dns.FixedResolver.builder();
    net.dns.mx("example.org", 10, "mx.evil.example").a("mx.evil.example", "192.0.2.66");
    FakeHost evil = net.host("192.0.2.66").tls(FakeInternet.server("mx.evil.example"));
    net.changed();
    Outcome outcome = net.mail().one();
    assertEquals("deferred ledger-mx", reason(outcome));
    assertTrue(isRemembered(outcome));
    assertEquals(1, evil.sessions().size(), "looked at once");
    evil.session(0).awaitQuit();
    assertEquals(
        List.of("EHLO", "STARTTLS", "EHLO", "QUIT"), evil.session(0).verbs(), "without mail");
  }

  @Test
  void requirementOfTheAdminIsNotMarkedAsLedgerOnly() throws Exception {
    FakeHost host = promoted();
    net.rows.add(PolicyRow.of(DomainPattern.parse("example.org").orElseThrow(), TlsLevel.ENCRYPT));
    net.changed();
    host.on("EHLO", "250 fake");
    Outcome outcome = net.mail().one();
    assertEquals("deferred tls-not-offered", reason(outcome));
    assertFalse(isRemembered(outcome), "the row would have kept it back as well");
  }

  @Test
  void tlsRequiredNoPassesTheLedger() throws Exception {
    FakeHost host = promoted();
    host.tls(FakeInternet.server(TestCa.selfSigned("mx.example.org")));
    assertEquals("deferred tls-identity", reason(net.mail().one()));
    assertEquals("delivered may:untrusted", reason(net.mail().tls(TlsOption.OPTIONAL).one()));
  }

  @Test
  void nullSenderDoesNotUpdateTheLedger() throws Exception {
    net.simple().tls(FakeInternet.server("mx.example.org"));
    for (int i = 0; i < 6; i++) {
      assertEquals("delivered may:trusted", reason(net.mail().fromNullSender().one()));
      net.clock.pass(Duration.ofHours(1));
    }
    assertTrue(ledger().evidenceFor(DOMAIN).isEmpty());
  }
}
