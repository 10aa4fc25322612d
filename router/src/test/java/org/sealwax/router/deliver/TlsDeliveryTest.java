package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.Tls12Server;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.receive.auth.PasswordFile;
import org.sealwax.router.receive.auth.PasswordMechanisms;
import org.sealwax.testkit.tls.TestCa;

/** Levels, ladder, pool and AUTH against real TLS and its enemies. */
@Timeout(300)
final class TlsDeliveryTest {
  private static boolean any(byte[] hello) {
    return hello.length > 0;
  }

  /** The share of X25519MLKEM768 alone has more than a thousand bytes. */
  private static boolean hybrid(byte[] hello) {
    return hello.length > 1_000;
  }

  private final FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private static DomainPattern pattern(String text) {
    return DomainPattern.parse(text).orElseThrow();
  }

  private void row(PolicyRow row) {
    net.rows.add(row);
  }

  private void later(Duration time) {
    net.clock.pass(time);
  }

  private FakeHost encrypted(FakeInternet here) {
    return here.simple().tls(FakeInternet.server("mx.example.org"));
  }

  private void neverSawMail(FakeHost host) {
    assertFalse(host.commands().toString().contains("MAIL"), host.commands().toString());
    assertTrue(host.bodies().isEmpty());
  }

  @Test
  void usesTlsWhereItIsOfferedAndJudgesAlways() throws Exception {
    FakeHost host = encrypted(net);
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertTrue(host.session(0).encrypted);
    assertTrue(net.log.recorded("tlsToHost", "TLSv1.3", "X25519MLKEM768", "Trusted"));
  }

  @Test
  void theKeywordCountsInAnyCaseAndWithParameters() throws Exception {
    for (String keyword : List.of("starttls", "STARTTLS REQUIRED")) {
      try (FakeInternet here = new FakeInternet()) {
        FakeHost host =
            here.simple()
                .tls(FakeInternet.server("mx.example.org"))
                .on("EHLO", "250-fake\r\n250 " + keyword, "250 fake");
        assertEquals("delivered may:trusted", reason(here.mail().one()));
        assertTrue(host.session(0).encrypted);
      }
    }
  }

  @Test
  void onlyTheSecondListOfCapabilitiesCounts() throws Exception {
    FakeHost host = encrypted(net).offers("SIZE", "PIPELINING", "DSN").offersInTls("8BITMIME");
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertEquals("MAIL FROM:<sender@origin.example>", host.commands().get(3));
  }

  @Test
  void strippedTlsIsPlaintextUnderMayAndDeferredUnderEncrypt() throws Exception {
    for (String ehlo : List.of("250 fake", "250-fake\r\n250 XXXXXXXA")) {
      try (FakeInternet may = new FakeInternet();
          FakeInternet strict = new FakeInternet()) {
        may.simple().on("EHLO", ehlo);
        assertEquals("delivered may:none", reason(may.mail().one()));
        strict.level = TlsLevel.ENCRYPT;
        FakeHost host = strict.simple().on("EHLO", ehlo);
        assertEquals("deferred tls-not-offered", reason(strict.mail().one()));
        neverSawMail(host);
      }
    }
  }

  @Test
  void injectedRepliesEndTheConnectionWithoutPlaintext() throws Exception {
    FakeHost host = encrypted(net).on("STARTTLS", "220 go\r\n250-evil\r\n250 AUTH PLAIN");
    assertEquals("deferred tls-injection", reason(net.mail().one()));
    neverSawMail(host);
    later(Duration.ofHours(1));
    assertEquals("deferred tls-injection", reason(net.mail().again(FakeInternet.NOON).one()));
    neverSawMail(host);
  }

  @Test
  void refusedStarttlsIsTriedOnceMoreThenCountsAsNotOffered() throws Exception {
    FakeHost host = encrypted(net).on("STARTTLS", "454 4.7.0 not now");
    assertEquals("deferred tls-refused", reason(net.mail().one()));
    neverSawMail(host);
    later(Duration.ofMinutes(5));
    assertEquals("delivered may:none", reason(net.mail().again(FakeInternet.NOON).one()));
    try (FakeInternet strict = new FakeInternet()) {
      strict.level = TlsLevel.ENCRYPT;
      FakeHost other = encrypted(strict).on("STARTTLS", "501 what");
      assertEquals("deferred tls-refused", reason(strict.mail().one()));
      strict.clock.pass(Duration.ofHours(1));
      assertEquals("deferred tls-refused", reason(strict.mail().again(FakeInternet.NOON).one()));
      neverSawMail(other);
    }
  }

  @Test
  void hostThatFailsOnHybridKeysGetsAClassicalClientHello() throws Exception {
    FakeHost host = encrypted(net).breaksOn(TlsDeliveryTest::hybrid);
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertEquals(2, host.sessions().size());
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertEquals(3, host.sessions().size(), "the rung that works is remembered");
  }

  @Test
  void brokenTlsLeadsToPlaintextOnlyAfterTheHold() throws Exception {
    FakeHost host = encrypted(net).breaksOn(TlsDeliveryTest::any);
    assertEquals("deferred tls-broken", reason(net.mail().one()));
    assertEquals(FallbackLadder.PER_HOST, host.sessions().size());
    neverSawMail(host);
    later(Duration.ofMinutes(29));
    assertEquals("deferred tls-broken", reason(net.mail().again(FakeInternet.NOON).one()));
    neverSawMail(host);
    later(Duration.ofMinutes(1));
    int before = host.sessions().size();
    assertEquals("delivered may:none!downgrade", reason(net.mail().again(FakeInternet.NOON).one()));
    assertTrue(host.sessions().size() - before <= FallbackLadder.PER_HOST);
  }

  @Test
  void theHoldIsTheHostsAndLaterMailDoesNotWaitItOutAgain() throws Exception {
    FakeHost host = encrypted(net).breaksOn(TlsDeliveryTest::any);
    assertEquals("deferred tls-broken", reason(net.mail().one()));
    later(Duration.ofMinutes(20));
    assertEquals("deferred tls-broken", reason(net.mail().one()));
    neverSawMail(host);
    later(Duration.ofMinutes(10));
    assertEquals("delivered may:none!downgrade", reason(net.mail().one()), "its first round");
    // One handshake that works ends it for all.
    host.breaksOn(hello -> false);
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    host.breaksOn(TlsDeliveryTest::any);
    assertEquals("deferred tls-broken", reason(net.mail().again(FakeInternet.NOON).one()));
  }

  @Test
  void oldTlsFailureDoesNotAllowPlaintext() throws Exception {
    FakeHost host = encrypted(net).breaksOn(TlsDeliveryTest::any);
    assertEquals("deferred tls-broken", reason(net.mail().one()));
    later(FallbackLadder.NEGATIVE_MEMORY.plusSeconds(1));
    assertEquals("deferred tls-broken", reason(net.mail().again(FakeInternet.NOON).one()));
    neverSawMail(host);
  }

  @Test
  void brokenTlsNeverLeadsToPlaintextUnderEncrypt() throws Exception {
    net.level = TlsLevel.ENCRYPT;
    FakeHost host = encrypted(net).breaksOn(TlsDeliveryTest::any);
    for (int round = 1; round <= 4; round++) {
      FakeInternet.FakeMail mail = net.mail();
      assertEquals(
          "deferred tls-broken",
          reason(round == 1 ? mail.one() : mail.again(FakeInternet.NOON).one()));
      later(Duration.ofHours(1));
    }
    neverSawMail(host);
  }

  @Test
  void tlsAtTheSecondHostComesBeforePlaintextAtTheFirst() throws Exception {
    FakeHost first = encrypted(net).breaksOn(TlsDeliveryTest::any);
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    FakeHost other = net.host("192.0.2.2").tls(FakeInternet.server("mx2.example.org"));
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    later(Duration.ofHours(1));
    assertEquals("delivered may:trusted", reason(net.mail().again(FakeInternet.NOON).one()));
    neverSawMail(first);
    assertEquals(2, other.bodies().size());
  }

  @Test
  void aDeliveryMakesEightConnectionsAtMost() throws Exception {
    FakeHost broken = net.host("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5");
    broken.tls(FakeInternet.server("mx.example.org")).breaksOn(TlsDeliveryTest::any);
    for (int i = 1; i <= 5; i++) {
      net.dns
          .mx("example.org", i, "mx" + i + ".example.org")
          .a("mx" + i + ".example.org", "192.0.2." + i);
    }
    assertEquals("deferred tls-broken", reason(net.mail().one()));
    assertEquals(FallbackLadder.PER_DELIVERY, broken.sessions().size());
    int before = broken.sessions().size();
    later(Duration.ofHours(1));
    // First the hosts that have had no turn yet: plaintext comes after every one has been tried.
    assertEquals("deferred tls-broken", reason(net.mail().again(FakeInternet.NOON).one()));
    assertTrue(broken.sessions().size() - before <= FallbackLadder.PER_DELIVERY);
    before = broken.sessions().size();
    later(Duration.ofHours(2));
    assertEquals("delivered may:none!downgrade", reason(net.mail().again(FakeInternet.NOON).one()));
    assertTrue(broken.sessions().size() - before <= FallbackLadder.PER_DELIVERY);
  }

  @Test
  void missingStarttlsAfterTlsIsNotPlaintextAtOnce() throws Exception {
    FakeHost host = encrypted(net);
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    host.on("EHLO", "250 fake");
    assertEquals("deferred tls-not-offered", reason(net.mail().one()));
    assertEquals(1, host.bodies().size());
    assertTrue(net.log.recorded("tlsToHostFailed", "NOT_OFFERED"));
  }

  @Test
  void verifyAndSecureTakeTheNamesTheyMean() throws Exception {
    record Case(TlsLevel level, String certificate, String expected) {}
    for (Case c :
        List.of(
            new Case(TlsLevel.VERIFY, "mx.example.org", "delivered verify:verified"),
            new Case(TlsLevel.SECURE, "mx.example.org", "delivered secure:verified"),
            new Case(TlsLevel.SECURE, "example.org", "delivered secure:verified"),
            new Case(TlsLevel.VERIFY, "other.example", "deferred tls-identity"),
            new Case(TlsLevel.ENCRYPT, "other.example", "delivered encrypt:trusted"))) {
      try (FakeInternet here = new FakeInternet()) {
        here.level = c.level();
        FakeHost host = here.simple().tls(FakeInternet.server(c.certificate()));
        assertEquals(c.expected(), reason(here.mail().one()), c.toString());
        if (c.expected().startsWith("deferred")) {
          neverSawMail(host);
          assertEquals(1, host.sessions().size(), "a verdict leads to no other rung");
        }
      }
    }
  }

  @Test
  void aForgedMxWithACertificateOfItsOwnDoesNotPassSecure() throws Exception {
    net.level = TlsLevel.SECURE;
    net.dns.mx("example.org", 10, "mx.evil.example").a("mx.evil.example", "192.0.2.1");
    FakeHost evil = net.host("192.0.2.1").tls(FakeInternet.server("mx.evil.example"));
    assertEquals("deferred tls-identity", reason(net.mail().one()));
    neverSawMail(evil);
  }

  @Test
  void pinnedKeyIsEnoughWhateverTheCertificate() throws Exception {
    var identity = TestCa.selfSigned("whatever.example");
    row(PolicyRow.pinned(pattern("example.org"), Set.of(Pins.of(identity.chain().getFirst()))));
    net.simple()
        .tls(
            new org.sealwax.mail.tls.TlsFactory(
                    org.sealwax.mail.tls.TlsSettings.defaults(),
                    Clock.system(),
                    org.sealwax.mail.net.RandomSource.secure())
                .server(
                    org.sealwax.mail.tls.ListenerTlsSettings.defaults("pinned"),
                    IdentityStore.fixed(identity, java.util.Map.of(), Clock.system()),
                    new org.sealwax.mail.tls.verdict.ReferenceIdentity(
                        List.of(), Set.of(), FakeInternet.ca().roots())));
    assertEquals("delivered fingerprint:verified", reason(net.mail().one()));
    try (FakeInternet other = new FakeInternet()) {
      other.rows.addAll(net.rows);
      FakeHost host = encrypted(other);
      assertEquals("deferred tls-identity", reason(other.mail().one()));
      neverSawMail(host);
    }
  }

  @Test
  void idleConnectionsAreUsedAgainUnderTheSameRequirementOnly() throws Exception {
    net.pool = ConnectionPoolSettings.defaults();
    row(PolicyRow.of(pattern("strict.example"), TlsLevel.VERIFY));
    FakeHost host = encrypted(net);
    net.dns.mx("strict.example", 10, "mx.example.org");
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertEquals(1, host.sessions().size());
    NextHop strict = new NextHop.ByMx(Domain.of("strict.example"));
    assertEquals("delivered verify:verified", reason(net.mail().by(strict).one()));
    assertEquals(2, host.sessions().size(), "another next hop and requirement");
    assertEquals(2, net.agent().idleConnections());
    net.agent().close();
    host.session(0).awaitQuit();
    host.session(1).awaitQuit();
  }

  @Test
  void aStaleConnectionIsNoFailedAttempt() throws Exception {
    net.pool = ConnectionPoolSettings.defaults();
    for (String death : List.of(FakeHost.CLOSE, "421 4.4.2 idle too long")) {
      try (FakeInternet here = new FakeInternet()) {
        here.pool = ConnectionPoolSettings.defaults();
        FakeHost host = here.simple().offers("PIPELINING").on("MAIL", "250 ok", death, "250 ok");
        assertEquals("delivered may:none", reason(here.mail().one()));
        assertEquals("delivered may:none", reason(here.mail().one()));
        assertEquals(2, host.sessions().size());
        assertEquals(2, host.bodies().size());
      }
    }
  }

  @Test
  void aConnectionEndsWithItsShareOfMessages() throws Exception {
    net.pool = new ConnectionPoolSettings(5, 5, Duration.ofSeconds(5), 2, Duration.ofMinutes(5));
    FakeHost host = net.simple();
    for (int i = 0; i < 5; i++) {
      assertEquals("delivered may:none", reason(net.mail().one()));
    }
    assertEquals(3, host.sessions().size());
    later(Duration.ofMinutes(6));
    assertEquals("delivered may:none", reason(net.mail().one()));
  }

  private NextHop smart() {
    return new NextHop.Fixed(Domain.of("smart.example"), 587, "smart");
  }

  private FakeHost smart(FakeInternet here, String certificate, PolicyRow... row) {
    here.dns.a("smart.example", "192.0.2.7");
    here.routes.put(
        "smart",
        new RouteSettings(
            "smart",
            Domain.of("smart.example"),
            587,
            false,
            new Credentials("user", "pencil"),
            row.length == 0 ? null : row[0]));
    return here.host("192.0.2.7")
        .tls(FakeInternet.server(certificate))
        .offersInTls("AUTH PLAIN LOGIN")
        .on("AUTH PLAIN", "235 2.7.0 welcome");
  }

  @Test
  void credentialsGoToAVerifiedSmartHost() throws Exception {
    FakeHost host = smart(net, "smart.example");
    assertEquals("delivered secure:verified", reason(net.mail().by(smart()).one()));
    assertTrue(host.commands().contains("AUTH PLAIN AHVzZXIAcGVuY2ls"));
    assertTrue(host.commands().toString().contains(" AUTH=<>"));
    assertFalse(net.log.facts().toString().contains("pencil"));
  }

  @Test
  void credentialsNeverGoToAnybodyElseWhateverTheLevel() throws Exception {
    for (TlsLevel level : List.of(TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT, TlsLevel.SECURE)) {
      try (FakeInternet here = new FakeInternet()) {
        FakeHost host = smart(here, "other.example", PolicyRow.of(new DomainPattern.Any(), level));
        assertTrue(reason(here.mail().by(smart()).one()).startsWith("deferred"), level.word());
        assertFalse(host.commands().toString().contains("AUTH"), level.word());
        neverSawMail(host);
      }
    }
  }

  @Test
  void refusedCredentialsDeferAndBounceNothing() throws Exception {
    smart(net, "smart.example").on("AUTH PLAIN", "535 5.7.8 wrong");
    assertEquals("deferred auth", reason(net.mail().by(smart()).one()));
  }

  @Test
  void implicitTlsRejectsPlaintextBanner() throws Exception {
    net.dns.a("smart.example", "192.0.2.7");
    net.routes.put(
        "smart", new RouteSettings("smart", Domain.of("smart.example"), 465, true, null, null));
    FakeHost host = net.host("192.0.2.7").implicitTls(FakeInternet.server("smart.example"));
    NextHop hop = new NextHop.Fixed(Domain.of("smart.example"), 465, "smart");
    assertEquals("delivered encrypt:verified", reason(net.mail().by(hop).one()));
    assertTrue(host.session(0).encrypted);
  }

  private static org.sealwax.mail.tls.wire.ClientHello hello(byte[] octets) {
    return switch (org.sealwax.mail.tls.wire.ClientHello.read(octets, 0, octets.length)) {
      case org.sealwax.mail.tls.wire.ClientHello.ClientHelloParse.Whole w -> w.hello();
      case org.sealwax.mail.tls.wire.ClientHello.ClientHelloParse.Partial p ->
          throw new AssertionError("a ClientHello in several records");
      case org.sealwax.mail.tls.wire.ClientHello.ClientHelloParse.Broken b ->
          throw new AssertionError(b.why());
    };
  }

  private static boolean tls13(byte[] octets) {
    return hello(octets).offersTls13();
  }

  private static boolean isFallback(byte[] octets) {
    return hello(octets).suites().contains(0x5600);
  }

  private static TlsServer old() {
    try {
      return new Tls12Server(
          FakeInternet.ca().identity("mx.example.org"),
          new ReferenceIdentity(List.of(), Set.of(), FakeInternet.ca().roots()));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aHostThatChokesOnTls13GetsTls12InTheSecondRound() throws Exception {
    FakeHost host = net.simple().tls(old()).breaksOn(TlsDeliveryTest::tls13);
    assertEquals("deferred tls-broken", reason(net.mail().one()));
    assertEquals(FallbackLadder.PER_HOST, host.sessions().size());
    later(Duration.ofMinutes(5));
    assertEquals("delivered may:trusted", reason(net.mail().again(FakeInternet.NOON).one()));
    FakeHost.FakeHostSession last = host.sessions().getLast();
    assertFalse(isFallback(last.clientHellos.getFirst()), "nothing better was ever seen there");
    assertTrue(net.log.recorded("tlsToHost", "TLSv1.2"));
    assertEquals("delivered may:trusted", reason(net.mail().one()), "remembered");
    assertEquals(FallbackLadder.PER_HOST + 2, host.sessions().size());
  }

  @Test
  void tls12AfterTls13IsLoggedAsDowngrade() throws Exception {
    FakeHost host = encrypted(net);
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    host.tls(old()).breaksOn(TlsDeliveryTest::tls13);
    assertEquals("deferred tls-broken", reason(net.mail().one()));
    later(Duration.ofMinutes(1));
    assertEquals(
        "delivered may:trusted!downgrade", reason(net.mail().again(FakeInternet.NOON).one()));
    assertTrue(isFallback(host.sessions().getLast().clientHellos.getFirst()));
    int before = host.sessions().size();
    assertEquals("delivered may:trusted!downgrade", reason(net.mail().one()));
    assertEquals(before + 2, host.sessions().size(), "the full offer is tried first, for ever");
  }

  @Test
  void attackerWhoBreaksTls13DoesNotForceTls12() throws Exception {
    FakeHost host = encrypted(net);
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    host.breaksOn(TlsDeliveryTest::tls13);
    for (int i = 0; i < 3; i++) {
      assertEquals("deferred tls-broken", reason(net.mail().one()));
      later(Duration.ofMinutes(6));
    }
    assertTrue(net.log.recorded("tlsToHostFailed", "inappropriate_fallback"));
    assertEquals(1, host.bodies().size());
  }

  @Test
  void underDemandADowngradeNeedsTwoFailuresOfTheFullOfferFiveMinutesApart() throws Exception {
    net.level = TlsLevel.ENCRYPT;
    FakeHost host = encrypted(net);
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
    host.tls(old()).breaksOn(TlsDeliveryTest::tls13);
    // Minutes and seconds of each round; connections made in it.
    record Step(Duration pause, int connections, String expected) {}
    for (Step step :
        List.of(
            new Step(Duration.ZERO, 1, "deferred tls-broken"),
            new Step(Duration.ofSeconds(299), 1, "deferred tls-broken"),
            new Step(Duration.ofSeconds(1), 3, "deferred tls-broken"),
            new Step(Duration.ofSeconds(1), 2, "delivered encrypt:trusted!downgrade"))) {
      later(step.pause());
      int before = host.sessions().size();
      assertEquals(step.expected(), reason(net.mail().one()), step.toString());
      assertEquals(step.connections(), host.sessions().size() - before, step.toString());
    }
    host.tls(FakeInternet.server("mx.example.org")).breaksOn(x -> false);
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
    host.tls(old()).breaksOn(TlsDeliveryTest::tls13);
    later(Duration.ofMinutes(10));
    assertEquals(
        "deferred tls-broken", reason(net.mail().one()), "a success starts the count again");
  }

  @Test
  void hostMemorySurvivesAReload() throws Exception {
    FakeHost host = encrypted(net);
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    host.on("EHLO", "250 fake");
    try (SmtpDeliveryAgent next = net.agent(net.dns.build(), Dialers.both(net), net.roots)) {
      Outcome outcome = next.deliver(net.mail().to("bob").consignment()).get(1L);
      assertEquals("deferred tls-not-offered", reason(outcome));
    }
    assertEquals(1, net.memories.size());
    assertEquals(1, host.bodies().size(), "nothing left in plaintext after the reload");
  }

  @Test
  void recipientDeferredUnderTlsIsNotSentInPlaintext() throws Exception {
    FakeHost first = encrypted(net).on("RCPT TO:<grey", "451 4.7.1 Greylisted");
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    FakeHost stripped = net.host("192.0.2.2");
    var outcomes = net.mail().to("bob", "grey").deliver();
    assertEquals("delivered may:trusted", reason(outcomes.get(1L)));
    assertEquals("deferred greylisted", reason(outcomes.get(2L)));
    neverSawMail(stripped);
    net.clock.pass(Duration.ofHours(1));
    stripped.tls(FakeInternet.server("mx2.example.org")).breaksOn(TlsDeliveryTest::any);
    assertEquals(
        "deferred greylisted", reason(net.mail().again(FakeInternet.NOON).to("grey").one()));
    neverSawMail(stripped);
    stripped.breaksOn(x -> false);
    net.clock.pass(Duration.ofHours(21));
    assertEquals("delivered may:trusted", reason(net.mail().to("grey").one()));
    assertEquals(1, first.bodies().size());
  }

  @Test
  void everyRecipientHasOneOutcomeWhereverTlsIsCut() throws Exception {
    // From the last cut to the first: near the end every byte, in the handshake with long steps.
    int whole;
    try (FakeInternet here = new FakeInternet()) {
      FakeHost host = encrypted(here).offers("PIPELINING");
      assertEquals("delivered may:trusted", reason(here.mail().to("a", "b").one()));
      host.session(0).awaitQuit();
      whole = host.session(0).sent.get();
    }
    int delivered = 0;
    int cut = 0;
    for (int octets = whole + 40; octets > 0; octets -= octets > whole - 330 ? 3 : 173) {
      try (FakeInternet here = new FakeInternet()) {
        FakeHost host = encrypted(here).offers("PIPELINING").sendsAtMost(octets);
        Map<Long, Outcome> outcomes = here.mail().to("a", "b").deliver();
        boolean taken = host.took();
        for (Outcome outcome : outcomes.values()) {
          assertFalse(outcome instanceof Outcome.Refused, "a broken connection refuses nobody");
          assertEquals(taken, outcome instanceof Outcome.Delivered, "after " + octets + " bytes");
        }
        neverPlaintext(host);
        delivered += taken ? 1 : 0;
        cut++;
      }
    }
    assertTrue(delivered > 0 && cut - delivered > 60, delivered + " of " + cut);
  }

  @Test
  void everyRecipientHasOneOutcomeWhereverTlsStalls() throws Exception {
    int whole;
    try (FakeInternet here = new FakeInternet()) {
      FakeHost host = encrypted(here).offers("PIPELINING");
      assertEquals("delivered may:trusted", reason(here.mail().one()));
      host.session(0).awaitQuit();
      whole = host.session(0).received.get();
    }
    for (int octets = whole + 40; octets > 0; octets -= octets > whole - 400 ? 7 : 173) {
      try (FakeInternet here = new FakeInternet()) {
        FakeHost host = encrypted(here).offers("PIPELINING").readsAtMost(octets);
        Outcome outcome = here.mail().one();
        boolean taken = host.took();
        assertEquals(taken, outcome instanceof Outcome.Delivered, "after " + octets + " bytes");
        assertFalse(outcome instanceof Outcome.Refused, "a broken connection refuses nobody");
        neverPlaintext(host);
      }
    }
  }

  private static void neverPlaintext(FakeHost host) {
    for (FakeHost.FakeHostSession session : host.sessions()) {
      assertTrue(session.encrypted || !session.verbs().contains("MAIL"), "mail in plaintext");
    }
  }

  private FakeHost withOurMechanisms(
      FakeInternet here, java.nio.file.Path folder, String... offered) throws Exception {
    java.nio.file.Path passwords = folder.resolve("passwords");
    java.nio.file.Files.writeString(passwords, PASSWORDS);
    java.nio.file.Files.setPosixFilePermissions(
        passwords, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
    PasswordFile file = new PasswordFile(passwords, new byte[16], here.clock, here.log.log());
    FakeHost host = smart(here, "smart.example").offersInTls("AUTH " + String.join(" ", offered));
    return host.sasl(new PasswordMechanisms(file, RandomSource.seeded(7)));
  }

  /** The keys of RFC 7677 section 3: user, pencil. */
  private static final String PASSWORDS =
      "user:{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,"
          + "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
          + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n";

  @Test
  void ourClientAndOurServerKnowEachOtherByScramAndPlain(@TempDir java.nio.file.Path folder)
      throws Exception {
    for (String[] offered :
        List.of(
            new String[] {"SCRAM-SHA-256", "PLAIN"},
            new String[] {"SCRAM-SHA-256"},
            new String[] {"PLAIN"})) {
      try (FakeInternet here = new FakeInternet()) {
        FakeHost host = withOurMechanisms(here, folder, offered);
        assertEquals("delivered secure:verified", reason(here.mail().by(smart()).one()));
        assertEquals("user", host.session(0).user);
        boolean scram = offered[0].startsWith("SCRAM");
        assertTrue(
            host.commands().toString().contains(scram ? "AUTH SCRAM-SHA-256 " : "AUTH PLAIN"));
        assertEquals(
            !scram, host.commands().toString().contains("AHVzZXIAcGVuY2ls"), "the password");
      }
    }
  }

  @Test
  void ourServerRefusesOurClientWithAnotherPassword(@TempDir java.nio.file.Path folder)
      throws Exception {
    for (String offered : List.of("SCRAM-SHA-256", "PLAIN")) {
      try (FakeInternet here = new FakeInternet()) {
        FakeHost host = withOurMechanisms(here, folder, offered);
        RouteSettings route = java.util.Objects.requireNonNull(here.routes.get("smart"));
        here.routes.put(
            "smart",
            new RouteSettings(
                route.name(),
                route.host(),
                route.port(),
                route.implicitTls(),
                new Credentials("user", "crayon"),
                null));
        assertEquals("deferred auth", reason(here.mail().by(smart()).one()));
        neverSawMail(host);
      }
    }
  }

  @Test
  void slowAuthAtASmartHostTimesOut() throws Exception {
    net.times = SmtpTimeouts.defaults().atMost(Duration.ofMillis(500));
    FakeHost host = smart(net, "smart.example").dribblesAt("AUTH");
    assertEquals("deferred timeout", reason(net.mail().by(smart()).one()));
    neverSawMail(host);
  }

  @Test
  void theLastGuardStopsWhateverWasDecided() {
    Outcome outcome;
    try (FakeInternet here = new FakeInternet()) {
      here.level = TlsLevel.ENCRYPT;
      FakeHost host = here.simple();
      var consignment = here.mail().to("bob").consignment();
      var tls = here.tls();
      var times = here.settings().times();
      var policy =
          new org.sealwax.mail.policy.Policy(
              here.settings().ladder(), org.sealwax.mail.policy.TlsFloors.DEFAULT);
      var terms =
          HostRequirement.of(
              org.sealwax.mail.policy.PolicySubject.fixed(Domain.of("mx.example.org")),
              List.of(new org.sealwax.mail.policy.Evidence.Default(TlsLevel.ENCRYPT)),
              policy,
              FakeInternet.NOON);
      var greeted =
          new org.sealwax.mail.smtp.session.Greeting(tls, times)
              .greet(
                  connect(here),
                  new org.sealwax.mail.smtp.session.GreetingOptions(
                      "router.example",
                      org.sealwax.mail.smtp.session.GreetingOptions.TlsMode.CLEAR,
                      offer()));
      var dialogue = greeted.session();
      if (dialogue == null) {
        throw new AssertionError("not greeted");
      }
      HostConnection forged =
          new HostConnection(dialogue, terms, new java.net.InetSocketAddress(0), false, false, 0);
      ConsignmentTransfer transfer = here.agent().transfer(consignment);
      org.junit.jupiter.api.Assertions.assertThrows(
          IllegalStateException.class, () -> transfer.runOn(forged));
      neverSawMail(host);
      transfer.endAllWith(FailureTable.bug());
      outcome = transfer.end().values().iterator().next();
    }
    assertEquals("deferred internal", reason(outcome));
  }

  private static org.sealwax.mail.net.Wire connect(FakeInternet here) {
    try {
      return here.connect(
          new java.net.InetSocketAddress(java.net.InetAddress.ofLiteral("192.0.2.1"), 25),
          null,
          Duration.ofSeconds(5));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static org.sealwax.mail.tls.ClientOffer offer() {
    return new org.sealwax.mail.tls.ClientOffer(
        null,
        org.sealwax.mail.tls.verdict.TlsFloor.DEFAULT,
        org.sealwax.mail.tls.verdict.TlsVersion.TLS_1_3,
        true,
        false,
        false,
        false,
        new org.sealwax.mail.tls.verdict.ReferenceIdentity(
            List.of(), Set.of(), FakeInternet.ca().roots()),
        "test");
  }
}
