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
import org.junit.jupiter.api.Test;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Progress;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.assess.model.Target;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.TestCa;

/** Every flaw of a certificate, with and without the policies that make it matter. */
final class CertificateReviewTest {
  private static final String MX = "mx.example.org";
  private static final TestCa ROOT = TestCa.root("Assess Root");
  private static final TestCa CA = ROOT.intermediate("Assess CA");
  private static final Place PLACE =
      Place.of(Domain.of(MX), InetAddress.ofLiteral("192.0.2.1"), 25);

  /** What policies say beside. */
  private enum Policy {
    NONE,
    DANE,
    STS
  }

  private static Visit visit(@Nullable String nextHop, Identity... shown) {
    Visit visit =
        new Visit(
            PLACE,
            PLACE.host(),
            Entry.STARTTLS,
            nextHop == null ? null : Domain.of(nextHop),
            "probe.example",
            Budget.of(Depth.STANDARD),
            Clock.system(),
            Clock.system().nanoTime() + Duration.ofMinutes(1).toNanos(),
            Progress.none());
    visit.sightings().answers();
    for (Identity identity : shown) {
      List<X509Certificate> chain = identity.chain();
      visit.sightings().chain(chain.getFirst().getPublicKey().getAlgorithm(), chain);
    }
    return visit;
  }

  private static Finding find(Visit visit, Policy policy, String id) {
    List<Finding> before =
        switch (policy) {
          case NONE -> List.of();
          case DANE -> List.of(Finding.of(Check.of("dane.match"), Outcome.PASS, PLACE, "match"));
          case STS ->
              List.of(Finding.of(Check.of("sts.policy"), Outcome.PASS, Place.domain(), "enforce"));
        };
    Overview all =
        new Overview(
            new Target.MailDomain(Domain.of("example.org")),
            null,
            null,
            25,
            List.of(),
            List.of(visit),
            before,
            Budget.of(Depth.STANDARD),
            Duration.ofMinutes(1));
    try {
      return new CertificateReview(
              ROOT.roots(), new Revocation(Revocation.Web.none(), Clock.system()), Clock.system())
          .ask(all).judge(all).stream()
              .filter(f -> f.check().id().equals(id))
              .findFirst()
              .orElseThrow();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String code(Identity identity, Policy policy, String id) {
    Finding finding = find(visit("example.org", identity), policy, id);
    return finding.outcome() + " " + finding.code();
  }

  @Test
  void aGoodCertificatePassesEverything() {
    Visit visit = visit(null, CA.identity(MX));
    for (String id :
        List.of("cert.name", "cert.chain", "cert.expiry", "cert.key", "cert.sig", "cert.eku")) {
      Finding finding = find(visit, Policy.STS, id);
      assertEquals(Outcome.PASS, finding.outcome(), finding.seen());
    }
    assertTrue(find(visit, Policy.NONE, "cert.name").evidence().getFirst().text().startsWith("30"));
  }

  @Test
  void namesMatterAsThePolicySays() {
    Identity other = CA.identity("www.example.net");
    assertEquals("FAIL cert.name/none", code(other, Policy.NONE, "cert.name"));
    assertEquals("WARN cert.name/none", code(other, Policy.DANE, "cert.name"));
    assertEquals("FAIL cert.name/none-sts", code(other, Policy.STS, "cert.name"));
    Identity domain = CA.identity("example.org");
    assertEquals("WARN cert.name/domain-only", code(domain, Policy.NONE, "cert.name"));
    assertEquals("FAIL cert.name/none-sts", code(domain, Policy.STS, "cert.name"));
    Identity bare = CA.leaf(MX).commonNameOnly().identity();
    assertEquals("FAIL cert.name/no-san", code(bare, Policy.NONE, "cert.name"));
    assertEquals("PASS cert.name", code(CA.identity("*.example.org"), Policy.STS, "cert.name"));
    assertEquals("FAIL cert.name/none", code(CA.identity("*.org"), Policy.NONE, "cert.name"));
  }

  @Test
  void chainsAndDatesAreJudgedApart() {
    assertEquals(
        "FAIL cert.chain/self-signed", code(TestCa.selfSigned(MX), Policy.NONE, "cert.chain"));
    assertEquals("WARN cert.chain/dane", code(TestCa.selfSigned(MX), Policy.DANE, "cert.chain"));
    Identity alone = CA.leaf(MX).namesIssuer().alone().identity();
    assertEquals("WARN cert.chain/incomplete", code(alone, Policy.NONE, "cert.chain"));
    assertEquals("FAIL cert.chain/incomplete", code(alone, Policy.STS, "cert.chain"));
    Identity ocsp = CA.leaf(MX).tellsRevocation().alone().identity();
    assertEquals("WARN cert.chain/incomplete", code(ocsp, Policy.NONE, "cert.chain"));
    Identity rogue = TestCa.root("Rogue Root").leaf(MX).tellsRevocation().identity();
    assertEquals("FAIL cert.chain/untrusted", code(rogue, Policy.NONE, "cert.chain"));
    Identity strange = TestCa.root("Strange").intermediate("S").identity(MX);
    assertEquals("FAIL cert.chain/untrusted", code(strange, Policy.NONE, "cert.chain"));
    Identity fake = CA.leafAsAuthority(MX);
    assertTrue(code(fake, Policy.NONE, "cert.chain").startsWith("FAIL"));

    Identity expired = CA.leaf(MX).expired().identity();
    assertEquals("PASS cert.chain", code(expired, Policy.NONE, "cert.chain"));
    assertEquals("FAIL cert.expiry/expired", code(expired, Policy.NONE, "cert.expiry"));
    assertEquals("WARN cert.expiry/dane", code(expired, Policy.DANE, "cert.expiry"));
    Identity early = CA.leaf(MX).notYetValid().identity();
    assertEquals("FAIL cert.expiry/not-yet", code(early, Policy.NONE, "cert.expiry"));
    Instant now = Instant.now();
    Identity soon =
        CA.leaf(MX).valid(now.minus(Duration.ofDays(60)), now.plus(Duration.ofDays(13))).identity();
    assertEquals("WARN cert.expiry/soon", code(soon, Policy.NONE, "cert.expiry"));
    Identity later =
        CA.leaf(MX).valid(now.minus(Duration.ofDays(60)), now.plus(Duration.ofDays(15))).identity();
    assertEquals("PASS cert.expiry", code(later, Policy.NONE, "cert.expiry"));
    Identity ages =
        CA.leaf(MX)
            .valid(now.minus(Duration.ofDays(10)), now.plus(Duration.ofDays(816)))
            .identity();
    assertEquals("INFO cert.expiry/long", code(ages, Policy.NONE, "cert.expiry"));
  }

  @Test
  void keysSignaturesAndPurposes() {
    assertEquals(
        "FAIL cert.key/below-1024",
        code(CA.leaf(MX).rsa(1_023).identity(), Policy.NONE, "cert.key"));
    assertEquals(
        "FAIL cert.key/below-2048",
        code(CA.leaf(MX).rsa(1_024).identity(), Policy.NONE, "cert.key"));
    assertEquals(
        "WARN cert.key/rsa-2048", code(CA.leaf(MX).rsa(2_048).identity(), Policy.NONE, "cert.key"));
    assertEquals("PASS cert.key", code(CA.leaf(MX).rsa(3_072).identity(), Policy.NONE, "cert.key"));
    assertEquals("PASS cert.key", code(CA.leaf(MX).ed25519().identity(), Policy.NONE, "cert.key"));
    Identity sha1 = CA.leaf(MX).signature("SHA1withECDSA").identity();
    assertEquals("FAIL cert.sig/sha1", code(sha1, Policy.NONE, "cert.sig"));
    Identity client = CA.leaf(MX).clientAuthOnly().identity();
    assertEquals("FAIL cert.eku/wrong", code(client, Policy.NONE, "cert.eku"));
    assertEquals(
        "WARN cert.eku/absent", code(CA.leaf(MX).purposes().identity(), Policy.NONE, "cert.eku"));
    assertEquals(
        "INFO cert.eku/no-client",
        code(CA.leaf(MX).serverAuthOnly().identity(), Policy.NONE, "cert.eku"));
    Identity any = CA.leaf(MX).purposes(KeyPurposeId.anyExtendedKeyUsage).identity();
    assertEquals("PASS cert.eku", code(any, Policy.NONE, "cert.eku"));
  }

  @Test
  void theWorstOfTwoTypesCounts() {
    Visit visit = visit(null, CA.identity(MX), CA.leaf("other.example").rsa(2_048).identity());
    Finding name = find(visit, Policy.NONE, "cert.name");
    assertEquals(Outcome.FAIL, name.outcome());
    assertTrue(name.seen().startsWith("EC: it names mx.example.org; RSA: "), name.seen());
  }

  @Test
  void whatWasNotSeenIsNotTested() {
    Finding finding = find(visit(null), Policy.NONE, "cert.chain");
    assertEquals(Outcome.NOT_TESTED, finding.outcome());
  }

  /** nextUpdate as DER writes it (RFC 6960 4.2.1). */
  private static byte[] staple(String until) {
    return ("\u00a0\u0011\u0018\u000f" + until + "Z").getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void aStapledAnswerMustBeGoodStill() {
    Visit fresh = visit(null, CA.identity(MX));
    fresh.sightings().staple("EC", staple("29990101000000"));
    assertEquals("cert.staple", find(fresh, Policy.NONE, "cert.staple").code());
    Visit stale = visit(null, CA.identity(MX));
    stale.sightings().staple("EC", staple("20200101000000"));
    Finding finding = find(stale, Policy.NONE, "cert.staple");
    assertEquals("cert.staple/stale", finding.code());
    assertEquals(Outcome.WARN, finding.outcome());
  }

  /** What is sent beside a path that holds is nobody's fault and no fault of the certificate. */
  @Test
  void anExpiredCertificateThatNoPathNeedsIsNotExpired() {
    java.time.Instant now = java.time.Instant.now();
    X509Certificate cross =
        ROOT.crossSigned(
            TestCa.root("Old Root"),
            now.minus(Duration.ofDays(900)),
            now.minus(Duration.ofDays(9)));
    Identity leaf = CA.identity(MX);
    List<X509Certificate> chain = new java.util.ArrayList<>(leaf.chain());
    chain.add(cross);
    Visit visit = visit(null);
    visit.sightings().chain("EC", chain);
    Finding expiry = find(visit, Policy.NONE, "cert.expiry");
    assertEquals("cert.expiry/unneeded", expiry.code(), expiry.seen());
    assertEquals(Outcome.INFO, expiry.outcome());
    assertEquals(Outcome.PASS, find(visit, Policy.NONE, "cert.chain").outcome());
    // One that every path needs is.
    X509Certificate old =
        CA.crossSigned(ROOT, now.minus(Duration.ofDays(900)), now.minus(Duration.ofDays(9)));
    Visit needed = visit(null);
    needed.sightings().chain("EC", List.of(leaf.leaf(), old));
    assertEquals("cert.expiry/expired", find(needed, Policy.NONE, "cert.expiry").code());
  }
}
