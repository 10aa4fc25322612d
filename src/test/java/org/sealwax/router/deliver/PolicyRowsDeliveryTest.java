package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeNet.reason;

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
import org.sealwax.mail.dns.Tlsa;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.TestCa;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.router.queue.Addressee;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.DsnWish;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Target;
import org.sealwax.router.route.RecipientProbe;

/** Each setting of a {@code [[policy]]} row, to the end: hosts with real TLS. */
@Timeout(60)
final class PolicyRowsDeliveryTest {
  private static final String MX = "mx.example.org";

  private final FakeNet net = new FakeNet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private void row(
      String pattern,
      Level level,
      List<Domain> names,
      @Nullable TlsVersion floor,
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
            floor,
            ca,
            serverName,
            true,
            "a note",
            "ann",
            expires,
            override));
  }

  private void row(String pattern, Level level) {
    row(pattern, level, List.of(), null, null, null, null, false);
  }

  @Test
  void namesStandInForTheLevelsOwn() throws Exception {
    row(
        "example.org",
        Level.SECURE,
        List.of(Domain.of("post.example")),
        null,
        null,
        null,
        null,
        false);
    FakeHost host = net.simple().tls(FakeNet.server("post.example"));
    assertEquals("delivered secure:verified", reason(net.mail().one()));
    host.tls(FakeNet.server(MX));
    assertEquals("deferred tls-identity", reason(net.mail().one()));
  }

  @Test
  void aFloorKeepsOlderVersionsOut() throws Exception {
    row("example.org", Level.ENCRYPT, List.of(), TlsVersion.TLS_1_3, null, null, null, false);
    FakeHost host = net.simple().tls(FakeNet.old(FakeNet.ca().identity(MX)));
    String outcome = reason(net.mail().one());
    assertTrue(outcome.startsWith("deferred tls-"), outcome);
    assertEquals(0, host.bodies().size());
    host.tls(FakeNet.server(MX));
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
  }

  @Test
  void aCaFileCountsInPlaceOfThePublicRoots() throws Exception {
    TestCa own = TestCa.root("own");
    net.roots.put("own.pem", own.roots());
    row("example.org", Level.VERIFY, List.of(), null, "own.pem", null, null, false);
    FakeHost host = net.simple().tls(FakeNet.server(own.identity(MX)));
    assertEquals("delivered verify:verified", reason(net.mail().one()));
    host.tls(FakeNet.server(MX));
    assertEquals("deferred tls-identity", reason(net.mail().one()), "public roots do not count");
  }

  @Test
  void aServerNameIsSentInPlaceOfTheHosts() throws Exception {
    row(
        "example.org",
        Level.ENCRYPT,
        List.of(),
        null,
        null,
        Domain.of("front.example"),
        null,
        false);
    net.simple().tls(FakeNet.server(MX));
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
    assertTrue(net.heard.heard("tlsToHost", "serverName=front.example"));
  }

  @Test
  void aParentCoversWhatIsBelowAndAnExpiredRowNothing() throws Exception {
    row(".example.org", Level.ENCRYPT);
    row("example.org", Level.ENCRYPT, List.of(), null, null, null, FakeNet.NOON, false);
    net.dns.mx("sub.example.org", 10, MX);
    FakeHost host = net.simple();
    NextHop below = new NextHop.ByMx(Domain.of("sub.example.org"));
    assertEquals("deferred tls-not-offered", reason(net.mail().by(below).one()));
    assertEquals(0, host.bodies().size());
  }

  @Test
  void aHostRowRaisesAndNeverLowers() throws Exception {
    row(MX, Level.VERIFY);
    FakeHost host = net.simple().tls(FakeNet.server("other.example"));
    assertEquals("deferred tls-identity", reason(net.mail().one()));
    assertEquals(0, host.bodies().size());
    try (FakeNet strict = new FakeNet()) {
      strict.level = Level.ENCRYPT;
      strict.rows.add(PolicyRow.of(DomainPattern.parse(MX).orElseThrow(), Level.NONE));
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
        Level.ENCRYPT,
        List.of(),
        null,
        null,
        null,
        FakeNet.NOON.plusSeconds(3_600),
        true);
    FakeHost host = net.simple().tls(FakeNet.server(MX));
    assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
    net.clock.pass(Duration.ofHours(1));
    assertEquals("deferred sts-mx", reason(net.mail().one()), "the row has expired");
    assertEquals(1, host.bodies().size());
  }

  @Test
  void daneOnlyMeansNoMailWithoutUsableRecords() throws Exception {
    net.dane = true;
    Identity identity = TestCa.selfSigned("whatever.example");
    row("example.org", Level.DANE_ONLY);
    FakeHost host = net.simple().tls(FakeNet.server(identity));
    assertEquals("deferred dane-missing", reason(net.mail().one()));
    assertEquals(0, host.sessions().size());
    net.dns
        .secure("example.org")
        .tlsa("_25._tcp." + MX, new Tlsa(3, 1, 1, Pins.of(identity.chain().getFirst()).hex()));
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

  private FakeNet.Mail bySmart(String... mailboxes) {
    FakeNet.Mail mail = net.mail().by(new NextHop.Fixed(Domain.of(SMART), 25, "*"));
    for (String mailbox : mailboxes) {
      mail.recipients.add(
          new Addressee(
              mail.recipients.size() + 1L, new Target.Remote(mailbox(mailbox)), DsnWish.none()));
    }
    return mail;
  }

  @Test
  void aRowOfTheRecipientDomainHoldsOnAConfiguredRoute() throws Exception {
    row("example.org", Level.SECURE);
    FakeHost host = smart();
    assertEquals("deferred tls-not-offered", reason(bySmart("bob@example.org").one()));
    assertEquals("delivered may:none", reason(bySmart("bob@example.com").one()));
    host.tls(FakeNet.server("other.example"));
    assertEquals("deferred tls-identity", reason(bySmart("bob@example.org").one()));
    assertEquals(1, host.bodies().size());
    host.tls(FakeNet.server(SMART));
    assertEquals(
        "delivered secure:verified",
        reason(bySmart("bob@example.org").one()),
        "without names it is the configured host's own name");
  }

  @Test
  void rowsOfSeveralDomainsOnOneRouteHoldForTheirOwnRecipientsOnly() throws Exception {
    row(".strict.example", Level.VERIFY);
    row("pinned.example", Level.ENCRYPT);
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
          outcome instanceof Outcome.Deferred d && d.cause().scope() == Cause.Extent.MESSAGE,
          "the route is not dead for others");
    }
    assertEquals(1, host.bodies().size(), "one transaction for those that travel together");
  }

  @Test
  void namesOfARecipientDomainAreAskedOfTheHostThatIsConnectedTo() throws Exception {
    row(
        "example.org",
        Level.SECURE,
        List.of(Domain.of("post.example")),
        null,
        null,
        null,
        null,
        false);
    AddressLiteral address = new AddressLiteral(InetAddress.ofLiteral("192.0.2.26"));
    net.routes.put("example.org", RouteSettings.plain("example.org", address, 25));
    FakeHost host = net.host("192.0.2.26").tls(FakeNet.server(SMART));
    FakeNet.Mail mail =
        bySmart("bob@example.org").by(new NextHop.Fixed(address, 25, "example.org"));
    Outcome outcome = mail.one();
    assertEquals("deferred tls-identity", reason(outcome));
    assertTrue(
        outcome instanceof Outcome.Deferred d && d.cause().scope() == Cause.Extent.NEXT_HOP,
        "all mail on this route is for that domain");
    host.tls(FakeNet.server("post.example"));
    assertEquals("delivered secure:verified", reason(mail.one()));
  }

  @Test
  void aQuestionAboutARecipientIsAskedUnderTheRowsOfItsDomain() throws Exception {
    row("example.org", Level.ENCRYPT);
    FakeHost host = smart();
    NextHop hop = new NextHop.Fixed(Domain.of(SMART), 25, "*");
    RecipientProbe probe = net.courier().callAhead();
    assertInstanceOf(
        RecipientProbe.Result.NotKnown.class, probe.probe(mailbox("bob@example.org"), hop));
    assertFalse(
        host.sessions().stream()
            .anyMatch(s -> s.commands.stream().anyMatch(l -> l.startsWith("MAIL"))));
    assertInstanceOf(
        RecipientProbe.Result.Exists.class, probe.probe(mailbox("bob@example.com"), hop));
  }

  @Test
  void aRowForEveryDomainCoversAddressLiteralsToo() throws Exception {
    row("*", Level.ENCRYPT);
    AddressLiteral address = new AddressLiteral(InetAddress.ofLiteral("192.0.2.27"));
    FakeHost host = net.host("192.0.2.27");
    FakeNet.Mail mail = net.mail().by(new NextHop.Fixed(address, 25, "literal"));
    mail.recipients.add(
        new Addressee(1, new Target.Remote(new Mailbox("bob", address)), DsnWish.none()));
    assertEquals("deferred tls-not-offered", reason(mail.one()));
    assertEquals(0, host.bodies().size());
  }
}
