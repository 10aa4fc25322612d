package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.route.RecipientProbe;
import org.sealwax.testkit.tls.TestCa;

/** Each setting of a {@code [[policy]]} row, to the end: hosts with real TLS. */
@Timeout(300)
final class PolicyRowsDeliveryTest {
  private static final String MX = "mx.example.org";

  private final FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private void row(
      String pattern,
      TlsLevel level,
      List<Domain> names,
      @Nullable TlsVersion minimum,
      @Nullable String ca,
      @Nullable Domain serverName,
      @Nullable Instant expires,
      boolean override) {
    net.rows.add(
        new PolicyRow(
            DomainPattern.parse(pattern).orElseThrow(),
            level,
            Set.of(),
            names,
            minimum,
            ca,
            serverName,
            true,
            "a note",
            "ann",
            expires,
            override));
  }

  private void row(String pattern, TlsLevel level) {
    row(pattern, level, List.of(), null, null, null, null, false);
  }

  @Test
  void namesStandInForTheLevelsOwn() throws Exception {
    row(
        "example.org",
        TlsLevel.SECURE,
        List.of(Domain.of("post.example")),
        null,
        null,
        null,
        null,
        false);
    FakeHost host = net.simple().tls(FakeInternet.server("post.example"));
    assertEquals("delivered secure:verified", reason(net.mail().one()));
    host.tls(FakeInternet.server(MX));
    assertEquals("deferred tls-identity", reason(net.mail().one()));
  }

  @Test
  void minimumVersionRefusesOlderVersions() throws Exception {
    row("example.org", TlsLevel.ENCRYPT, List.of(), TlsVersion.TLS_1_3, null, null, null, false);
    FakeHost host = net.simple().tls(FakeInternet.old(FakeInternet.ca().identity(MX)));
    String outcome = reason(net.mail().one());
    assertTrue(outcome.startsWith("deferred tls-"), outcome);
    assertEquals(0, host.bodies().size());
    host.tls(FakeInternet.server(MX));
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
  }

  @Test
  void aCaFileCountsInPlaceOfThePublicRoots() throws Exception {
    TestCa own = TestCa.root("own");
    net.roots.put("own.pem", own.roots());
    row("example.org", TlsLevel.VERIFY, List.of(), null, "own.pem", null, null, false);
    FakeHost host = net.simple().tls(FakeInternet.server(own.identity(MX)));
    assertEquals("delivered verify:verified", reason(net.mail().one()));
    host.tls(FakeInternet.server(MX));
    assertEquals("deferred tls-identity", reason(net.mail().one()), "public roots do not count");
  }

  @Test
  void aServerNameIsSentInPlaceOfTheHosts() throws Exception {
    row(
        "example.org",
        TlsLevel.ENCRYPT,
        List.of(),
        null,
        null,
        Domain.of("front.example"),
        null,
        false);
    net.simple().tls(FakeInternet.server(MX));
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
    assertTrue(net.log.recorded("tlsToHost", "serverName=front.example"));
  }

  @Test
  void parentPatternCoversSubdomainsAndExpiredRowIsIgnored() throws Exception {
    row(".example.org", TlsLevel.ENCRYPT);
    row("example.org", TlsLevel.ENCRYPT, List.of(), null, null, null, FakeInternet.NOON, false);
    net.dns.mx("sub.example.org", 10, MX);
    FakeHost host = net.simple();
    NextHop below = new NextHop.ByMx(Domain.of("sub.example.org"));
    assertEquals("deferred tls-not-offered", reason(net.mail().by(below).one()));
    assertEquals(0, host.bodies().size());
  }

  @Test
  void aHostRowRaisesAndNeverLowers() throws Exception {
    row(MX, TlsLevel.VERIFY);
    FakeHost host = net.simple().tls(FakeInternet.server("other.example"));
    assertEquals("deferred tls-identity", reason(net.mail().one()));
    assertEquals(0, host.bodies().size());
    try (FakeInternet strict = new FakeInternet()) {
      strict.level = TlsLevel.ENCRYPT;
      strict.rows.add(PolicyRow.of(DomainPattern.parse(MX).orElseThrow(), TlsLevel.NONE));
      FakeHost clear = strict.simple();
      assertEquals("deferred tls-not-offered", reason(strict.mail().one()));
      assertEquals(0, clear.bodies().size());
    }
  }

  @Test
  void onlyAnOverrideInForcePassesMtaSts() throws Exception {
    net.sources.add(
        subject ->
            List.of(
                new Evidence.Sts(
                    Domain.of("example.org"),
                    new Evidence.StsState.Enforce(
                        "1", List.of(MxPattern.parse("elsewhere.example").orElseThrow())),
                    null)));
    row(
        "example.org",
        TlsLevel.ENCRYPT,
        List.of(),
        null,
        null,
        null,
        FakeInternet.NOON.plusSeconds(3_600),
        true);
    FakeHost host = net.simple().tls(FakeInternet.server(MX));
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
    net.clock.pass(Duration.ofHours(1));
    assertEquals("deferred sts-mx", reason(net.mail().one()), "the row has expired");
    assertEquals(1, host.bodies().size());
  }

  @Test
  void daneOnlyMeansNoMailWithoutUsableRecords() throws Exception {
    net.dane = true;
    Identity identity = TestCa.selfSigned("whatever.example");
    row("example.org", TlsLevel.DANE_ONLY);
    FakeHost host = net.simple().tls(FakeInternet.server(identity));
    assertEquals("deferred dane-missing", reason(net.mail().one()));
    assertEquals(0, host.sessions().size());
    net.dns
        .secure("example.org")
        .tlsa(
            "_25._tcp." + MX, new TlsaRecord(3, 1, 1, Pins.of(identity.chain().getFirst()).hex()));
    net.changed();
    assertEquals("delivered dane-only:verified", reason(net.mail().one()));
  }

  private static final String SMART = "smart.example.net";

  /** A smart host for all, which takes everything. */
  private FakeHost smart() {
    net.dns.a(SMART, "192.0.2.25");
    net.routes.put("*", RouteSettings.plain("*", Domain.of(SMART), 25));
    return net.host("192.0.2.25");
  }

  private static Mailbox mailbox(String text) {
    int at = text.indexOf('@');
    return new Mailbox(text.substring(0, at), Domain.of(text.substring(at + 1)));
  }

  private FakeInternet.FakeMail bySmart(String... mailboxes) {
    FakeInternet.FakeMail mail = net.mail().by(new NextHop.Fixed(Domain.of(SMART), 25, "*"));
    for (String mailbox : mailboxes) {
      mail.recipients.add(
          TestRecipients.of(
              mail.recipients.size() + 1L,
              new DeliveryTarget.Remote(mailbox(mailbox)),
              DsnRequest.none()));
    }
    return mail;
  }

  @Test
  void aRowOfTheRecipientDomainHoldsOnAConfiguredRoute() throws Exception {
    row("example.org", TlsLevel.SECURE);
    FakeHost host = smart();
    assertEquals("deferred tls-not-offered", reason(bySmart("bob@example.org").one()));
    assertEquals("delivered may:none", reason(bySmart("bob@example.com").one()));
    host.tls(FakeInternet.server("other.example"));
    assertEquals("deferred tls-identity", reason(bySmart("bob@example.org").one()));
    assertEquals(1, host.bodies().size());
    host.tls(FakeInternet.server(SMART));
    assertEquals(
        "delivered secure:verified",
        reason(bySmart("bob@example.org").one()),
        "without names it is the configured host's own name");
  }

  @Test
  void rowsOfSeveralDomainsOnOneRouteHoldForTheirOwnRecipientsOnly() throws Exception {
    row(".strict.example", TlsLevel.VERIFY);
    row("pinned.example", TlsLevel.ENCRYPT);
    FakeHost host = smart();
    Map<Long, Outcome> outcomes =
        bySmart("a@lax.example", "b@in.strict.example", "c@lax.example", "d@pinned.example")
            .deliver();
    assertEquals("delivered may:none", reason(outcomes.get(1L)));
    assertEquals("delivered may:none", reason(outcomes.get(3L)));
    for (long strict : new long[] {2, 4}) {
      Outcome outcome = outcomes.get(strict);
      assertEquals("deferred tls-not-offered", reason(outcome));
      assertTrue(
          outcome instanceof Outcome.Deferred d && d.cause().scope() == FailureCause.Extent.MESSAGE,
          "the route is not dead for others");
    }
    assertEquals(1, host.bodies().size(), "one transaction for those that travel together");
  }

  @Test
  void namesOfARecipientRowApplyToTheConnectedHost() throws Exception {
    row(
        "example.org",
        TlsLevel.SECURE,
        List.of(Domain.of("post.example")),
        null,
        null,
        null,
        null,
        false);
    AddressLiteral address = new AddressLiteral(InetAddress.ofLiteral("192.0.2.26"));
    net.routes.put("example.org", RouteSettings.plain("example.org", address, 25));
    FakeHost host = net.host("192.0.2.26").tls(FakeInternet.server(SMART));
    FakeInternet.FakeMail mail =
        bySmart("bob@example.org").by(new NextHop.Fixed(address, 25, "example.org"));
    Outcome outcome = mail.one();
    assertEquals("deferred tls-identity", reason(outcome));
    assertTrue(
        outcome instanceof Outcome.Deferred d && d.cause().scope() == FailureCause.Extent.NEXT_HOP,
        "all mail on this route is for that domain");
    host.tls(FakeInternet.server("post.example"));
    assertEquals("delivered secure:verified", reason(mail.one()));
  }

  @Test
  void recipientVerificationFollowsTheRowsOfItsDomain() throws Exception {
    row("example.org", TlsLevel.ENCRYPT);
    FakeHost host = smart();
    NextHop hop = new NextHop.Fixed(Domain.of(SMART), 25, "*");
    RecipientProbe probe = net.agent().recipientVerifier();
    assertInstanceOf(
        RecipientProbe.VerificationResult.NotKnown.class,
        probe.probe(mailbox("bob@example.org"), hop));
    assertFalse(
        host.sessions().stream()
            .anyMatch(s -> s.commands.stream().anyMatch(l -> l.startsWith("MAIL"))));
    assertInstanceOf(
        RecipientProbe.VerificationResult.Exists.class,
        probe.probe(mailbox("bob@example.com"), hop));
  }

  @Test
  void aRowForEveryDomainCoversAddressLiteralsToo() throws Exception {
    row("*", TlsLevel.ENCRYPT);
    AddressLiteral address = new AddressLiteral(InetAddress.ofLiteral("192.0.2.27"));
    FakeHost host = net.host("192.0.2.27");
    FakeInternet.FakeMail mail = net.mail().by(new NextHop.Fixed(address, 25, "literal"));
    mail.recipients.add(
        TestRecipients.of(
            1, new DeliveryTarget.Remote(new Mailbox("bob", address)), DsnRequest.none()));
    assertEquals("deferred tls-not-offered", reason(mail.one()));
    assertEquals(0, host.bodies().size());
  }
}
