package org.sealwax.assess.review;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.testkit.tls.TestCa;

/** Every flaw of a certificate, with and without the policies that make it matter. */
@Tag("long")
final class CertificateReviewTest {
  private static final String MX = "mx.example.org";
  private static final TestCa ROOT = TestCa.root("Assess Root");
  private static final TestCa CA = ROOT.intermediate("Assess CA");
  private static final FindingLocation PLACE =
      FindingLocation.of(Domain.of(MX), InetAddress.ofLiteral("192.0.2.1"), 25);

  /** What policies say next to. */
  private enum TestedPolicy {
    NONE,
    DANE,
    STS
  }

  private static AddressVisit visit(@Nullable String nextHop, Identity... shown) {
    AddressVisit visit =
        new AddressVisit(
            PLACE,
            PLACE.host(),
            TlsStart.STARTTLS,
            nextHop == null ? null : Domain.of(nextHop),
            "probe.example",
            AssessmentBudget.of(ScanDepth.STANDARD),
            Clock.system(),
            Clock.system().nanoTime() + Duration.ofMinutes(1).toNanos(),
            ProgressListener.none());
    visit.facts().answers();
    for (Identity identity : shown) {
      List<X509Certificate> chain = identity.chain();
      visit.facts().chain(chain.getFirst().getPublicKey().getAlgorithm(), chain);
    }
    return visit;
  }

  private static Finding find(AddressVisit visit, TestedPolicy policy, String id) {
    List<Finding> before =
        switch (policy) {
          case NONE -> List.of();
          case DANE ->
              List.of(Finding.of(Check.of("dane.match"), CheckOutcome.PASS, PLACE, "match"));
          case STS ->
              List.of(
                  Finding.of(
                      Check.of("sts.policy"),
                      CheckOutcome.PASS,
                      FindingLocation.domain(),
                      "enforce"));
        };
    TargetOverview all =
        new TargetOverview(
            new AssessmentTarget.DomainTarget(Domain.of("example.org")),
            null,
            null,
            25,
            List.of(),
            List.of(visit),
            before,
            AssessmentBudget.of(ScanDepth.STANDARD),
            Duration.ofMinutes(1));
    try {
      return new CertificateReview(
              ROOT.roots(),
              new RevocationCheck(RevocationCheck.RevocationFetcher.none(), Clock.system()),
              Clock.system())
          .ask(all).judge(all).stream()
              .filter(f -> f.check().id().equals(id))
              .findFirst()
              .orElseThrow();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String code(Identity identity, TestedPolicy policy, String id) {
    Finding finding = find(visit("example.org", identity), policy, id);
    return finding.outcome() + " " + finding.code();
  }

  @Test
  void aGoodCertificatePassesEverything() {
    AddressVisit visit = visit(null, CA.identity(MX));
    for (String id :
        List.of("cert.name", "cert.chain", "cert.expiry", "cert.key", "cert.sig", "cert.eku")) {
      Finding finding = find(visit, TestedPolicy.STS, id);
      assertEquals(CheckOutcome.PASS, finding.outcome(), finding.observed());
    }
    assertTrue(
        find(visit, TestedPolicy.NONE, "cert.name").evidence().getFirst().text().startsWith("30"));
  }

  @Test
  void namesAreCheckedAsThePolicyDemands() {
    Identity other = CA.identity("www.example.net");
    assertEquals("FAIL cert.name/none", code(other, TestedPolicy.NONE, "cert.name"));
    assertEquals("WARN cert.name/none", code(other, TestedPolicy.DANE, "cert.name"));
    assertEquals("FAIL cert.name/none-sts", code(other, TestedPolicy.STS, "cert.name"));
    Identity domain = CA.identity("example.org");
    assertEquals("WARN cert.name/domain-only", code(domain, TestedPolicy.NONE, "cert.name"));
    assertEquals("FAIL cert.name/none-sts", code(domain, TestedPolicy.STS, "cert.name"));
    Identity bare = CA.leaf(MX).commonNameOnly().identity();
    assertEquals("FAIL cert.name/no-san", code(bare, TestedPolicy.NONE, "cert.name"));
    assertEquals(
        "PASS cert.name", code(CA.identity("*.example.org"), TestedPolicy.STS, "cert.name"));
    assertEquals("FAIL cert.name/none", code(CA.identity("*.org"), TestedPolicy.NONE, "cert.name"));
  }

  @Test
  void chainsAndDatesAreJudgedApart() {
    assertEquals(
        "FAIL cert.chain/self-signed",
        code(TestCa.selfSigned(MX), TestedPolicy.NONE, "cert.chain"));
    assertEquals(
        "WARN cert.chain/dane", code(TestCa.selfSigned(MX), TestedPolicy.DANE, "cert.chain"));
    Identity alone = CA.leaf(MX).namesIssuer().alone().identity();
    assertEquals("WARN cert.chain/incomplete", code(alone, TestedPolicy.NONE, "cert.chain"));
    assertEquals("FAIL cert.chain/incomplete", code(alone, TestedPolicy.STS, "cert.chain"));
    Identity ocsp = CA.leaf(MX).tellsRevocation().alone().identity();
    assertEquals("WARN cert.chain/incomplete", code(ocsp, TestedPolicy.NONE, "cert.chain"));
    Identity rogue = TestCa.root("Rogue Root").leaf(MX).tellsRevocation().identity();
    assertEquals("FAIL cert.chain/untrusted", code(rogue, TestedPolicy.NONE, "cert.chain"));
    Identity strange = TestCa.root("Strange").intermediate("S").identity(MX);
    assertEquals("FAIL cert.chain/untrusted", code(strange, TestedPolicy.NONE, "cert.chain"));
    Identity fake = CA.leafAsAuthority(MX);
    assertTrue(code(fake, TestedPolicy.NONE, "cert.chain").startsWith("FAIL"));

    Identity expired = CA.leaf(MX).expired().identity();
    assertEquals("PASS cert.chain", code(expired, TestedPolicy.NONE, "cert.chain"));
    assertEquals("FAIL cert.expiry/expired", code(expired, TestedPolicy.NONE, "cert.expiry"));
    assertEquals("WARN cert.expiry/dane", code(expired, TestedPolicy.DANE, "cert.expiry"));
    Identity early = CA.leaf(MX).notYetValid().identity();
    assertEquals("FAIL cert.expiry/not-yet", code(early, TestedPolicy.NONE, "cert.expiry"));
    Instant now = Instant.now();
    Identity soon =
        CA.leaf(MX).valid(now.minus(Duration.ofDays(60)), now.plus(Duration.ofDays(13))).identity();
    assertEquals("WARN cert.expiry/soon", code(soon, TestedPolicy.NONE, "cert.expiry"));
    Identity later =
        CA.leaf(MX).valid(now.minus(Duration.ofDays(60)), now.plus(Duration.ofDays(15))).identity();
    assertEquals("PASS cert.expiry", code(later, TestedPolicy.NONE, "cert.expiry"));
    Identity ages =
        CA.leaf(MX)
            .valid(now.minus(Duration.ofDays(10)), now.plus(Duration.ofDays(816)))
            .identity();
    assertEquals("INFO cert.expiry/long", code(ages, TestedPolicy.NONE, "cert.expiry"));
  }

  @Test
  void keysSignaturesAndPurposes() {
    assertEquals(
        "FAIL cert.key/below-1024",
        code(CA.leaf(MX).rsa(1_023).identity(), TestedPolicy.NONE, "cert.key"));
    assertEquals(
        "FAIL cert.key/below-2048",
        code(CA.leaf(MX).rsa(1_024).identity(), TestedPolicy.NONE, "cert.key"));
    assertEquals(
        "WARN cert.key/rsa-2048",
        code(CA.leaf(MX).rsa(2_048).identity(), TestedPolicy.NONE, "cert.key"));
    assertEquals(
        "PASS cert.key", code(CA.leaf(MX).rsa(3_072).identity(), TestedPolicy.NONE, "cert.key"));
    assertEquals(
        "PASS cert.key", code(CA.leaf(MX).ed25519().identity(), TestedPolicy.NONE, "cert.key"));
    Identity sha1 = CA.leaf(MX).signature("SHA1withECDSA").identity();
    assertEquals("FAIL cert.sig/sha1", code(sha1, TestedPolicy.NONE, "cert.sig"));
    Identity client = CA.leaf(MX).clientAuthOnly().identity();
    assertEquals("FAIL cert.eku/wrong", code(client, TestedPolicy.NONE, "cert.eku"));
    assertEquals(
        "WARN cert.eku/absent",
        code(CA.leaf(MX).purposes().identity(), TestedPolicy.NONE, "cert.eku"));
    assertEquals(
        "INFO cert.eku/no-client",
        code(CA.leaf(MX).serverAuthOnly().identity(), TestedPolicy.NONE, "cert.eku"));
    Identity any = CA.leaf(MX).purposes(KeyPurposeId.anyExtendedKeyUsage).identity();
    assertEquals("PASS cert.eku", code(any, TestedPolicy.NONE, "cert.eku"));
  }

  @Test
  void theWorstOfTwoTypesCounts() {
    AddressVisit visit =
        visit(null, CA.identity(MX), CA.leaf("other.example").rsa(2_048).identity());
    Finding name = find(visit, TestedPolicy.NONE, "cert.name");
    assertEquals(CheckOutcome.FAIL, name.outcome());
    assertTrue(name.observed().startsWith("EC: it names mx.example.org; RSA: "), name.observed());
  }

  @Test
  void unseenChainsAreInconclusiveAndWithoutTlsNotNeeded() {
    assertEquals(
        CheckOutcome.INCONCLUSIVE, find(visit(null), TestedPolicy.NONE, "cert.chain").outcome());
    AddressVisit plain = visit(null);
    plain.facts().starttlsMissing();
    assertEquals(CheckOutcome.NOT_NEEDED, find(plain, TestedPolicy.NONE, "cert.chain").outcome());
  }

  /** nextUpdate as DER writes it (RFC 6960 4.2.1). */
  private static byte[] staple(String until) {
    return ("\u00a0\u0011\u0018\u000f" + until + "Z").getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void aStapledResponseMustNotBeExpired() {
    AddressVisit fresh = visit(null, CA.identity(MX));
    fresh.facts().staple("EC", staple("29990101000000"));
    assertEquals("cert.staple", find(fresh, TestedPolicy.NONE, "cert.staple").code());
    AddressVisit stale = visit(null, CA.identity(MX));
    stale.facts().staple("EC", staple("20200101000000"));
    Finding finding = find(stale, TestedPolicy.NONE, "cert.staple");
    assertEquals("cert.staple/stale", finding.code());
    assertEquals(CheckOutcome.WARN, finding.outcome());
  }

  /** What is sent next to a path that holds is not a fault of the certificate. */
  @Test
  void anUnneededExpiredCertificateIsNoFault() {
    java.time.Instant now = java.time.Instant.now();
    X509Certificate cross =
        ROOT.crossSigned(
            TestCa.root("Old Root"),
            now.minus(Duration.ofDays(900)),
            now.minus(Duration.ofDays(9)));
    Identity leaf = CA.identity(MX);
    List<X509Certificate> chain = new java.util.ArrayList<>(leaf.chain());
    chain.add(cross);
    AddressVisit visit = visit(null);
    visit.facts().chain("EC", chain);
    Finding expiry = find(visit, TestedPolicy.NONE, "cert.expiry");
    assertEquals("cert.expiry/unneeded", expiry.code(), expiry.observed());
    assertEquals(CheckOutcome.INFO, expiry.outcome());
    assertEquals(CheckOutcome.PASS, find(visit, TestedPolicy.NONE, "cert.chain").outcome());
    // One that every path needs is.
    X509Certificate old =
        CA.crossSigned(ROOT, now.minus(Duration.ofDays(900)), now.minus(Duration.ofDays(9)));
    AddressVisit needed = visit(null);
    needed.facts().chain("EC", List.of(leaf.leaf(), old));
    assertEquals("cert.expiry/expired", find(needed, TestedPolicy.NONE, "cert.expiry").code());
  }
}
