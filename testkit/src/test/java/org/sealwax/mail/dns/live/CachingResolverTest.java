package org.sealwax.mail.dns.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.dns.Nsec3ParamRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.validate.DnssecValidator;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/** The live resolver against a DNS of our own with its own root. */
final class CachingResolverTest {
  private static final String DATA =
      """
      @        MX 10 mx1
      @        MX 20 mx2
      @        TXT "v=one " "two"
      mx1      A 192.0.2.1
      mx1      AAAA 2001:db8::1
      _25._tcp.mx1 TLSA 3 1 1 AB00000000000000000000000000000000000000000000000000000000000000
      mx2      A 192.0.2.2
      alias    CNAME mx1
      away     CNAME mx1.plain.example.
      broken   CNAME mx1.expired.example.
      *.wild   A 192.0.2.9
      old      DNAME new
      host.new A 192.0.2.7
      deep.ent A 192.0.2.3
      null     MX 0 .
      odd      MX 10 foo-.bar
      @        CAA 0 issue "ca.example"
      @        CAA 128 tbs "unknown"
      @        NSEC3PARAM 1 0 5 abcd
      """;

  /** Wall clock and count that a test moves by hand; starts at the real time. */
  private static final class SettableClock implements Clock {
    private final AtomicReference<Duration> moved = new AtomicReference<>(Duration.ZERO);

    @Override
    public Instant now() {
      return Clock.system().now().plus(moved.get());
    }

    @Override
    public long nanoTime() {
      return Clock.system().nanoTime() + moved.get().toNanos();
    }

    void forward(Duration by) {
      moved.updateAndGet(d -> d.plus(by));
    }
  }

  private final SettableClock clock = new SettableClock();
  private LoopbackResolver server = start();

  private LoopbackResolver start() {
    try {
      return LoopbackResolver.start(
          clock,
          Zone.of("org", "").signed(),
          Zone.of("secure.org", DATA).signed(),
          Zone.of("nsec3.example", DATA).signed(ZoneSigning.NSEC3),
          Zone.of("optout.example", DATA).signed(ZoneSigning.NSEC3_OPT_OUT),
          Zone.of("u.optout.example", DATA),
          Zone.of("plain.example", DATA),
          Zone.of("island.example", DATA).signed(ZoneSigning.WITHOUT_DS),
          Zone.of("expired.example", DATA).signed(ZoneSigning.EXPIRED),
          Zone.of("early.example", DATA).signed(ZoneSigning.NOT_YET_VALID),
          Zone.of("wrong.example", DATA).signed(ZoneSigning.WRONG),
          Zone.of("stripped.example", DATA).signed(ZoneSigning.STRIPPED),
          Zone.of("wrongds.example", DATA).signed(ZoneSigning.WRONG_DS));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private CachingResolver resolver = live(settings());

  private DnsSettings settings() {
    return DnsSettings.defaults()
        .withResolvers(List.of(server.address()))
        .withAnchors(server.anchors())
        .withTimeout(Duration.ofSeconds(1))
        .withTotal(Duration.ofSeconds(30));
  }

  /** For a server that is silent on purpose: one that answers must not be late under load. */
  private DnsSettings impatient() {
    return settings().withTimeout(Duration.ofMillis(150)).withTotal(Duration.ofSeconds(3));
  }

  private CachingResolver live(DnsSettings settings) {
    // No resolver of this machine in the place of one that strips DNSSEC.
    InetSocketAddress nowhere = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1);
    return new CachingResolver(settings, nowhere, clock, RandomSource.secure());
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private DnsAnswer<InetAddress> a(String name) {
    return resolver.addresses(Domain.of(name), AddressFamily.IPV4);
  }

  private static InetAddress ip(String text) {
    return InetAddress.ofLiteral(text);
  }

  @Test
  void answersEveryQuestionOfMailFromASignedZone() {
    DnsAnswer<MxRecord> mx = resolver.mx(Domain.of("secure.org"));
    assertEquals(DnssecStatus.SECURE, mx.security(), mx.reason());
    assertEquals(
        Set.of("mx1.secure.org", "mx2.secure.org"),
        Set.copyOf(mx.records().stream().map(m -> m.exchange().orElseThrow().name()).toList()));
    assertEquals(List.of(ip("192.0.2.1")), a("mx1.secure.org").records());
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    assertEquals(
        List.of(ip("2001:db8::1")),
        resolver.addresses(Domain.of("mx1.secure.org"), AddressFamily.IPV6).records());
    assertEquals(List.of("v=one two"), resolver.txt(Domain.of("secure.org")).records());
    DnsAnswer<TlsaRecord> tlsa = resolver.tlsa(Domain.of("_25._tcp.mx1.secure.org"));
    assertEquals(DnssecStatus.SECURE, tlsa.security(), tlsa.reason());
    assertEquals(List.of(new TlsaRecord(3, 1, 1, "ab" + "00".repeat(31))), tlsa.records());
    assertEquals(Duration.ofHours(1), mx.ttl());
  }

  @ParameterizedTest
  @CsvSource({
    "secure.org,       SECURE",
    "nsec3.example,    SECURE",
    "u.optout.example, INSECURE",
    "plain.example,    INSECURE",
    "island.example,   INSECURE",
    "expired.example,  BOGUS",
    "early.example,    BOGUS",
    "wrong.example,    BOGUS",
    "stripped.example, BOGUS",
    "wrongds.example,  BOGUS",
  })
  void judgesAnswersAndDenialsByHowTheZoneIsSigned(String zone, DnssecStatus expected) {
    List<DnsAnswer<?>> answers = new ArrayList<>();
    answers.add(resolver.mx(Domain.of(zone)));
    answers.add(a("mx1." + zone));
    answers.add(a("x.wild." + zone));
    answers.add(a("alias." + zone));
    answers.add(resolver.tlsa(Domain.of("_25._tcp.mx2." + zone)));
    answers.add(resolver.mx(Domain.of("mx1." + zone)));
    answers.add(resolver.mx(Domain.of("ent." + zone)));
    answers.add(a("nothing." + zone));
    for (DnsAnswer<?> answer : answers) {
      assertEquals(expected, answer.security(), answer.toString());
      assertEquals(expected == DnssecStatus.BOGUS, !answer.reason().isEmpty(), answer.toString());
    }
    if (expected != DnssecStatus.BOGUS) {
      assertEquals(
          List.of("FOUND", "FOUND", "FOUND", "FOUND", "NO_NAME", "NO_DATA", "NO_DATA", "NO_NAME"),
          answers.stream().map(x -> x.kind().name()).toList());
    }
  }

  /** RFC 5155 9.2: where unsigned names may hide, an expanded wildcard proves nothing. */
  @Test
  void callsWildcardsInsecureWhereTheZoneOptsOut() {
    assertEquals(DnssecStatus.SECURE, a("mx1.optout.example").security());
    assertEquals(DnssecStatus.SECURE, resolver.mx(Domain.of("mx1.optout.example")).security());
    assertEquals(DnssecStatus.INSECURE, a("x.wild.optout.example").security());
    DnsAnswer<TlsaRecord> denied = resolver.tlsa(Domain.of("_25._tcp.x.wild.optout.example"));
    assertEquals(DnssecStatus.INSECURE, denied.security(), denied.reason());
    assertEquals(DnsAnswer.Kind.NO_DATA, denied.kind());
  }

  @Test
  void followsAliasesAndIsOnlyAsSecureAsTheWeakestLink() {
    DnsAnswer<InetAddress> within = a("alias.secure.org");
    assertEquals(DnssecStatus.SECURE, within.security(), within.reason());
    assertEquals(Domain.of("mx1.secure.org"), within.name());
    assertEquals(1, within.aliases());
    DnsAnswer<InetAddress> away = a("away.secure.org");
    assertEquals(DnssecStatus.INSECURE, away.security(), away.reason());
    assertEquals(List.of(ip("192.0.2.1")), away.records());
    assertEquals(Domain.of("mx1.plain.example"), away.name());
    assertEquals(DnssecStatus.BOGUS, a("broken.secure.org").security());
    assertEquals(DnssecStatus.BOGUS, a("broken.plain.example").security());
    DnsAnswer<InetAddress> dname = a("host.old.secure.org");
    assertEquals(List.of(ip("192.0.2.7")), dname.records());
    assertEquals(DnssecStatus.SECURE, dname.security());
    assertEquals(Domain.of("host.new.secure.org"), dname.name());
  }

  @ParameterizedTest
  @CsvSource({"10, true", "11, false"})
  void followsTenAliasesAndNoMore(int links, boolean reaches) {
    StringBuilder chain = new StringBuilder();
    for (int i = 1; i <= links; i++) {
      chain.append("c").append(i).append(" CNAME c").append(i - 1).append('\n');
    }
    server.serve(List.of(Zone.of("chain.org", chain + "c0 A 192.0.2.1\n").signed()));
    DnsAnswer<InetAddress> end = a("c" + links + ".chain.org");
    assertEquals(reaches ? DnssecStatus.SECURE : DnssecStatus.FAILED, end.security(), end.reason());
    assertEquals(reaches ? "" : "more than 10 aliases", end.reason());
  }

  @Test
  void endsAnAliasLoop() {
    server.serve(List.of(Zone.of("loop.example", "a CNAME b\nb CNAME a\n")));
    assertEquals(DnssecStatus.FAILED, a("a.loop.example").security());
  }

  @ParameterizedTest
  @EnumSource(
      value = DnsFault.class,
      names = {
        "SERVFAIL",
        "REFUSED",
        "DROP",
        "TRUNCATE_NO_TCP",
        "GARBAGE",
        "WRONG_ID",
        "WRONG_QUESTION"
      })
  void callsWhatDoesNotAnswerFailed(DnsFault fault) {
    resolver = live(impatient());
    server.fault("mx1.secure.org", fault).fault("plain.example", fault);
    for (String name : List.of("mx1.secure.org", "mx1.plain.example")) {
      DnsAnswer<InetAddress> answer = a(name);
      assertEquals(DnssecStatus.FAILED, answer.security(), answer.toString());
      assertFalse(answer.reason().isEmpty());
    }
  }

  /**
   * An attacker that can drop or break the validator's own questions must not be able to deny DANE.
   */
  @ParameterizedTest
  @EnumSource(
      value = DnsFault.class,
      names = {"SERVFAIL", "DROP", "GARBAGE", "NO_DENIAL", "NO_AUTHORITY", "NO_SIGNATURES"})
  void neverTakesADenialForInsecureWhenTheKeysCannotBeHad(DnsFault fault) {
    resolver = live(impatient());
    server.fault("secure.org", "DNSKEY", fault).fault("secure.org", "DS", fault);
    server.fault("mx2.secure.org", DnsFault.NO_SIGNATURES);
    for (DnsAnswer<?> denial :
        List.of(
            resolver.tlsa(Domain.of("_25._tcp.mx2.secure.org")),
            resolver.mx(Domain.of("mx2.secure.org")))) {
      assertTrue(
          denial.security() == DnssecStatus.BOGUS || denial.security() == DnssecStatus.FAILED,
          denial.toString());
    }
  }

  @Test
  void callsADenialWithoutProofBogusInASignedZoneOnly() {
    for (DnsFault fault : List.of(DnsFault.NO_DENIAL, DnsFault.NO_AUTHORITY)) {
      server.fault("secure.org", "TLSA", fault).fault("plain.example", "TLSA", fault);
      CachingResolver fresh = live(settings());
      Domain signed = Domain.of("_25._tcp.mx2.secure.org");
      Domain plain = Domain.of("_25._tcp.mx2.plain.example");
      assertEquals(DnssecStatus.BOGUS, fresh.tlsa(signed).security());
      assertEquals(DnssecStatus.INSECURE, fresh.tlsa(plain).security(), fault.name());
      assertEquals(DnsAnswer.Kind.NO_NAME, fresh.tlsa(plain).kind());
    }
  }

  @Test
  void takesAliasToUnsignedZoneWithoutSoaForInsecure() {
    server.serve(
        List.of(
            Zone.of("signed.org", "alias CNAME host.plain.example.\n").signed(),
            Zone.of("plain.example", "host A 192.0.2.1\n")));
    server.fault("signed.org", "AAAA", DnsFault.NO_AUTHORITY);
    DnsAnswer<InetAddress> answer =
        resolver.addresses(Domain.of("alias.signed.org"), AddressFamily.IPV6);
    assertEquals(DnssecStatus.INSECURE, answer.security(), answer.reason());
    assertEquals(DnsAnswer.Kind.NO_DATA, answer.kind());
  }

  @Test
  void truncatedAnswerIsRepeatedOverTcp() {
    server.fault("mx1.secure.org", DnsFault.TRUNCATE);
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    assertEquals(1, server.overTcp());
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      many.append("@ MX ").append(i).append(" host-with-a-long-name-").append(i).append('\n');
    }
    server.serve(List.of(Zone.of("many.example", many.toString())));
    assertEquals(100, resolver.mx(Domain.of("many.example")).records().size());
    assertEquals(2, server.overTcp());
  }

  @Test
  void cachedUntilTheTtlEnds() {
    server.serve(
        List.of(Zone.of("ttl.example", "host 60 A 192.0.2.1\nzero 0 A 192.0.2.2\n").signed()));
    assertEquals(Duration.ofSeconds(60), a("host.ttl.example").ttl());
    clock.forward(Duration.ofSeconds(50));
    assertTrue(a("host.ttl.example").ttl().toSeconds() <= 10);
    assertEquals(1, server.questions("host.ttl.example", "A"));
    clock.forward(Duration.ofSeconds(11));
    assertEquals(DnssecStatus.SECURE, a("host.ttl.example").security());
    assertEquals(2, server.questions("host.ttl.example", "A"));
    a("zero.ttl.example");
    a("zero.ttl.example");
    assertEquals(1, server.questions("zero.ttl.example", "A"));
    clock.forward(DnsLookup.SHORTEST.plusSeconds(1));
    a("zero.ttl.example");
    assertEquals(2, server.questions("zero.ttl.example", "A"));
  }

  @Test
  void negativeTtlFollowsTheSoa() {
    assertEquals(Duration.ofMinutes(5), a("no.plain.example").ttl());
    a("no.plain.example");
    assertEquals(1, server.questions("no.plain.example", "A"));
    clock.forward(Duration.ofSeconds(301));
    a("no.plain.example");
    assertEquals(2, server.questions("no.plain.example", "A"));
  }

  @Test
  void failuresAreCachedBriefly() {
    server.fault("plain.example", DnsFault.SERVFAIL);
    a("mx1.plain.example");
    a("mx1.plain.example");
    assertEquals(1, server.questions("mx1.plain.example", "A"));
    server.clearFaults();
    clock.forward(DnsLookup.FAILURE_TTL.plusSeconds(1));
    assertEquals(DnssecStatus.INSECURE, a("mx1.plain.example").security());
    assertEquals(DnssecStatus.BOGUS, a("mx1.wrong.example").security());
    long seen = server.questions("mx1.wrong.example", "A");
    a("mx1.wrong.example");
    assertEquals(seen, server.questions("mx1.wrong.example", "A"));
    clock.forward(DnsLookup.BOGUS_KEPT.plusSeconds(1));
    a("mx1.wrong.example");
    assertTrue(server.questions("mx1.wrong.example", "A") > seen);
  }

  @Test
  void concurrentLookupsShareOneQuery() throws InterruptedException {
    resolver = live(impatient());
    server.fault("mx1.secure.org", DnsFault.DROP);
    try (Scope scope = new Scope("askers")) {
      List<Scope.ForkedTask<DnsAnswer<InetAddress>>> askers = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        askers.add(scope.fork(() -> a("mx1.secure.org")));
      }
      scope.join();
      askers.forEach(task -> assertEquals(DnssecStatus.FAILED, task.get().security()));
    }
    assertEquals(Upstream.ROUNDS, server.questions("mx1.secure.org", "A"));
  }

  @Test
  void goesToTheNextResolverWhenOneIsDeadOrBroken() throws IOException {
    try (LoopbackResolver broken = LoopbackResolver.start(clock)) {
      broken.fault(".", DnsFault.SERVFAIL);
      InetSocketAddress dead = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1);
      resolver = live(settings().withResolvers(List.of(dead, broken.address(), server.address())));
      assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
      assertEquals(DnssecStatus.INSECURE, a("mx1.plain.example").security());
    }
  }

  @Test
  void failsSoonWhenNoResolverIsThere() {
    InetSocketAddress dead = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 1);
    // Soon is before the total time, by so much that a machine under load does not matter.
    resolver =
        live(
            settings()
                .withResolvers(List.of(dead))
                .withTimeout(Duration.ofSeconds(1))
                .withTotal(Duration.ofMinutes(2)));
    long start = Clock.system().nanoTime();
    DnsAnswer<InetAddress> answer = a("mx1.secure.org");
    assertEquals(DnssecStatus.FAILED, answer.security());
    assertTrue(Clock.system().nanoTime() - start < 30_000_000_000L, answer.reason());
  }

  @Test
  void totalTimeoutIsKept() {
    server.fault(".", DnsFault.DROP);
    resolver =
        live(settings().withTimeout(Duration.ofMinutes(2)).withTotal(Duration.ofMillis(300)));
    long start = Clock.system().nanoTime();
    assertEquals(DnssecStatus.FAILED, a("mx1.secure.org").security());
    assertTrue(Clock.system().nanoTime() - start < 30_000_000_000L);
  }

  @Test
  void adBitCountsOnlyWithTrustAd() {
    server.setAuthenticData(true);
    resolver = live(settings().withValidation(DnsSettings.Validation.TRUST_AD));
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    assertEquals(DnssecStatus.INSECURE, a("mx1.plain.example").security());
    assertEquals(DnssecStatus.SECURE, a("alias.secure.org").security());
    resolver = live(settings().withValidation(DnsSettings.Validation.OFF));
    assertEquals(DnssecStatus.INSECURE, a("mx1.secure.org").security());
    resolver = live(settings());
    assertEquals(DnssecStatus.BOGUS, a("mx1.wrong.example").security());
  }

  @Test
  void refusesTheAdBitFromAfar() {
    InetSocketAddress far = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.53"), 53);
    DnsSettings there = settings().withResolvers(List.of(far));
    assertThrows(
        IllegalArgumentException.class,
        () -> there.withValidation(DnsSettings.Validation.TRUST_AD));
  }

  @Test
  void refusesAnchorsThatAreNone() {
    for (String wrong : List.of("nonsense", ". IN A 192.0.2.1", "", ". IN DS 1 8 2")) {
      DnsSettings with = settings().withAnchors(List.of(wrong));
      assertThrows(IllegalArgumentException.class, () -> live(with), wrong);
    }
  }

  @Test
  void onlyTheConfiguredRootIsTrusted() {
    // With the world's anchors our own root is a forgery.
    resolver = live(settings().withAnchors(List.of()));
    assertEquals(DnssecStatus.BOGUS, a("mx1.secure.org").security());
  }

  @Test
  void aliasIsQueriedSeparately() {
    DnsAnswer<Domain> away = resolver.alias(Domain.of("away.secure.org"));
    assertEquals(DnssecStatus.SECURE, away.security(), away.reason());
    assertEquals(List.of(Domain.of("mx1.plain.example")), away.records());
    assertEquals(0, away.aliases());
    DnsAnswer<Domain> none = resolver.alias(Domain.of("mx1.secure.org"));
    assertEquals(DnsAnswer.Kind.NO_DATA, none.kind());
    assertEquals(DnssecStatus.SECURE, none.security(), none.reason());
    assertEquals(
        DnssecStatus.INSECURE, resolver.alias(Domain.of("alias.plain.example")).security());
  }

  @Test
  void dnskeysAreQueriedOncePerZone() {
    a("mx1.secure.org");
    long root = server.questions(".", "DNSKEY");
    long org = server.questions("org", "DNSKEY");
    assertEquals(DnssecStatus.SECURE, a("mx1.nsec3.example").security());
    assertEquals(DnssecStatus.INSECURE, a("mx1.plain.example").security());
    assertEquals(root, server.questions(".", "DNSKEY"));
    assertEquals(org, server.questions("org", "DNSKEY"));
    clock.forward(DnssecValidator.LONGEST.plusSeconds(1));
    assertEquals(DnssecStatus.SECURE, a("mx1.optout.example").security());
    assertTrue(server.questions(".", "DNSKEY") > root, "asked for again in time");
  }

  private List<ResolverCheck.ResolverStatus> outcomes(DnsSettings settings)
      throws InterruptedException {
    return live(settings).checkResolvers().stream().map(ResolverCheck::outcome).toList();
  }

  @Test
  void checksWhatAResolverReturns() throws InterruptedException, IOException {
    assertEquals(List.of(ResolverCheck.ResolverStatus.VALIDATES), outcomes(settings()));
    assertEquals(
        List.of(ResolverCheck.ResolverStatus.INVALID),
        outcomes(settings().withAnchors(List.of())),
        "another root than the anchors'");
    server.fault(".", DnsFault.NO_SIGNATURES);
    assertEquals(List.of(ResolverCheck.ResolverStatus.STRIPS_DNSSEC), outcomes(settings()));
    server.fault(".", DnsFault.SERVFAIL);
    assertEquals(List.of(ResolverCheck.ResolverStatus.NO_ANSWER), outcomes(settings()));
    try (LoopbackResolver closed = LoopbackResolver.start(clock, Zone.of("corp.example", DATA))) {
      ResolverCheck own =
          live(settings().withResolvers(List.of(closed.address()))).checkResolvers().getFirst();
      assertFalse(own.outcome() == ResolverCheck.ResolverStatus.VALIDATES, own.toString());
    }
  }

  @Test
  void strippedDnssecIsReportedAndLoopbackResolverIsUsed()
      throws IOException, InterruptedException {
    try (LoopbackResolver stripping =
        LoopbackResolver.start(clock, Zone.of("org", ""), Zone.of("secure.org", DATA))) {
      stripping.fault(".", DnsFault.NO_SIGNATURES);
      DnsSettings settings = settings().withResolvers(List.of(stripping.address()));
      DnsAnswer<MxRecord> failed = live(settings).mx(Domain.of("secure.org"));
      String at = "127.0.0.1:" + stripping.address().getPort();
      assertEquals(DnssecStatus.FAILED, failed.security());
      assertEquals("resolver " + at + " does not return DNSSEC records", failed.reason());
      ResolverCheck check = live(settings).checkResolvers().getFirst();
      assertEquals(
          "resolver "
              + at
              + " does not return DNSSEC records; mail delivered by MX will be deferred; install a"
              + " validating resolver such as unbound and set [dns] resolvers",
          check.toString());
      assertTrue(check.isProblem());
      CachingResolver with =
          new CachingResolver(settings, server.address(), clock, RandomSource.secure());
      List<ResolverCheck> checks = with.checkResolvers();
      assertEquals(
          List.of(ResolverCheck.ResolverStatus.REPLACED, ResolverCheck.ResolverStatus.VALIDATES),
          checks.stream().map(ResolverCheck::outcome).toList());
      assertTrue(checks.stream().noneMatch(ResolverCheck::isProblem), checks.toString());
      assertEquals(DnssecStatus.SECURE, with.mx(Domain.of("secure.org")).security());
      DnsAnswer<MxRecord> plain = with.mx(Domain.of("plain.example"));
      assertEquals(DnssecStatus.INSECURE, plain.security(), plain.reason());
      // A good one next to it needs no spare one.
      CachingResolver both =
          live(settings().withResolvers(List.of(stripping.address(), server.address())));
      assertEquals(DnssecStatus.SECURE, both.mx(Domain.of("secure.org")).security());
      long asked = stripping.total();
      assertEquals(DnssecStatus.SECURE, both.mx(Domain.of("mx1.secure.org")).security());
      assertEquals(asked, stripping.total(), "asked last from now on");
    }
  }

  @Test
  void closedNetworkIsNotCheckedAgainstTheRoot() throws InterruptedException {
    String below = server.anchors().getFirst().replaceFirst("^\\.", "corp.example.");
    assertEquals(
        List.of(ResolverCheck.ResolverStatus.NOT_CHECKED),
        outcomes(settings().withAnchors(List.of(below))));
    assertEquals(
        List.of(ResolverCheck.ResolverStatus.NOT_CHECKED),
        outcomes(settings().withValidation(DnsSettings.Validation.OFF)));
  }

  @Test
  void eachResolverIsTriedByItself() throws IOException, InterruptedException {
    try (LoopbackResolver other = LoopbackResolver.start(clock, Zone.of("org", "").signed())) {
      List<ResolverCheck.ResolverStatus> both =
          outcomes(settings().withResolvers(List.of(other.address(), server.address())));
      assertEquals(
          List.of(ResolverCheck.ResolverStatus.INVALID, ResolverCheck.ResolverStatus.VALIDATES),
          both);
    }
  }

  @Test
  void cacheOnlySendsNoQuery() {
    Resolver memory = resolver.cacheOnly();
    assertSame(memory, memory.cacheOnly());
    Domain host = Domain.of("mx1.secure.org");
    assertFalse(memory.addresses(host, Resolver.AddressFamily.IPV4).isResolved());
    assertFalse(memory.mx(Domain.of("secure.org")).isResolved());
    assertEquals(0, server.total());
    DnsAnswer<InetAddress> asked = a("mx1.secure.org");
    long questions = server.total();
    DnsAnswer<InetAddress> again = memory.addresses(host, Resolver.AddressFamily.IPV4);
    assertTrue(again.isResolved());
    assertEquals(asked.records(), again.records());
    assertEquals(DnssecStatus.SECURE, again.security());
    assertFalse(memory.addresses(host, Resolver.AddressFamily.IPV6).isResolved());
    clock.forward(asked.ttl());
    assertFalse(
        memory.addresses(host, Resolver.AddressFamily.IPV4).isResolved(), "its time is over");
    assertEquals(questions, server.total());
    assertTrue(memory.mx(Domain.of("x.invalid")).isResolved(), "nobody need be asked");
  }

  @Test
  void cachedFailureIsReturnedAsFailure() {
    server.fault("mx1.secure.org", DnsFault.SERVFAIL);
    assertEquals(DnssecStatus.FAILED, a("mx1.secure.org").security());
    DnsAnswer<InetAddress> kept =
        resolver.cacheOnly().addresses(Domain.of("mx1.secure.org"), Resolver.AddressFamily.IPV4);
    assertTrue(kept.isResolved());
    assertEquals(DnssecStatus.FAILED, kept.security());
  }

  @Test
  void recentlyUsedAnswerIsRefreshedBeforeItsTtlEnds() throws InterruptedException {
    Duration ttl = a("mx1.secure.org").ttl();
    long asked = server.questions("mx1.secure.org", "A");
    clock.forward(ttl.multipliedBy(85).dividedBy(100));
    a("mx1.secure.org");
    assertEquals(asked, server.questions("mx1.secure.org", "A"), "used early: nothing is asked");
    clock.forward(ttl.multipliedBy(10).dividedBy(100));
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    for (int i = 0; i < 400 && a("mx1.secure.org").ttl().compareTo(ttl.dividedBy(2)) < 0; i++) {
      Thread.sleep(25);
    }
    assertTrue(a("mx1.secure.org").ttl().compareTo(ttl.dividedBy(2)) > 0, "fresh again");
    long refreshed = server.questions("mx1.secure.org", "A");
    clock.forward(ttl.dividedBy(2));
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    assertEquals(refreshed, server.questions("mx1.secure.org", "A"), "kept for its own time");
  }

  @Test
  void answerIsStoredWithItsTtlBeforeItsCallerHasIt() {
    for (int i = 0; i < 100; i++) {
      String name = "n" + i + ".wild.secure.org";
      Duration ttl = a(name).ttl();
      DnsAnswer<InetAddress> kept =
          resolver.cacheOnly().addresses(Domain.of(name), AddressFamily.IPV4);
      assertTrue(kept.isResolved(), name);
      Duration aged = kept.ttl();
      assertTrue(aged.isPositive() && aged.compareTo(ttl) <= 0, aged + " of " + ttl);
    }
  }

  @Test
  void failedRefreshKeepsTheCachedAnswer() throws InterruptedException {
    Duration ttl = a("mx1.secure.org").ttl();
    server.fault("mx1.secure.org", DnsFault.SERVFAIL);
    clock.forward(ttl.multipliedBy(95).dividedBy(100));
    long asked = server.questions("mx1.secure.org", "A");
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    for (int i = 0; i < 400 && server.questions("mx1.secure.org", "A") == asked; i++) {
      Thread.sleep(25);
    }
    assertTrue(server.questions("mx1.secure.org", "A") > asked, "it was looked up ahead");
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    clock.forward(ttl.dividedBy(10));
    assertEquals(DnssecStatus.FAILED, a("mx1.secure.org").security());
  }

  @Test
  void concurrentQueriesAreLimited() throws InterruptedException {
    server.fault("mx1.plain.example", DnsFault.DROP);
    DnsSettings s = settings();
    resolver =
        live(
            SettingsRecord.with(
                s, Map.of("cacheEntries", 100, "concurrent", 1, "negativeAnchors", List.of())));
    try (Scope scope = new Scope("askers")) {
      Scope.ForkedTask<DnsAnswer<InetAddress>> slow = scope.fork(() -> a("mx1.plain.example"));
      while (server.questions("mx1.plain.example", "A") == 0) {
        Thread.onSpinWait();
      }
      Scope.ForkedTask<DnsAnswer<InetAddress>> waits = scope.fork(() -> a("mx2.plain.example"));
      while (server.questions("mx1.plain.example", "A") < Upstream.ROUNDS) {
        assertEquals(0, server.questions("mx2.plain.example", "A"));
      }
      scope.join();
      assertEquals(DnssecStatus.FAILED, slow.get().security());
      assertEquals(DnssecStatus.INSECURE, waits.get().security(), waits.get().reason());
    }
  }

  @Test
  void cacheSizeIsLimited() {
    DnsSettings s = settings();
    resolver =
        live(
            SettingsRecord.with(
                s, Map.of("cacheEntries", 2, "concurrent", 10, "negativeAnchors", List.of())));
    for (int i = 0; i < 20; i++) {
      a("no" + i + ".plain.example");
    }
    long before = server.total();
    for (int i = 0; i < 20; i++) {
      a("no" + i + ".plain.example");
    }
    assertTrue(server.total() - before >= 17, "asked again " + (server.total() - before));
  }

  /** RFC 7646. */
  @Test
  void treatsAZoneAsUnsignedWhileANegativeAnchorCounts() {
    DnsSettings s = settings();
    NegativeTrustAnchor anchor =
        new NegativeTrustAnchor(
            Domain.of("expired.example"), "ops", "forgot to sign", clock.now().plusSeconds(60));
    resolver =
        live(
            SettingsRecord.with(
                s,
                Map.of("cacheEntries", 100, "concurrent", 10, "negativeAnchors", List.of(anchor))));
    assertEquals(DnssecStatus.INSECURE, a("mx1.expired.example").security());
    assertEquals(List.of(ip("192.0.2.1")), a("mx1.expired.example").records());
    assertEquals(DnssecStatus.INSECURE, a("broken.secure.org").security());
    assertEquals(DnssecStatus.BOGUS, a("mx1.wrong.example").security());
    assertEquals(DnssecStatus.SECURE, a("mx1.secure.org").security());
    clock.forward(Duration.ofSeconds(61));
    assertEquals(DnssecStatus.BOGUS, a("mx2.expired.example").security());
    for (String none : List.of("", " ")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new NegativeTrustAnchor(anchor.zone(), none, "note", anchor.until()));
      assertThrows(
          IllegalArgumentException.class,
          () -> new NegativeTrustAnchor(anchor.zone(), "owner", none, anchor.until()));
    }
  }

  @Test
  void answersReservedNamesWithoutAsking() {
    assertEquals(List.of(ip("127.0.0.1")), a("localhost").records());
    assertEquals(
        List.of(ip("::1")),
        resolver.addresses(Domain.of("x.localhost"), AddressFamily.IPV6).records());
    for (String name : List.of("a.invalid", "b.onion", "c.alt")) {
      assertEquals(DnsAnswer.Kind.NO_NAME, a(name).kind());
    }
    assertEquals(0, server.total());
  }

  @Test
  void nullMxUnusableMxAndNoMxAreDistinct() {
    MxSet none =
        MxSet.of(
            Domain.of("null.secure.org"),
            resolver.mx(Domain.of("null.secure.org")),
            Set.of(),
            RandomSource.seeded(1));
    assertEquals(new MxSet.NullMx(DnssecStatus.SECURE), none);
    DnsAnswer<MxRecord> odd = resolver.mx(Domain.of("odd.secure.org"));
    assertEquals(DnssecStatus.FAILED, odd.security());
    assertEquals("no usable record: 10 foo-.bar.secure.org.", odd.reason());
  }

  @Test
  void resolvesBackwards() {
    server.serve(
        List.of(
            Zone.of("2.0.192.in-addr.arpa", "1 PTR mx1.secure.org.\n"),
            Zone.of("8.b.d.0.1.0.0.2.ip6.arpa", "1" + ".0".repeat(23) + " PTR six.secure.org.\n")));
    assertEquals(List.of(Domain.of("mx1.secure.org")), resolver.reverse(ip("192.0.2.1")).records());
    assertEquals(
        List.of(Domain.of("six.secure.org")), resolver.reverse(ip("2001:db8::1")).records());
    assertEquals(DnsAnswer.Kind.NO_NAME, resolver.reverse(ip("192.0.2.2")).kind());
  }

  @BeforeEach
  void nothingAskedBeforeTheTest() {
    assertEquals(0, server.total());
  }

  @Test
  void authoritiesAndTheCostOfDenialAreRead() {
    DnsAnswer<CaaRecord> caa = resolver.caa(Domain.of("secure.org"));
    assertEquals(DnssecStatus.SECURE, caa.security());
    assertEquals(
        Set.of(new CaaRecord(0, "issue", "ca.example"), new CaaRecord(128, "tbs", "unknown")),
        Set.copyOf(caa.records()));
    assertEquals(
        List.of(new Nsec3ParamRecord(5, 2)),
        resolver.nsec3param(Domain.of("secure.org")).records());
    assertEquals(DnsAnswer.Kind.NO_DATA, resolver.nsec3param(Domain.of("mx1.secure.org")).kind());
  }
}
