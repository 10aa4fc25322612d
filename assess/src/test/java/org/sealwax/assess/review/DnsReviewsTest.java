package org.sealwax.assess.review;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.CaaRecord;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Nsec3ParamRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.http.HttpsFailure;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.dns.FixedResolver;

/** What is read out of the DNS alone, row by row. */
final class DnsReviewsTest {
  private static final Domain DOMAIN = Domain.of("example.org");

  static TargetOverview overview(Resolver resolver, Domain domain) {
    DnsAnswer<MxRecord> mx = resolver.mx(domain);
    MxSet route = MxSet.of(domain, mx, Set.of(), RandomSource.seeded(1));
    List<TargetMxHost> mxHosts =
        route instanceof MxSet.Hosts hosts
            ? hosts.targets().stream()
                .map(
                    t ->
                        TargetMxHost.of(
                            t.host(),
                            t.preference(),
                            List.of(
                                resolver.addresses(t.host(), AddressFamily.IPV4),
                                resolver.addresses(t.host(), AddressFamily.IPV6))))
                .toList()
            : List.of();
    return new TargetOverview(
        new AssessmentTarget.DomainTarget(domain),
        mx,
        route,
        25,
        mxHosts,
        List.of(),
        List.of(),
        AssessmentBudget.of(ScanDepth.FULL),
        Duration.ofMinutes(1));
  }

  private static String code(Review review, Resolver resolver, String check) {
    try {
      TargetOverview all = overview(resolver, DOMAIN);
      return review.ask(all).judge(all).stream()
          .filter(f -> f.check().id().equals(check))
          .map(DnsReviewsTest::text)
          .findFirst()
          .orElse("nothing");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String text(Finding f) {
    return f.outcome() + " " + f.code();
  }

  private static FixedResolver.Builder signedZone() {
    return FixedResolver.builder()
        .mx("example.org", 10, "mx.example.org")
        .address("mx.example.org", "93.184.216.34");
  }

  @Test
  void mxRecords() {
    MxReview review = new MxReview(false, true);
    assertEquals("PASS mx.exists", code(review, signedZone().build(), "mx.exists"));
    assertEquals("PASS mx.private", code(review, signedZone().build(), "mx.private"));
    assertEquals("PASS mx.cname", code(review, signedZone().build(), "mx.cname"));
    FixedResolver implicit =
        FixedResolver.builder().address("example.org", "93.184.216.34").build();
    assertEquals("WARN mx.exists/implicit", code(review, implicit, "mx.exists"));
    FixedResolver none = FixedResolver.builder().mx("example.org", 0, ".").build();
    assertEquals("INFO mx.exists/null", code(review, none, "mx.exists"));
    FixedResolver nowhere = FixedResolver.builder().build();
    assertEquals("FAIL mx.exists/no-name", code(review, nowhere, "mx.exists"));
    FixedResolver broken = FixedResolver.builder().fails("example.org").build();
    assertEquals("INCONCLUSIVE mx.exists", code(review, broken, "mx.exists"));
    FixedResolver alias =
        FixedResolver.builder()
            .mx("example.org", 10, "mx.example.org")
            .cname("mx.example.org", "real.example.org")
            .address("real.example.org", "93.184.216.34")
            .build();
    assertEquals("FAIL mx.cname", code(review, alias, "mx.cname"));
    FixedResolver literal = FixedResolver.builder().mx("example.org", 10, "192.0.2.1").build();
    assertEquals("FAIL mx.ip-literal", code(review, literal, "mx.ip-literal"));
    assertEquals("FAIL reach.all/none", code(review, literal, "reach.all"));
    FixedResolver inner = signedZone().address("mx.example.org", "10.0.0.1").build();
    assertEquals("FAIL mx.private", code(review, inner, "mx.private"));
    assertEquals("INFO mx.private", code(new MxReview(true, true), inner, "mx.private"));
  }

  /** The evidence has the records as a zone has them. */
  @Test
  void theEvidenceShowsTheMxRecords() throws InterruptedException {
    FixedResolver resolver =
        FixedResolver.builder().mx("example.org", 10, "mx.example.org").build();
    FixedResolver none = FixedResolver.builder().mx("example.org", 0, ".").build();
    assertEquals("found, insecure\nMX 10 mx.example.org", mxEvidence(resolver));
    assertEquals("found, insecure\nMX 0 .", mxEvidence(none));
  }

  private static String mxEvidence(FixedResolver resolver) throws InterruptedException {
    TargetOverview all = overview(resolver, DOMAIN);
    return new MxReview(false, true)
        .ask(all).judge(all).stream()
            .filter(f -> f.check().id().equals("mx.exists"))
            .flatMap(f -> f.evidence().stream())
            .findFirst()
            .orElseThrow()
            .text();
  }

  @Test
  void dnssecAndItsDenial() {
    FixedResolver unsigned = signedZone().build();
    assertEquals("WARN dnssec/unsigned", code(new DnssecReview(unsigned), unsigned, "dnssec"));
    FixedResolver signed = signedZone().secure("example.org").build();
    assertEquals("PASS dnssec", code(new DnssecReview(signed), signed, "dnssec"));
    FixedResolver iterated =
        signed.toBuilder().nsec3param("example.org", new Nsec3ParamRecord(10, 0)).build();
    assertEquals("WARN dnssec/iterations", code(new DnssecReview(iterated), iterated, "dnssec"));
    FixedResolver bogus = signed.toBuilder().bogus("mx.example.org", FixedResolver.Type.A).build();
    assertEquals("FAIL dnssec/bogus", code(new DnssecReview(bogus), bogus, "dnssec"));
    FixedResolver failing =
        signed.toBuilder().fails("mx.example.org", FixedResolver.Type.AAAA).build();
    assertEquals("INCONCLUSIVE dnssec", code(new DnssecReview(failing), failing, "dnssec"));
  }

  @Test
  void caaIsLookedUpAtParentDomains() {
    FixedResolver none = signedZone().build();
    assertEquals("INFO caa/missing", code(new DnssecReview(none), none, "caa"));
    FixedResolver above =
        signedZone().caa("example.org", new CaaRecord(0, "issue", "ca.example")).build();
    assertEquals("PASS caa", code(new DnssecReview(above), above, "caa"));
    FixedResolver failing = signedZone().fails("example.org", FixedResolver.Type.CAA).build();
    assertEquals("INCONCLUSIVE caa", code(new DnssecReview(failing), failing, "caa"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "v=TLSRPTv1; rua=mailto:tls@reports.example | PASS tlsrpt",
        "v=TLSRPTv1;rua=https://reports.example/v1 | PASS tlsrpt",
        "v=TLSRPTv1 ; rua=mailto:a@x.example,https://y.example/ ; | PASS tlsrpt",
        "v=TLSRPTv1; rua=mailto:tls@example.org | INFO tlsrpt/same-domain",
        "v=TLSRPTv1; | FAIL tlsrpt/syntax",
        "v=TLSRPTv1; rua=tls@reports.example | FAIL tlsrpt/syntax",
        "v=TLSRPTv1; rua=http://reports.example | FAIL tlsrpt/syntax",
        "v=TLSRPTv1 rua=mailto:tls@reports.example | FAIL tlsrpt/syntax",
        "v=tlsrptv1; rua=mailto:tls@reports.example | FAIL tlsrpt/syntax",
        "something else | FAIL tlsrpt/syntax",
      })
  void reportingRecords(String record, String expected) {
    FixedResolver resolver =
        signedZone()
            .txt("_smtp._tls.example.org", record)
            .mx("reports.example", 10, "mx.reports.example")
            .mx("x.example", 10, "mx.reports.example")
            .build();
    assertEquals(
        expected,
        code(new TlsRptReview(resolver, TestWebServers.answers(405)), resolver, "tlsrpt"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mailto:tls@gone.example | WARN tlsrpt/unreachable",
        "mailto:tls@silent.example | WARN tlsrpt/unreachable",
        "mailto:tls@unknown.example | PASS tlsrpt",
        "mailto:tls@gone.example,mailto:tls@example.org | INFO tlsrpt/unreachable",
        "https://reports.example/v1 | WARN tlsrpt/unreachable",
        "https://reports.example/v1,mailto:tls@gone.example | WARN tlsrpt/unreachable",
        "https://reports.example/v1,mailto:tls@example.org | INFO tlsrpt/unreachable",
      })
  void unusableAddresses(String addresses, String expected) {
    FixedResolver resolver =
        signedZone()
            .txt("_smtp._tls.example.org", "v=TLSRPTv1; rua=" + addresses)
            .mx("silent.example", 0, ".")
            .fails("unknown.example")
            .build();
    for (HttpsFailure failure :
        List.of(
            new HttpsFailure(HttpsFailure.Kind.NO_ADDRESS, "no address"),
            new HttpsFailure(HttpsFailure.Kind.NO_CONNECTION, "refused"),
            new HttpsFailure(HttpsFailure.Kind.TOTAL_TIME_REACHED, "10 s"))) {
      TlsRptReview review = new TlsRptReview(resolver, TestWebServers.fails(failure));
      assertEquals(expected, code(review, resolver, "tlsrpt"));
    }
  }

  @Test
  void aFailedLookupIsNoFaultOfAReportAddress() {
    FixedResolver resolver =
        signedZone()
            .txt("_smtp._tls.example.org", "v=TLSRPTv1; rua=https://reports.example/")
            .build();
    TlsRptReview review =
        new TlsRptReview(
            resolver,
            TestWebServers.fails(new HttpsFailure(HttpsFailure.Kind.DNS_FAILED, "SERVFAIL")));
    assertEquals("PASS tlsrpt", code(review, resolver, "tlsrpt"));
  }

  @Test
  void invalidReportingRecords() {
    FixedResolver none = signedZone().build();
    assertEquals(
        "WARN tlsrpt/missing",
        code(new TlsRptReview(none, TestWebServers.answers(405)), none, "tlsrpt"));
    FixedResolver two =
        signedZone()
            .txt("_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:a@reports.example")
            .txt("_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:b@reports.example")
            .build();
    assertEquals(
        "FAIL tlsrpt/several",
        code(new TlsRptReview(two, TestWebServers.answers(405)), two, "tlsrpt"));
    FixedResolver failing = signedZone().fails("_smtp._tls.example.org").build();
    assertEquals(
        "INCONCLUSIVE tlsrpt",
        code(new TlsRptReview(failing, TestWebServers.answers(405)), failing, "tlsrpt"));
  }

  @Test
  void informationalFindingsHaveNoGrade() {
    FixedResolver none = signedZone().build();
    assertEquals("INFO spf/missing", code(new DnsInformationReview(none), none, "spf"));
    assertEquals("INFO dmarc/missing", code(new DnsInformationReview(none), none, "dmarc"));
    assertEquals("NOT_TESTED dkim", code(new DnsInformationReview(none), none, "dkim"));
    FixedResolver good =
        signedZone()
            .txt("example.org", "v=spf1 mx -all")
            .txt("_dmarc.example.org", "v=DMARC1; p=reject")
            .build();
    assertEquals("PASS spf", code(new DnsInformationReview(good), good, "spf"));
    assertEquals("PASS dmarc", code(new DnsInformationReview(good), good, "dmarc"));
    FixedResolver open =
        signedZone()
            .txt("example.org", "v=spf1 +all")
            .txt("_dmarc.example.org", "v=DMARC1; p = none")
            .build();
    assertEquals("INFO spf/open", code(new DnsInformationReview(open), open, "spf"));
    assertEquals("INFO dmarc/none", code(new DnsInformationReview(open), open, "dmarc"));
    FixedResolver wrong =
        signedZone()
            .txt("example.org", "v=spf1 mx ip4:192.0.2.256 -all")
            .txt("_dmarc.example.org", "v=dmarc1; p=reject")
            .build();
    assertEquals("INFO spf/invalid", code(new DnsInformationReview(wrong), wrong, "spf"));
    assertEquals("INFO dmarc/invalid", code(new DnsInformationReview(wrong), wrong, "dmarc"));
    FixedResolver lenient =
        signedZone()
            .txt("example.org", "v=spf1 -all +all")
            .txt("_dmarc.example.org", "v=DMARC1; p=reject; x-p=none")
            .build();
    assertEquals("PASS spf", code(new DnsInformationReview(lenient), lenient, "spf"));
    assertEquals("PASS dmarc", code(new DnsInformationReview(lenient), lenient, "dmarc"));
    assertEquals(CheckOutcome.INFO.label(), "info");
  }
}
