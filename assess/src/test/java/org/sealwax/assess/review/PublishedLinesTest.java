package org.sealwax.assess.review;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.sts.fetch.PolicyFetch;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.tls.TestCa;

/** Records to paste have the values of this target: the keys just seen, the time of the scan. */
final class PublishedLinesTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final TestCa ROOT = TestCa.root("Lines Root");
  private static final Identity EC = ROOT.identity("mx1.example.org");
  private static final Identity RSA = ROOT.leaf("mx1.example.org").rsa(2_048).identity();
  private static final Identity OTHER = ROOT.identity("mx2.example.org");

  private static FixedResolver.Builder unsigned() {
    return FixedResolver.builder()
        .mx("example.org", 10, "mx1.example.org")
        .mx("example.org", 20, "mx2.example.org")
        .address("mx1.example.org", "192.0.2.1")
        .address("mx2.example.org", "192.0.2.2");
  }

  private static AddressVisit visit(TargetMxHost host, List<Identity> shown) {
    Clock clock = Clock.system();
    AddressVisit visit =
        new AddressVisit(
            new FindingLocation(host.host(), host.addresses().getFirst(), 25),
            host.host(),
            TlsStart.STARTTLS,
            DOMAIN,
            "probe.example",
            AssessmentBudget.of(ScanDepth.FULL),
            clock,
            clock.nanoTime() + Duration.ofMinutes(1).toNanos(),
            ProgressListener.none());
    visit.facts().answers();
    visit.facts().speaksTls();
    for (Identity identity : shown) {
      visit.facts().chain(identity.leaf().getPublicKey().getAlgorithm(), identity.chain());
    }
    return visit;
  }

  /** The first host shows two keys, the second one. */
  private static TargetOverview overview(FixedResolver resolver) {
    TargetOverview dns = DnsReviewsTest.overview(resolver, DOMAIN);
    List<AddressVisit> visits = new ArrayList<>();
    visits.add(visit(dns.mxHosts().getFirst(), List.of(EC, RSA)));
    visits.add(visit(dns.mxHosts().getLast(), List.of(OTHER)));
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

  private static Finding first(Review review, String check, FixedResolver resolver)
      throws InterruptedException {
    TargetOverview all = overview(resolver);
    return review.ask(all).judge(all).stream()
        .filter(f -> f.check().id().equals(check))
        .findFirst()
        .orElseThrow();
  }

  private static Finding dane(FixedResolver resolver) throws InterruptedException {
    return first(
        new DaneReview(resolver, owner -> Map.of(), Clock.system()), "dane.present", resolver);
  }

  private static String tlsa(String host, Identity identity) {
    return "_25._tcp." + host + ". IN TLSA 3 1 1 " + Pins.of(identity.leaf()).hex();
  }

  @Test
  void withoutDaneTheLinesHaveEachKeyJustSeen() throws InterruptedException {
    Finding signed = dane(unsigned().secure("example.org").build());
    assertEquals("dane.present/none", signed.code());
    assertEquals(
        List.of(
            "; DNS records, for the keys that the hosts use now",
            tlsa("mx1.example.org", EC),
            tlsa("mx1.example.org", RSA),
            tlsa("mx2.example.org", OTHER)),
        signed.lines());
    assertEquals(
        "; DNS records, of use only once the zones of domain and hosts are signed",
        dane(unsigned().build()).lines().getFirst());
  }

  @Test
  void aHostWithRecordsNeedsNoLines() throws InterruptedException {
    Finding some =
        dane(
            unsigned()
                .secure("example.org")
                .tlsa("_25._tcp.mx1.example.org", new TlsaRecord(3, 1, 1, "ab".repeat(32)))
                .build());
    assertEquals("dane.present/some", some.code());
    assertEquals(
        List.of(
            "; DNS records, for the keys that the hosts use now", tlsa("mx2.example.org", OTHER)),
        some.lines());
  }

  /** RFC 8461 section 3.1: a new id at each change; the time of the scan is one. */
  @Test
  void theIdOfTheStsRecordIsTheTimeInUtc() throws InterruptedException {
    FixedResolver resolver = unsigned().build();
    StsReview review =
        new StsReview(
            resolver,
            domain -> new PolicyFetch(new PolicyFetch.FetchOutcome.UnexpectedStatus(404), null),
            ROOT.roots(),
            new ManualClock(Instant.parse("2026-03-04T05:06:07.89Z")));
    Finding absent = first(review, "sts.policy", resolver);
    assertEquals("sts.policy/absent", absent.code());
    assertEquals(
        List.of(
            "; DNS record, with a new id at each change of the policy",
            "_mta-sts.example.org. IN TXT \"v=STSv1; id=20260304050607\"",
            "; Policy file, at https://mta-sts.example.org/.well-known/mta-sts.txt; then mode"
                + " enforce, after a week without failures",
            "version: STSv1",
            "mode: testing",
            "max_age: 1209600",
            "mx: mx1.example.org",
            "mx: mx2.example.org"),
        absent.lines());
  }
}
