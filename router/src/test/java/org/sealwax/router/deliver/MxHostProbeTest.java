package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.queue.NextHop;
import org.sealwax.testkit.dns.FixedResolver;

/** MX hosts that no delivery needs, with real TLS under a real ledger. */
@Timeout(600)
final class MxHostProbeTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Domain SECOND = Domain.of("mx2.example.org");

  @TempDir private Path folder;
  private final FakeInternet net = new FakeInternet();
  private PersistentLedger ledger;
  private MxHostProbe unseen;

  @BeforeEach
  void open() throws IOException {
    net.times = SmtpTimeouts.defaults().atMost(Duration.ofSeconds(3));
    net.dns
        .mx("example.org", 10, "mx1.example.org")
        .a("mx1.example.org", "192.0.2.1")
        .mx("example.org", 20, SECOND.name())
        .a(SECOND.name(), "192.0.2.2");
    net.host("192.0.2.1").tls(FakeInternet.server("mx1.example.org"));
    open(LedgerSettings.defaults());
  }

  private void open(LedgerSettings settings) throws IOException {
    ledger =
        PersistentLedger.open(
            folder.resolve("ledger.db"),
            settings,
            net.clock,
            net.log.log(),
            (domain, host) -> false);
    net.ledger = ledger;
    net.sources.add(new LedgerSource(ledger));
    unseen =
        new MxHostProbe(() -> ledger, net::agent, net.clock, RandomSource.seeded(1), net.log.log());
  }

  @AfterEach
  void closeAll() throws IOException {
    unseen.close();
    net.close();
    ledger.close();
  }

  /** A day of mail, four messages, and what the greeter does meanwhile. */
  private void day() throws Exception {
    for (int i = 0; i < 4; i++) {
      assertTrue(reason(net.mail().one()).startsWith("delivered "));
      unseen.greetDueHosts();
      net.clock.pass(Duration.ofHours(6));
      unseen.greetDueHosts();
    }
  }

  @Test
  void aDomainWhoseSecondHostIsNeverNeededReachesItsLevel() throws Exception {
    FakeHost second = net.host("192.0.2.2").tls(FakeInternet.server(SECOND.name()));
    for (int i = 0; i < 5; i++) {
      day();
      assertEquals(Optional.empty(), ledger.evidenceFor(DOMAIN));
    }
    day();
    assertEquals(TlsLevel.VERIFY, ledger.evidenceFor(DOMAIN).orElseThrow().level());
    assertEquals(2, second.sessions().size(), "one greeting on each of two days");
    for (FakeHost.FakeHostSession session : second.sessions()) {
      assertEquals(
          List.of("EHLO router.example", "STARTTLS", "EHLO router.example", "QUIT"),
          session.commands);
    }
    assertEquals(24, net.results.size(), "a greeting is no session of a TLS report");
    day();
    assertEquals(2, second.sessions().size(), "and none once it is known");
  }

  /**
   * However a host refuses: by its banner, at EHLO, at STARTTLS, in the handshake or by silence.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "banner 554 go away",
        "banner 421 4.7.0 try again later",
        "banner 220-half a greeting",
        "EHLO 502 5.5.1 not here",
        "EHLO 421 4.3.2 closing",
        "EHLO CLOSE",
        "STARTTLS 454 4.7.0 TLS not available",
        "STARTTLS 502 5.5.1 no",
        "STARTTLS CLOSE",
        "no STARTTLS",
        "broken handshake"
      })
  void refusingHostIsNotProbedAgain(String how) throws Exception {
    FakeHost second = net.host("192.0.2.2").tls(FakeInternet.server(SECOND.name()));
    int space = how.indexOf(' ');
    switch (how.substring(0, space)) {
      case "banner" -> second.banner(how.substring(space + 1));
      case "no" -> second.tls(null);
      case "broken" -> second.breaksOn(hello -> true);
      default -> second.on(how.substring(0, space), how.substring(space + 1));
    }
    for (int i = 0; i < 12; i++) {
      day();
    }
    assertEquals(1, second.sessions().size());
    assertEquals(Optional.empty(), ledger.evidenceFor(DOMAIN));
  }

  @Test
  void nothingIsGreetedWhereItIsSwitchedOff() throws Exception {
    unseen.close();
    ledger.close();
    LedgerSettings d = LedgerSettings.defaults();
    net.sources.clear();
    open(SettingsRecord.with(d, Map.of("greetUnseen", false)));
    FakeHost second = net.host("192.0.2.2").tls(FakeInternet.server(SECOND.name()));
    for (int i = 0; i < 8; i++) {
      day();
    }
    assertEquals(0, second.sessions().size());
    assertEquals(Optional.empty(), ledger.evidenceFor(DOMAIN), "the second host was never seen");
  }

  /** One host at a time, not before ten minutes, and not in step with the delivery. */
  @Test
  void greetingsAreSpreadInTime() throws Exception {
    Set<Long> minutes = new TreeSet<>();
    for (int i = 0; i < 20; i++) {
      Duration after = Duration.between(net.clock.now(), unseen.due());
      assertTrue(after.compareTo(MxHostProbe.SOONEST) >= 0, after.toString());
      assertTrue(after.compareTo(MxHostProbe.SOONEST.plus(MxHostProbe.SPREAD)) <= 0, "" + after);
      minutes.add(after.toMinutes());
    }
    assertTrue(minutes.size() > 10, minutes.toString());
  }

  @Test
  void greetingsComeFromTheAddressOfMail() throws Exception {
    net.bind4 = InetAddress.ofLiteral("127.0.0.1");
    net.host("192.0.2.2").tls(FakeInternet.server(SECOND.name()));
    for (int i = 0; i < 4; i++) {
      day();
    }
    assertTrue(net.boundTo.containsKey("192.0.2.2"), net.boundTo.toString());
    assertEquals(Set.of(net.bind4), Set.copyOf(net.boundTo.values()));
  }

  @Test
  void hostWithoutAddressDoesNotPreventPromotion() throws Exception {
    net.dns = FixedResolver.builder();
    net.dns
        .mx("example.org", 10, "mx1.example.org")
        .a("mx1.example.org", "192.0.2.1")
        .mx("example.org", 20, SECOND.name());
    net.changed();
    for (int i = 0; i < 7; i++) {
      day();
    }
    assertEquals(TlsLevel.VERIFY, ledger.evidenceFor(DOMAIN).orElseThrow().level());
    assertFalse(net.dialled().contains("192.0.2.2"));
  }

  @Test
  void aHundredADayAreEnoughOverRestarts() throws Exception {
    for (int i = 0; i < 60; i++) {
      assertTrue(ledger.tryTakeProbe());
    }
    ledger.close();
    open(LedgerSettings.defaults());
    int taken = 0;
    while (ledger.tryTakeProbe()) {
      taken++;
    }
    assertEquals(40, taken);
    net.clock.pass(Duration.ofDays(1));
    assertTrue(ledger.tryTakeProbe());
  }

  @Test
  void routesAreNoDomains() throws Exception {
    net.routes.put("smart", RouteSettings.plain("smart", Domain.of("mx1.example.org"), 25));
    FakeInternet.FakeMail mail =
        net.mail().by(new NextHop.Fixed(Domain.of("mx1.example.org"), 25, "smart"));
    assertTrue(reason(mail.one()).startsWith("delivered "));
    unseen.greetDueHosts();
    net.clock.pass(Duration.ofHours(6));
    unseen.greetDueHosts();
    assertNull(ledger.domainRecord(Domain.of("mx1.example.org")).orElse(null));
  }
}
