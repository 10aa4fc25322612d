package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.StsState;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.queue.NextHop;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsaBuilder;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/**
 * The test cases of the lab about DANE (LAB.md, group E, and D, B, C in context d): a signed DNS of
 * our own under its own root, asked and validated for real; hosts with real certificates and TLS;
 * what the delivery agent does.
 */
final class DaneDeliveryTest {
  private static final String OWNER = "_25._tcp.mx.example.org";
  private static final String MX = "mx.example.org";
  private static final TestCa CA = TestCa.root("Dane Delivery Root");
  private static final TestCa MIDDLE = CA.intermediate("Dane Delivery Intermediate");
  private static final Identity GOOD = MIDDLE.identity(MX);
  private static final Identity OTHER = MIDDLE.identity("other.example.net");
  private static final TlsFactory TLS =
      new TlsFactory(new TlsSettings(TlsEngine.BORINGSSL), Clock.system(), RandomSource.secure());

  private final FakeInternet net = new FakeInternet();
  private final ManualClock clock = new ManualClock(Instant.now());
  private final List<Runnable> closing = new ArrayList<>();
  private LoopbackResolver server = start(ZoneSigning.VALID, "");

  private LoopbackResolver start(ZoneSigning signing, String more) {
    try {
      return LoopbackResolver.start(clock, zones(signing, more).toArray(Zone[]::new));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Zone> zones(ZoneSigning signing, String more) {
    return List.of(
        Zone.of("example.org", "@ MX 10 mx\nmx A 192.0.2.1\n" + more).signed(signing),
        Zone.of("provider.example", "host A 192.0.2.1\n").signed(),
        Zone.of("plain.example", "@ MX 10 mx.example.org.\nhost A 192.0.2.1\n"));
  }

  /** The DNS again, with these records below example.org. */
  private void records(String... lines) {
    server.serve(zones(ZoneSigning.VALID, String.join("\n", lines) + "\n"));
  }

  @AfterEach
  void close() throws IOException {
    closing.forEach(Runnable::run);
    net.close();
    server.close();
  }

  private static String tlsa(int usage, int selector, int matching, Identity identity) {
    return tlsa(usage, selector, matching, identity.chain().getFirst());
  }

  private static String tlsa(int usage, int selector, int matching, X509Certificate about) {
    return "_25._tcp.mx TLSA "
        + usage
        + " "
        + selector
        + " "
        + matching
        + " "
        + TlsaBuilder.data(selector, matching, about);
  }

  private static TlsServer serving(Identity standard) {
    return TLS.server(
        ListenerTlsSettings.defaults("fake"),
        IdentityStore.fixed(standard, Map.of(), Clock.system()),
        new ReferenceIdentity(List.of(), Set.of(), CA.roots()));
  }

  private FakeHost host(Identity identity) {
    return net.host("192.0.2.1").tls(serving(identity));
  }

  private final List<Evidence> more = new ArrayList<>();
  private CachingResolver resolver = live();

  private CachingResolver live() {
    return new CachingResolver(
        DnsSettings.defaults()
            .withResolvers(List.of(server.address()))
            .withAnchors(server.anchors())
            .withTimeout(Duration.ofSeconds(2))
            .withTotal(Duration.ofSeconds(20)),
        clock,
        RandomSource.secure());
  }

  private SmtpDeliveryAgent agent() {
    net.sources.clear();
    net.sources.add(
        new DaneSource(resolver, new HostAddresses.Families(true, true), Clock.system()));
    net.sources.add(subject -> more);
    SmtpDeliveryAgent agent = net.agent(resolver, Dialers.both(net), Map.of("public", CA.roots()));
    closing.add(agent::close);
    return agent;
  }

  private String deliver() throws InterruptedException {
    return deliver(net.mail());
  }

  private String deliver(FakeInternet.FakeMail mail) throws InterruptedException {
    var outcomes = agent().deliver(mail.to("bob").consignment());
    return reason(outcomes.values().iterator().next());
  }

  private static void neverSawMail(FakeHost host) {
    assertFalse(host.commands().toString().contains("MAIL"), host.commands().toString());
    assertTrue(host.bodies().isEmpty());
  }

  /** Deferred, and no host was even called. */
  private void waitsUncalled(FakeHost host, String expected) throws InterruptedException {
    assertEquals(expected, deliver());
    assertEquals(List.of(), host.sessions());
  }

  // E: records and certificates.

  @Test
  void e1AMatchingKeyIsVerified() throws Exception {
    FakeHost host = host(GOOD);
    records(tlsa(3, 1, 1, GOOD));
    assertEquals("delivered dane:verified", deliver());
    assertTrue(host.session(0).encrypted);
  }

  @Test
  void e2MatchingKeySufficesForAnyCertificate() throws Exception {
    Identity bad = TestCa.selfSigned("wrong.example.net");
    host(bad);
    records(tlsa(3, 1, 1, bad));
    assertEquals("delivered dane:verified", deliver());
  }

  @Test
  void e3AMismatchDefers() throws Exception {
    FakeHost host = host(GOOD);
    records(tlsa(3, 1, 1, OTHER));
    assertEquals("deferred tls-identity", deliver());
    neverSawMail(host);
  }

  @Test
  void e4OneWrongAndOneRightDelivers() throws Exception {
    host(GOOD);
    records(tlsa(3, 1, 1, OTHER), tlsa(3, 1, 1, GOOD));
    assertEquals("delivered dane:verified", deliver());
  }

  @Test
  void e5AnAnchorInTheChainIsVerified() throws Exception {
    host(GOOD);
    records(tlsa(2, 0, 1, MIDDLE.certificate()));
    assertEquals("delivered dane:verified", deliver());
  }

  @Test
  void e6BelowAnAnchorTheNameCounts() throws Exception {
    FakeHost host = host(OTHER);
    records(tlsa(2, 0, 1, MIDDLE.certificate()));
    assertEquals("deferred tls-identity", deliver());
    neverSawMail(host);
  }

  @Test
  void e7AnAnchorByDigestThatIsNotInTheChainDefers() throws Exception {
    FakeHost host = host(GOOD);
    records(tlsa(2, 0, 1, CA.certificate()));
    assertEquals("deferred tls-identity", deliver());
    neverSawMail(host);
  }

  @Test
  void e8BelowAnAnchorTheDatesCount() throws Exception {
    FakeHost host = host(MIDDLE.leaf(MX).expired().identity());
    records(tlsa(2, 0, 1, MIDDLE.certificate()));
    assertEquals("deferred tls-identity", deliver());
    neverSawMail(host);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1 1 1 32", "0 0 1 32", "9 1 1 32", "3 9 1 32", "3 1 9 32", "3 1 1 31"})
  void e9E10E13UnusableRecordsMeanTlsWithoutIdentity(String record) throws Exception {
    FakeHost host = host(OTHER);
    records(unusable(record));
    // The result by public roots is logged, and does not count.
    assertEquals("delivered dane:trusted", deliver());
    assertTrue(host.session(0).encrypted);
  }

  private static String unusable(String record) {
    int space = record.lastIndexOf(' ');
    int bytes = Integer.parseInt(record.substring(space + 1));
    return "_25._tcp.mx TLSA " + record.substring(0, space) + " " + "ab".repeat(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1 1 1 32", "9 1 1 32", "3 9 1 32", "3 1 9 32", "3 1 1 31"})
  void e11UnusableTlsaWithStarttlsStrippedDefers(String record) throws Exception {
    FakeHost host = net.host("192.0.2.1");
    records(unusable(record));
    assertEquals("deferred tls-not-offered", deliver());
    neverSawMail(host);
  }

  @ParameterizedTest
  @CsvSource({"0,0", "0,2", "1,0", "1,2"})
  void e12OtherSelectorsAndMatchingTypesDeliver(int selector, int matching) throws Exception {
    host(GOOD);
    records(tlsa(3, selector, matching, GOOD));
    assertEquals("delivered dane:verified", deliver());
  }

  // E: answers that are none.

  @ParameterizedTest
  @EnumSource(
      value = DnsFault.class,
      names = {"WRONG_SIGNATURES", "EXPIRED_SIGNATURES", "NO_SIGNATURES", "SERVFAIL", "DROP"})
  void e14ToE17NoAnswerAboutTlsaMeansThatTheHostIsNotUsed(DnsFault fault) throws Exception {
    FakeHost host = host(GOOD);
    records(tlsa(3, 1, 1, GOOD));
    server.fault(OWNER, fault);
    waitsUncalled(host, "deferred dane-lookup");
  }

  @Test
  void aDenialWithoutProofIsNoDenial() throws Exception {
    FakeHost host = host(GOOD);
    server.fault(OWNER, DnsFault.NO_DENIAL);
    waitsUncalled(host, "deferred dane-lookup");
  }

  @Test
  void e18AddressesThatDoNotValidateDefer() throws Exception {
    FakeHost host = host(GOOD);
    records(tlsa(3, 1, 1, GOOD));
    server.fault(MX, DnsFault.WRONG_SIGNATURES);
    waitsUncalled(host, "deferred dane-lookup");
  }

  @Test
  void e19AnMxAnswerThatDoesNotValidateDefers() throws Exception {
    FakeHost host = host(GOOD);
    server.fault("example.org", "MX", DnsFault.WRONG_SIGNATURES);
    waitsUncalled(host, "deferred dns");
  }

  @Test
  void e20UnsignedRecordsAreIgnored() throws Exception {
    host(GOOD);
    server.serve(zones(ZoneSigning.NONE, tlsa(3, 1, 1, OTHER) + "\n"));
    assertEquals("delivered may:trusted", deliver());
  }

  @Test
  void e21AHostBehindAnUnsignedMxIsHeldToItsRecordsAndNeverCalledVerified() throws Exception {
    FakeHost host = host(GOOD);
    FakeInternet.FakeMail mail = net.mail().by(new NextHop.ByMx(Domain.of("plain.example")));
    records(tlsa(3, 1, 1, GOOD));
    assertEquals("delivered dane:trusted", deliver(mail));
    assertTrue(host.session(0).encrypted);
  }

  @Test
  void e21AMismatchBehindAnUnsignedMxDefers() throws Exception {
    FakeHost host = host(GOOD);
    records(tlsa(3, 1, 1, OTHER));
    assertEquals(
        "deferred tls-identity",
        deliver(net.mail().by(new NextHop.ByMx(Domain.of("plain.example")))));
    neverSawMail(host);
  }

  @Test
  void e22RecordsBehindAnAliasCount() throws Exception {
    host(GOOD);
    records(
        "_25._tcp.mx CNAME records",
        tlsa(3, 1, 1, GOOD).replace("_25._tcp.mx TLSA", "records TLSA"));
    assertEquals("delivered dane:verified", deliver());
  }

  @Test
  void e23AliasTargetIsTheBaseDomainAndTheSni() throws Exception {
    Identity provider = MIDDLE.identity("host.provider.example");
    FakeHost host =
        net.host("192.0.2.1")
            .tls(
                TLS.server(
                    ListenerTlsSettings.defaults("fake"),
                    IdentityStore.fixed(
                        OTHER, Map.of("host.provider.example", provider), Clock.system()),
                    new ReferenceIdentity(List.of(), Set.of(), CA.roots())));
    server.serve(
        List.of(
            Zone.of("example.org", "@ MX 10 mx\nmx CNAME host.provider.example.\n").signed(),
            Zone.of(
                    "provider.example",
                    "host A 192.0.2.1\n"
                        + tlsa(3, 1, 1, provider).replace("_25._tcp.mx", "_25._tcp.host")
                        + "\n")
                .signed()));
    assertEquals("delivered dane:verified", deliver());
    assertTrue(host.session(0).encrypted);
  }

  @Test
  void e24ADomainWithoutMxIsItsOwnHost() throws Exception {
    host(GOOD);
    server.serve(
        List.of(
            Zone.of(
                    "example.org",
                    "@ A 192.0.2.1\n"
                        + tlsa(3, 1, 1, GOOD).replace("_25._tcp.mx", "_25._tcp")
                        + "\n")
                .signed()));
    assertEquals("delivered dane:verified", deliver());
  }

  @ParameterizedTest
  @EnumSource(
      value = ZoneSigning.class,
      names = {"NSEC3_ITERATED", "UNKNOWN_ALGORITHM"})
  void e25E26UnsupportedAlgorithmsAreUnsigned(ZoneSigning signing) throws Exception {
    host(OTHER);
    server.serve(zones(signing, ""));
    assertTrue(deliver().startsWith("delivered may:"));
  }

  // E: with other sources, other hosts, and over time.

  private static Evidence sts() {
    return new Evidence.Sts(
        Domain.of("example.org"),
        new StsState.Enforce("1", List.of(MxPattern.parse(MX).orElseThrow(AssertionError::new))),
        null);
  }

  @Test
  void e27StsDoesNotOverrideADaneRefusal() throws Exception {
    FakeHost host = host(GOOD);
    records(tlsa(3, 1, 1, OTHER));
    more.add(sts());
    assertEquals("deferred tls-identity", deliver());
    neverSawMail(host);
  }

  @Test
  void e28SecondHostGetsTheMailWhenTheFirstFailsDane() throws Exception {
    FakeHost bad = host(OTHER);
    FakeHost good = net.host("192.0.2.2").tls(serving(GOOD));
    server.serve(
        List.of(
            Zone.of(
                    "example.org",
                    "@ MX 10 mx\n@ MX 20 mx2\nmx A 192.0.2.1\nmx2 A 192.0.2.2\n"
                        + tlsa(3, 1, 1, GOOD)
                        + "\n"
                        + tlsa(3, 1, 1, GOOD).replace("_tcp.mx", "_tcp.mx2")
                        + "\n")
                .signed()));
    assertEquals("delivered dane:verified", deliver());
    neverSawMail(bad);
    assertEquals(1, good.bodies().size());
  }

  @Test
  void e29RolledRecordsAreUsedInTheNextRound() throws Exception {
    host(GOOD);
    records(tlsa(3, 1, 1, OTHER));
    assertEquals("deferred tls-identity", deliver());
    records(tlsa(3, 1, 1, GOOD));
    clock.pass(Duration.ofHours(2));
    assertEquals("delivered dane:verified", deliver(net.mail().again(FakeInternet.NOON)));
  }

  @Test
  void e30BothDemandsHoldWhereBothAreMade() throws Exception {
    Identity selfSigned = TestCa.selfSigned(MX);
    FakeHost host = host(selfSigned);
    records(tlsa(3, 1, 1, selfSigned));
    more.add(sts());
    assertEquals("deferred tls-identity", deliver());
    neverSawMail(host);
  }

  // D in context d: usage 3 looks at nothing but the key.

  private String withOwnRecord(Identity identity) throws InterruptedException {
    host(identity);
    records(tlsa(3, 1, 1, identity));
    return deliver();
  }

  @Test
  void d1ToD5FaultsOfTheCertificateDoNotMatter() throws Exception {
    for (Identity identity :
        List.of(
            MIDDLE.leaf(MX).expired().identity(),
            MIDDLE.leaf(MX).notYetValid().identity(),
            TestCa.selfSigned(MX),
            TestCa.root("Nobody's Root").identity(MX),
            OTHER)) {
      resolver = live();
      assertEquals("delivered dane:verified", withOwnRecord(identity));
    }
  }

  @Test
  void d6D9D11D13D14FormsOfTheCertificateDoNotMatter() throws Exception {
    for (Identity identity :
        List.of(
            MIDDLE.leaf(MX).commonNameOnly().identity(),
            MIDDLE.identity("*.*.example.org"),
            CA.leaf(MX).signature("SHA1withECDSA").identity(),
            MIDDLE.leaf(MX).alone().identity(),
            MIDDLE.leaf(MX).clientAuthOnly().identity())) {
      resolver = live();
      assertEquals("delivered dane:verified", withOwnRecord(identity));
    }
  }

  @Test
  void d19TheHostIsCalledByItsBaseDomain() throws Exception {
    net.host("192.0.2.1")
        .tls(
            TLS.server(
                ListenerTlsSettings.defaults("fake"),
                IdentityStore.fixed(OTHER, Map.of(MX, GOOD), Clock.system()),
                new ReferenceIdentity(List.of(), Set.of(), CA.roots())));
    records(tlsa(3, 1, 1, GOOD));
    assertEquals("delivered dane:verified", deliver());
  }

  // B and C in context d: never plaintext.

  @Test
  void b2StrippedStarttlsDefers() throws Exception {
    FakeHost host = net.host("192.0.2.1");
    records(tlsa(3, 1, 1, GOOD));
    assertEquals("deferred tls-not-offered", deliver());
    neverSawMail(host);
  }

  @ParameterizedTest
  @ValueSource(strings = {"454 4.7.0 not now", "501 5.5.4 what", "502 5.5.1 no", "550 5.7.1 no"})
  void b5B7ARefusedStarttlsDefersInEveryRound(String reply) throws Exception {
    FakeHost host = host(GOOD).on("STARTTLS", reply);
    records(tlsa(3, 1, 1, GOOD));
    SmtpDeliveryAgent agent = agent();
    for (int round = 0; round < 3; round++) {
      FakeInternet.FakeMail mail = round == 0 ? net.mail() : net.mail().again(FakeInternet.NOON);
      assertEquals(
          "deferred tls-refused",
          reason(agent.deliver(mail.to("bob").consignment()).values().iterator().next()));
      net.clock.pass(Duration.ofHours(1));
    }
    neverSawMail(host);
  }

  @Test
  void b14HeloOnlyHostGetsNoMail() throws Exception {
    FakeHost host = host(GOOD).on("EHLO", "502 5.5.1 what");
    records(tlsa(3, 1, 1, GOOD));
    assertTrue(deliver().startsWith("deferred "));
    neverSawMail(host);
  }

  @Test
  void c2ABrokenHandshakeDefersForEver() throws Exception {
    FakeHost host = host(GOOD).breaksOn(clientHello -> true);
    records(tlsa(3, 1, 1, GOOD));
    SmtpDeliveryAgent agent = agent();
    for (int round = 0; round < 3; round++) {
      FakeInternet.FakeMail mail = round == 0 ? net.mail() : net.mail().again(FakeInternet.NOON);
      assertEquals(
          "deferred tls-broken",
          reason(agent.deliver(mail.to("bob").consignment()).values().iterator().next()));
      net.clock.pass(Duration.ofHours(1));
    }
    neverSawMail(host);
  }
}
