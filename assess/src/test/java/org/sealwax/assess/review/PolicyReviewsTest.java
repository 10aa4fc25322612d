package org.sealwax.assess.review;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.fetch.PolicyFetch;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.tls.TestCa;

/** DANE and MTA-STS against what hosts show, and what both together come to. */
final class PolicyReviewsTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final TestCa ROOT = TestCa.root("Policy Root");
  private static final TestCa CA = ROOT.intermediate("Policy CA");
  private static final Identity EC = CA.identity("mx1.example.org");
  private static final Identity RSA = CA.leaf("mx1.example.org").rsa(2_048).identity();
  private static final Identity OTHER = CA.identity("mx2.example.org");

  private static FixedResolver.Builder signedZone() {
    return FixedResolver.builder()
        .mx("example.org", 10, "mx1.example.org")
        .mx("example.org", 20, "mx2.example.org")
        .address("mx1.example.org", "192.0.2.1")
        .address("mx2.example.org", "192.0.2.2")
        .secure("example.org");
  }

  private static TlsaRecord key(Identity identity) {
    return new TlsaRecord(3, 1, 1, Pins.of(identity.leaf()).hex());
  }

  private static TlsaRecord other() {
    return new TlsaRecord(3, 1, 1, "ab".repeat(32));
  }

  /** A host of which nothing was seen. */
  private static final List<Identity> UNSEEN = List.of(TestCa.selfSigned("unseen.example"));

  private static AddressVisit visit(TargetMxHost mxHost, List<Identity> shown) {
    return visit(mxHost, shown, ScanDepth.FULL);
  }

  private static AddressVisit visit(TargetMxHost mxHost, List<Identity> shown, ScanDepth depth) {
    AddressVisit visit =
        new AddressVisit(
            new FindingLocation(mxHost.host(), mxHost.addresses().getFirst(), 25),
            mxHost.host(),
            TlsStart.STARTTLS,
            DOMAIN,
            "probe.example",
            AssessmentBudget.of(depth),
            Clock.system(),
            Clock.system().nanoTime() + Duration.ofMinutes(1).toNanos(),
            ProgressListener.none());
    if (shown.equals(UNSEEN)) {
      return visit;
    }
    visit.facts().answers();
    if (shown.isEmpty()) {
      visit.facts().starttlsMissing();
    } else if (depth == ScanDepth.FULL) {
      visit.facts().allKeyTypesTried();
    }
    for (Identity identity : shown) {
      visit.facts().speaksTls();
      visit.facts().chain(identity.leaf().getPublicKey().getAlgorithm(), identity.chain());
    }
    return visit;
  }

  /** Both hosts, with what each of them shows. */
  private static TargetOverview overview(
      FixedResolver resolver, List<Identity> one, List<Identity> two) {
    TargetOverview dns = DnsReviewsTest.overview(resolver, DOMAIN);
    List<AddressVisit> visits = new ArrayList<>();
    visits.add(visit(dns.mxHosts().get(0), one));
    visits.add(visit(dns.mxHosts().get(1), two));
    return new TargetOverview(
        dns.target(),
        dns.mx(),
        dns.route(),
        25,
        dns.mxHosts(),
        visits,
        List.of(),
        dns.budget(),
        dns.timeLeft());
  }

  private static List<Finding> judge(Review review, TargetOverview all) {
    try {
      return review.ask(all).judge(all);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String codes(List<Finding> found, String check) {
    return String.join(
        " ",
        found.stream()
            .filter(f -> f.check().id().equals(check))
            .map(f -> f.outcome() + ":" + f.aspect())
            .toList());
  }

  private static List<Finding> dane(
      FixedResolver resolver, List<Identity> one, List<Identity> two) {
    return judge(
        new DaneReview(resolver, owner -> Map.of(), Clock.system()), overview(resolver, one, two));
  }

  /** RFC 7672 8.1: behind a secure alias the server is asked for under the alias's target. */
  @Test
  void theServerNameIsTheTlsaBaseDomain() throws InterruptedException {
    FixedResolver.Builder aliased =
        FixedResolver.builder()
            .mx("example.org", 10, "mx1.example.org")
            .cname("mx1.example.org", "real.example.org")
            .address("real.example.org", "192.0.2.1")
            .secure("org");
    Domain mx = Domain.of("mx1.example.org");
    FixedResolver with = aliased.tlsa("_25._tcp.real.example.org", key(EC)).build();
    assertEquals(
        Optional.of(Domain.of("real.example.org")),
        new DaneReview(with, owner -> Map.of(), Clock.system())
            .ask(DnsReviewsTest.overview(with, DOMAIN))
            .serverName(mx));
    FixedResolver without = signedZone().build();
    assertEquals(
        Optional.empty(),
        new DaneReview(without, owner -> Map.of(), Clock.system())
            .ask(DnsReviewsTest.overview(without, DOMAIN))
            .serverName(mx));
  }

  /** One of two name servers has no records: every second sender waits, or has no DANE. */
  @Test
  void anAlternatingAnswerIsInconsistent() {
    FixedResolver with =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", key(EC))
            .tlsa("_25._tcp.mx2.example.org", key(OTHER))
            .build();
    FixedResolver without = with.toBuilder().without("_25._tcp.mx1.example.org").build();
    FixedResolver failing = with.toBuilder().fails("_25._tcp.mx1.example.org").build();
    for (FixedResolver second : List.of(without, failing)) {
      AtomicInteger asked = new AtomicInteger();
      Resolver turning =
          (Resolver)
              Proxy.newProxyInstance(
                  Resolver.class.getClassLoader(),
                  new Class<?>[] {Resolver.class},
                  (proxy, method, arguments) ->
                      method.invoke(
                          method.getName().equals("tlsa") && asked.getAndIncrement() % 2 == 0
                              ? second
                              : with,
                          arguments));
      List<Finding> found =
          judge(
              new DaneReview(turning, owner -> Map.of(), Clock.system()),
              overview(with, List.of(EC), List.of(OTHER)));
      assertTrue(codes(found, "dane.denial").startsWith("FAIL:inconsistent"), found.toString());
      assertTrue(codes(found, "dane.match").startsWith("WARN:no-rollover"), "the records are used");
    }
    List<Finding> servers =
        judge(
            new DaneReview(
                with,
                owner ->
                    owner.name().contains("mx2")
                        ? Map.of("ns1", "SERVFAIL", "ns2", "3 1 1 ab")
                        : Map.of("ns1", "3 1 1 ab", "ns2", "3 1 1 ab"),
                Clock.system()),
            overview(with, List.of(EC), List.of(OTHER)));
    assertEquals("PASS: FAIL:inconsistent", codes(servers, "dane.denial"));
  }

  /** What was not seen fulfils nothing and breaks nothing. */
  @Test
  void aPolicyIsFulfilledByReachedHostsOnly() {
    assertEquals(
        "INCONCLUSIVE:", codes(sts(announced(), obtained(ENFORCE), UNSEEN, UNSEEN), "sts.policy"));
    Finding policy = sts(announced(), obtained(ENFORCE), List.of(EC), UNSEEN).getFirst();
    assertEquals(CheckOutcome.PASS, policy.outcome(), policy.observed());
    assertEquals("not examined: mx2.example.org", policy.openQuestion());
    Identity self = TestCa.selfSigned("mx1.example.org");
    assertEquals(
        "FAIL:mx-fails",
        codes(sts(announced(), obtained(ENFORCE), List.of(self), UNSEEN), "sts.policy"),
        "not all: the other was not seen");
  }

  @Test
  void requirementsOfUnreachedHostsStayOpen() {
    FixedResolver resolver =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", key(EC))
            .tlsa("_25._tcp.mx2.example.org", key(OTHER))
            .build();
    TargetOverview none = overview(resolver, UNSEEN, UNSEEN);
    assertEquals("INCONCLUSIVE:", codes(judge(new HostConsistencyReview(), none), "parity"));
    TargetOverview dane =
        none.with(judge(new DaneReview(resolver, owner -> Map.of(), Clock.system()), none));
    assertEquals("INCONCLUSIVE:", codes(judge(new PolicyCoverageReview(), dane), "both"));
    TargetOverview one = overview(resolver, List.of(EC), UNSEEN);
    TargetOverview seen =
        one.with(judge(new DaneReview(resolver, owner -> Map.of(), Clock.system()), one));
    Finding both = judge(new PolicyCoverageReview(), seen).getFirst();
    assertEquals("both/one", both.code(), both.observed());
    assertTrue(
        both.openQuestion().startsWith("not examined: mx2.example.org"), both.openQuestion());
    assertEquals("INCONCLUSIVE:", codes(judge(new HostConsistencyReview(), one), "parity"));
  }

  /** "Nowhere" is reported for hosts that were seen only, and of those with records. */
  @Test
  void aMismatchIsEverywhereOnlyWhereEveryHostWasSeen() {
    FixedResolver resolver =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", other())
            .tlsa("_25._tcp.mx2.example.org", key(OTHER))
            .build();
    assertEquals(
        "FAIL:some INCONCLUSIVE:", codes(dane(resolver, List.of(EC), UNSEEN), "dane.match"));
    FixedResolver failing =
        resolver.toBuilder().fails("_25._tcp.mx2.example.org", FixedResolver.Type.TLSA).build();
    assertEquals(
        "FAIL:some INCONCLUSIVE:", codes(dane(failing, List.of(EC), List.of(OTHER)), "dane.match"));
    FixedResolver one = signedZone().tlsa("_25._tcp.mx1.example.org", other()).build();
    assertEquals(
        "FAIL:all NOT_NEEDED:", codes(dane(one, List.of(EC), List.of(OTHER)), "dane.match"));
  }

  @Test
  void everyHostAndEveryTypeOfCertificateMustMatch() {
    FixedResolver.Builder good =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", key(EC))
            .tlsa("_25._tcp.mx1.example.org", other())
            .tlsa("_25._tcp.mx2.example.org", key(OTHER))
            .tlsa("_25._tcp.mx2.example.org", other());
    List<Finding> fine = dane(good.build(), List.of(EC), List.of(OTHER));
    assertEquals("PASS:", codes(fine, "dane.present"));
    assertEquals("PASS: PASS:", codes(fine, "dane.match"));
    List<Finding> dual = dane(good.build(), List.of(EC, RSA), List.of(OTHER));
    assertEquals("FAIL:one-type PASS:", codes(dual, "dane.match"));
    Finding advised =
        dual.stream().filter(f -> f.outcome() == CheckOutcome.FAIL).findFirst().orElseThrow();
    assertTrue(
        advised
            .lines()
            .contains("_25._tcp.mx1.example.org. IN TLSA 3 1 1 " + Pins.of(RSA.leaf()).hex()));
    List<Finding> none = dane(good.build(), List.of(RSA), List.of(EC));
    assertEquals("FAIL:all FAIL:all", codes(none, "dane.match"));
    List<Finding> both =
        dane(
            good.tlsa("_25._tcp.mx1.example.org", key(RSA)).build(),
            List.of(EC, RSA),
            List.of(OTHER));
    assertEquals("PASS: PASS:", codes(both, "dane.match"));
  }

  /** A quick scan states that it did not look; a deeper one that could not has a doubt. */
  @ParameterizedTest
  @EnumSource(
      value = ScanDepth.class,
      names = {"QUICK", "STANDARD"})
  void certificatesOfOtherTypesThatWereNotSeenAreNamed(ScanDepth depth) {
    FixedResolver resolver = signedZone().tlsa("_25._tcp.mx1.example.org", key(EC)).build();
    TargetOverview dns = DnsReviewsTest.overview(resolver, DOMAIN);
    TargetOverview one =
        new TargetOverview(
            dns.target(),
            dns.mx(),
            dns.route(),
            25,
            dns.mxHosts(),
            List.of(visit(dns.mxHosts().getFirst(), List.of(EC), depth)),
            List.of(),
            AssessmentBudget.of(depth),
            dns.timeLeft());
    Finding match =
        judge(new DaneReview(resolver, owner -> Map.of(), Clock.system()), one).stream()
            .filter(f -> f.check().id().equals("dane.match"))
            .findFirst()
            .orElseThrow();
    String open = "certificates of other key types were not examined";
    assertEquals(depth == ScanDepth.QUICK, match.observed().contains(open), match.observed());
    assertEquals(depth == ScanDepth.QUICK ? "" : open, match.openQuestion());
  }

  @Test
  void recordsThatExpireSoonGiveAWarning() {
    FixedResolver single =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", key(EC))
            .tlsa("_25._tcp.mx2.example.org", new TlsaRecord(3, 0, 1, sha256(OTHER)))
            .build();
    assertEquals(
        "WARN:no-rollover WARN:fragile",
        codes(dane(single, List.of(EC), List.of(OTHER)), "dane.match"));
    FixedResolver pkix =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", new TlsaRecord(1, 1, 1, "ab".repeat(32)))
            .build();
    List<Finding> found = dane(pkix, List.of(EC), List.of(OTHER));
    assertEquals("WARN:unusable", codes(found, "dane.present"));
    assertEquals("WARN:pkix NOT_NEEDED:", codes(found, "dane.match"));
  }

  private static String sha256(Identity identity) {
    try {
      return java.util.HexFormat.of()
          .formatHex(
              java.security.MessageDigest.getInstance("SHA-256")
                  .digest(identity.leaf().getEncoded()));
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void absenceDenialAndFailureAreThreeThings() {
    List<Finding> absent = dane(signedZone().build(), List.of(EC), List.of(OTHER));
    assertEquals("FAIL:none", codes(absent, "dane.present"));
    assertEquals("PASS: PASS:", codes(absent, "dane.denial"));
    FixedResolver failing =
        signedZone().fails("_25._tcp.mx1.example.org", FixedResolver.Type.TLSA).build();
    List<Finding> broken = dane(failing, List.of(EC), List.of(OTHER));
    assertEquals("INCONCLUSIVE:", codes(broken, "dane.present"));
    assertEquals("FAIL:failing PASS:", codes(broken, "dane.denial"));
    FixedResolver some = signedZone().tlsa("_25._tcp.mx1.example.org", key(EC)).build();
    assertEquals("WARN:some", codes(dane(some, List.of(EC), List.of(OTHER)), "dane.present"));
    FixedResolver noTls = signedZone().tlsa("_25._tcp.mx1.example.org", key(EC)).build();
    assertEquals(
        "FAIL:all NOT_NEEDED:", codes(dane(noTls, List.of(), List.of(OTHER)), "dane.match"));
  }

  @Test
  void anAnchorMustBeSentAndTheNameMustFit() {
    String anchor = sha256(CA.certificate());
    FixedResolver resolver =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", new TlsaRecord(2, 0, 1, anchor))
            .tlsa("_25._tcp.mx2.example.org", new TlsaRecord(2, 0, 1, anchor))
            .build();
    List<Finding> fine = dane(resolver, List.of(EC), List.of(OTHER));
    assertEquals("PASS: PASS:", codes(fine, "dane.ta"));
    assertEquals("PASS: PASS:", codes(fine, "dane.match"));
    Identity stranger = CA.identity("mx.elsewhere.example");
    List<Finding> name = dane(resolver, List.of(stranger), List.of(OTHER));
    assertEquals("FAIL:name PASS:", codes(name, "dane.ta"));
    assertEquals("FAIL:some PASS:", codes(name, "dane.match"));
    Identity late = CA.leaf("mx1.example.org").expired().identity();
    assertEquals(
        "FAIL:expired PASS:", codes(dane(resolver, List.of(late), List.of(OTHER)), "dane.ta"));
    Identity alone = CA.leaf("mx1.example.org").alone().identity();
    assertEquals(
        "FAIL:missing PASS:", codes(dane(resolver, List.of(alone), List.of(OTHER)), "dane.ta"));
  }

  private static String sha256(java.security.cert.X509Certificate certificate) {
    try {
      return java.util.HexFormat.of()
          .formatHex(
              java.security.MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static final String ENFORCE =
      "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: *.example.org\n";

  private static PolicyFetch.FetchOutcome obtained(String text) {
    return switch (StsPolicy.read(text.getBytes(StandardCharsets.UTF_8))) {
      case StsPolicy.ParsedStsPolicy.ValidStsPolicy s ->
          new PolicyFetch.FetchOutcome.Obtained(s.policy());
      case StsPolicy.ParsedStsPolicy.StsPolicyFlaw f ->
          new PolicyFetch.FetchOutcome.InvalidPolicyFile(f);
    };
  }

  private static List<Finding> sts(
      FixedResolver resolver,
      PolicyFetch.FetchOutcome fetched,
      List<Identity> one,
      List<Identity> two) {
    return judge(
        new StsReview(
            resolver, domain -> new PolicyFetch(fetched, null), ROOT.roots(), Clock.system()),
        overview(resolver, one, two));
  }

  private static FixedResolver announced() {
    return signedZone().txt("_mta-sts.example.org", "v=STSv1; id=1").build();
  }

  @Test
  void anEnforcedPolicyIsCheckedForEveryHost() {
    List<Finding> fine = sts(announced(), obtained(ENFORCE), List.of(EC), List.of(OTHER));
    assertEquals("PASS:", codes(fine, "sts.policy"));
    assertEquals("PASS:", codes(fine, "sts.consistency"));
    Identity self = TestCa.selfSigned("mx1.example.org");
    assertEquals(
        "FAIL:mx-fails",
        codes(sts(announced(), obtained(ENFORCE), List.of(self), List.of(OTHER)), "sts.policy"));
    assertEquals(
        "FAIL:mx-fails",
        codes(sts(announced(), obtained(ENFORCE), List.of(OTHER), List.of(OTHER)), "sts.policy"));
    assertEquals(
        "FAIL:mx-fails-all",
        codes(sts(announced(), obtained(ENFORCE), List.of(self), List.of(self)), "sts.policy"));
    Identity expired = CA.leaf("mx1.example.org").expired().identity();
    assertEquals(
        "FAIL:mx-fails",
        codes(sts(announced(), obtained(ENFORCE), List.of(expired), List.of(OTHER)), "sts.policy"));
    assertEquals(
        "FAIL:mx-fails",
        codes(sts(announced(), obtained(ENFORCE), List.of(), List.of(OTHER)), "sts.policy"));
    String narrow = ENFORCE.replace("*.example.org", "mx1.example.org");
    List<Finding> outside = sts(announced(), obtained(narrow), List.of(EC), List.of(OTHER));
    assertEquals("FAIL:mx-fails", codes(outside, "sts.policy"));
    assertEquals("FAIL:mx-outside", codes(outside, "sts.consistency"));
    String wide = ENFORCE.replace("*.example.org", "*.org\nmx: *.example.org");
    assertEquals(
        "WARN:wide",
        codes(sts(announced(), obtained(wide), List.of(EC), List.of(OTHER)), "sts.consistency"));
  }

  @ParameterizedTest
  @CsvSource({
    "testing, 1209600, WARN:testing",
    "none, 1209600, FAIL:mode-none",
    "enforce, 86399, WARN:short",
    "enforce, 86400, PASS:",
    "enforce, nonsense, FAIL:invalid",
  })
  void modesAndAges(String mode, String age, String expected) {
    String text = ENFORCE.replace("enforce", mode).replace("1209600", age);
    assertEquals(
        expected,
        codes(sts(announced(), obtained(text), List.of(EC), List.of(OTHER)), "sts.policy"));
  }

  /** What a second fetch brings after the first brought {@link #ENFORCE}. */
  private static String second(FixedResolver resolver, PolicyFetch.FetchOutcome again) {
    Iterator<PolicyFetch.FetchOutcome> fetched = List.of(obtained(ENFORCE), again).iterator();
    return codes(
        judge(
            new StsReview(
                resolver,
                domain -> new PolicyFetch(fetched.next(), null),
                ROOT.roots(),
                Clock.system()),
            overview(resolver, List.of(EC), List.of(OTHER))),
        "sts.consistency");
  }

  @Test
  void aSecondFetchMustBringTheSame() {
    assertEquals("PASS:", second(announced(), obtained(ENFORCE)));
    PolicyFetch.FetchOutcome other = obtained(ENFORCE.replace("1209600", "604800"));
    assertEquals("WARN:id-stale", second(announced(), other));
    assertEquals(
        "WARN:unstable", second(announced(), new PolicyFetch.FetchOutcome.UnexpectedStatus(503)));
  }

  @Test
  void anIdThatChangedWithItsPolicyIsNotStale() {
    FixedResolver before = announced();
    FixedResolver after = signedZone().txt("_mta-sts.example.org", "v=STSv1; id=2").build();
    AtomicInteger asked = new AtomicInteger();
    Resolver turning =
        (Resolver)
            Proxy.newProxyInstance(
                Resolver.class.getClassLoader(),
                new Class<?>[] {Resolver.class},
                (proxy, method, arguments) ->
                    method.invoke(
                        method.getName().equals("txt") && asked.getAndIncrement() > 0
                            ? after
                            : before,
                        arguments));
    Iterator<PolicyFetch.FetchOutcome> fetched =
        List.of(obtained(ENFORCE), obtained(ENFORCE.replace("1209600", "604800"))).iterator();
    StsReview review =
        new StsReview(
            turning, domain -> new PolicyFetch(fetched.next(), null), ROOT.roots(), Clock.system());
    assertEquals(
        "WARN:unstable",
        codes(judge(review, overview(before, List.of(EC), List.of(OTHER))), "sts.consistency"));
  }

  /** Each reading of the clock is so much later than the one before. */
  private static String denial(FixedResolver resolver, Duration step) {
    AtomicLong nanos = new AtomicLong();
    Clock clock =
        new Clock() {
          @Override
          public Instant now() {
            return Instant.now();
          }

          @Override
          public long nanoTime() {
            return nanos.addAndGet(step.toNanos());
          }
        };
    return codes(
        judge(
            new DaneReview(resolver, owner -> Map.of(), clock),
            overview(resolver, List.of(EC), List.of(OTHER))),
        "dane.denial");
  }

  @Test
  void slowTlsaNameServersAreReported() {
    FixedResolver resolver = signedZone().build();
    assertEquals("PASS: PASS:", denial(resolver, Duration.ofMillis(2_999)));
    assertEquals("WARN:slow WARN:slow", denial(resolver, Duration.ofSeconds(3)));
    FixedResolver failing = signedZone().fails("_25._tcp.mx1.example.org").build();
    assertEquals("FAIL:failing WARN:slow", denial(failing, Duration.ofSeconds(3)));
  }

  @Test
  void anUnfetchablePolicyIsNoPolicy() {
    PolicyFetch.FetchOutcome any = obtained(ENFORCE);
    assertEquals(
        "FAIL:absent",
        codes(sts(signedZone().build(), any, List.of(EC), List.of(OTHER)), "sts.policy"));
    FixedResolver two =
        signedZone()
            .txt("_mta-sts.example.org", "v=STSv1; id=1")
            .txt("_mta-sts.example.org", "v=STSv1; id=2")
            .build();
    assertEquals(
        "FAIL:two-records", codes(sts(two, any, List.of(EC), List.of(OTHER)), "sts.policy"));
    FixedResolver broken = signedZone().fails("_mta-sts.example.org").build();
    assertEquals(
        "INCONCLUSIVE:", codes(sts(broken, any, List.of(EC), List.of(OTHER)), "sts.policy"));
    for (var row :
        List.of(
            Optional.of(new PolicyFetch.FetchOutcome.UnexpectedStatus(404))
                .map(o -> List.of(o, "unreachable")),
            Optional.of(new PolicyFetch.FetchOutcome.Redirect(301, "/"))
                .map(o -> List.of(o, "redirect")),
            Optional.of(new PolicyFetch.FetchOutcome.MediaType("text/html"))
                .map(o -> List.of(o, "invalid")),
            Optional.of(new PolicyFetch.FetchOutcome.PolicyHostUnreachable("no answer"))
                .map(o -> List.of(o, "unreachable")))) {
      List<?> parts = row.orElseThrow();
      if (parts.getFirst() instanceof PolicyFetch.FetchOutcome outcome) {
        assertEquals(
            "FAIL:" + parts.getLast(),
            codes(sts(announced(), outcome, List.of(EC), List.of(OTHER)), "sts.policy"));
      }
    }
  }

  private static String both(List<Finding> dane, List<Finding> sts) {
    List<Finding> found = new ArrayList<>(dane);
    found.addAll(sts);
    TargetOverview all = overview(signedZone().build(), List.of(EC), List.of(OTHER)).with(found);
    return codes(judge(new PolicyCoverageReview(), all), "both");
  }

  @Test
  void coverageIsBothOneNoneOrContradiction() {
    FixedResolver tlsa =
        signedZone()
            .tlsa("_25._tcp.mx1.example.org", key(EC))
            .tlsa("_25._tcp.mx2.example.org", key(OTHER))
            .build();
    List<Finding> goodDane = dane(tlsa, List.of(EC), List.of(OTHER));
    List<Finding> badDane = dane(tlsa, List.of(OTHER), List.of(OTHER));
    List<Finding> noDane = dane(signedZone().build(), List.of(EC), List.of(OTHER));
    List<Finding> goodSts = sts(announced(), obtained(ENFORCE), List.of(EC), List.of(OTHER));
    List<Finding> badSts = sts(announced(), obtained(ENFORCE), List.of(), List.of(OTHER));
    List<Finding> testing =
        sts(
            announced(),
            obtained(ENFORCE.replace("enforce", "testing")),
            List.of(EC),
            List.of(OTHER));
    List<Finding> noSts = sts(signedZone().build(), obtained(ENFORCE), List.of(EC), List.of(OTHER));
    assertEquals("PASS:", both(goodDane, goodSts));
    assertEquals("WARN:one", both(goodDane, noSts));
    assertEquals("WARN:one", both(noDane, goodSts));
    assertEquals("FAIL:contradict", both(badDane, goodSts));
    assertEquals("FAIL:contradict", both(goodDane, badSts));
    assertEquals("FAIL:neither", both(noDane, noSts));
    assertEquals("FAIL:neither", both(badDane, noSts));
    assertEquals("FAIL:testing-only", both(noDane, testing));
    assertEquals("WARN:one", both(goodDane, testing));
    assertEquals(4, InetAddress.ofLiteral("192.0.2.1").getAddress().length);
  }

  private static String parity(TargetOverview all, Finding... found) {
    return codes(judge(new HostConsistencyReview(), all.with(List.of(found))), "parity");
  }

  @Test
  void theWeakestHostIsReportedAndNotTheMostPreferred() {
    TargetOverview all = overview(signedZone().build(), List.of(EC), List.of(OTHER));
    FindingLocation one = all.visits().get(0).location();
    FindingLocation two = all.visits().get(1).location();
    assertEquals("PASS:", parity(all));
    for (String check : List.of("tls10", "suite.rc4", "cert.chain", "starttls.offered")) {
      assertEquals(
          "FAIL:weaker",
          parity(
              all,
              Finding.of(Check.of(check), CheckOutcome.PASS, one, "good"),
              Finding.of(Check.of(check), CheckOutcome.WARN, two, "bad")),
          check);
    }
    for (String check : List.of("scan.trouble", "banner.time")) {
      assertEquals(
          "PASS:",
          parity(
              all,
              Finding.of(Check.of(check), CheckOutcome.PASS, one, "good"),
              Finding.of(Check.of(check), CheckOutcome.WARN, two, "slow")),
          check);
    }
    // Wrong everywhere is another finding's matter.
    assertEquals(
        "PASS:",
        parity(
            all,
            Finding.of(Check.of("tls10"), CheckOutcome.WARN, one, "bad"),
            Finding.of(Check.of("tls10"), CheckOutcome.WARN, two, "bad")));
    assertEquals(
        "WARN:differs", parity(overview(signedZone().build(), List.of(EC), List.of(EC, RSA))));
  }

  @Test
  void oneHostHasOneKeyAtAllItsAddresses() {
    FixedResolver resolver =
        FixedResolver.builder()
            .mx("example.org", 10, "mx1.example.org")
            .address("mx1.example.org", "192.0.2.1")
            .address("mx1.example.org", "2001:db8::1")
            .build();
    TargetOverview dns = DnsReviewsTest.overview(resolver, DOMAIN);
    TargetMxHost mxHost = dns.mxHosts().getFirst();
    TargetMxHost six =
        new TargetMxHost(mxHost.host(), 10, mxHost.lookups(), List.of(mxHost.addresses().get(1)));
    Identity next = CA.identity("mx1.example.org");
    for (Identity shown : List.of(EC, next)) {
      TargetOverview all =
          new TargetOverview(
              dns.target(),
              dns.mx(),
              dns.route(),
              25,
              dns.mxHosts(),
              List.of(visit(mxHost, List.of(EC)), visit(six, List.of(shown))),
              List.of(),
              dns.budget(),
              dns.timeLeft());
      assertEquals(shown == EC ? "PASS:" : "WARN:differs", parity(all));
    }
  }
}
