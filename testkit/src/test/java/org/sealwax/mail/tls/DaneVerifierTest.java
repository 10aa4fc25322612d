package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsaBuilder;

/** Chains and the TLSA associations that name them (RFC 6698 2.1, RFC 7671 5, RFC 7672 3). */
final class DaneVerifierTest {
  private static final TestCa ROOT = TestCa.root("Dane Root");
  private static final TestCa MIDDLE = ROOT.intermediate("Dane Intermediate");
  private static final TestCa LOWER = MIDDLE.intermediate("Dane Lower");
  private static final TestCa FOREIGN_CA = TestCa.root("Another Root");
  private static final String MX = "mx.example.org";
  private static final List<Domain> NAMES = List.of(Domain.of(MX), Domain.of("example.org"));

  private static PeerVerification judge(
      List<X509Certificate> chain, TrustRoots roots, TlsaAssociation... records) {
    return judge(new PeerVerifier(Clock.system()), chain, roots, records);
  }

  private static PeerVerification judge(
      PeerVerifier verifier,
      List<X509Certificate> chain,
      TrustRoots roots,
      TlsaAssociation... records) {
    return verifier.verify(
        chain,
        new ReferenceIdentity(
            List.of(), Set.of(), roots, new TlsaAssociations(Set.of(records), NAMES)),
        PeerRole.SERVER);
  }

  private static List<X509Certificate> with(Identity identity, X509Certificate... more) {
    List<X509Certificate> chain = new ArrayList<>(identity.chain());
    chain.addAll(List.of(more));
    return chain;
  }

  private static TlsaAssociation of(int usage, int selector, int matching, X509Certificate about) {
    return TlsaBuilder.of(usage, selector, matching, about);
  }

  @ParameterizedTest
  @CsvSource({"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"})
  void usage3IsTheLeafWhateverNameDateAndChain(int selector, int matching) {
    Identity bad =
        FOREIGN_CA.leaf("wrong.example.net").expired().clientAuthOnly().rsa(1024).identity();
    TlsaAssociation record = of(3, selector, matching, bad.chain().getFirst());
    PeerVerification verification = judge(bad.chain(), ROOT.roots(), record);
    assertEquals("verified(tlsa " + record + ")", verification.verdict().text());
    assertEquals(new Proof(false, record), verification.proof());
    assertTrue(verification.notes().contains("chain: expired"), verification.notes().toString());
  }

  @ParameterizedTest
  @CsvSource({"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"})
  void usage2IsAnAuthorityInTheChain(int selector, int matching) {
    List<X509Certificate> chain = with(LOWER.identity(MX), ROOT.certificate());
    for (TestCa anchor : List.of(ROOT, MIDDLE, LOWER)) {
      TlsaAssociation record = of(2, selector, matching, anchor.certificate());
      PeerVerification verification = judge(chain, FOREIGN_CA.roots(), record);
      assertEquals("verified(tlsa " + record + ")", verification.verdict().text());
      assertEquals(new Proof(false, record), verification.proof());
    }
  }

  static Stream<Arguments> misses() {
    X509Certificate root = ROOT.certificate();
    List<X509Certificate> good = with(MIDDLE.identity(MX), root);
    Identity selfSigned = TestCa.selfSigned(MX);
    List<X509Certificate> fake = ROOT.leafAsAuthority(MX).chain();
    return Stream.of(
        row("no TLSA record matches the certificate", good, of(3, 1, 1, FOREIGN_CA.certificate())),
        row(
            "no TLSA record matches the certificate",
            good,
            of(3, 1, 1, root),
            of(3, 0, 1, MIDDLE.certificate())),
        row("no trust anchor", good, of(2, 1, 1, FOREIGN_CA.certificate())),
        row("no trust anchor", MIDDLE.identity(MX).chain(), of(2, 1, 1, root)),
        row(
            "unknown-issuer",
            good,
            of(2, 0, 0, FOREIGN_CA.certificate()),
            of(2, 1, 0, FOREIGN_CA.certificate())),
        row(
            "no trust anchor",
            good,
            new TlsaAssociation(2, 0, 0, "00"),
            new TlsaAssociation(2, 1, 0, "3000")),
        row("is expired", with(MIDDLE.leaf(MX).expired().identity(), root), of(2, 0, 1, root)),
        row(
            "is not-yet-valid",
            with(MIDDLE.leaf(MX).notYetValid().identity(), root),
            of(2, 0, 1, root)),
        row(
            "is wrong-purpose",
            with(MIDDLE.leaf(MX).clientAuthOnly().identity(), root),
            of(2, 0, 1, root)),
        row("is weak-key", with(ROOT.leaf(MX).rsa(1024).identity(), root), of(2, 0, 1, root)),
        row(
            "name mismatch: the certificate is for other.example.org",
            with(MIDDLE.identity("other.example.org"), root),
            of(2, 0, 1, root)),
        // A leaf is not its own trust anchor.
        row("no trust anchor", selfSigned.chain(), of(2, 0, 1, selfSigned.chain().getFirst())),
        row("no trust anchor", selfSigned.chain(), of(2, 0, 0, selfSigned.chain().getFirst())),
        row(
            "no trust anchor",
            with(selfSigned, selfSigned.chain().getFirst()),
            of(2, 0, 1, selfSigned.chain().getFirst())),
        // In the chain as sent, and issuer of none there.
        row(
            "unknown-issuer",
            with(FOREIGN_CA.identity(MX), FOREIGN_CA.certificate(), root),
            of(2, 0, 1, root)),
        // An anchor must be an authority (RFC 5280 4.2.1.9).
        row("is not a CA", fake, of(2, 0, 1, fake.get(1)), of(3, 0, 1, fake.get(1))));
  }

  private static Arguments row(
      String note, List<X509Certificate> chain, TlsaAssociation... records) {
    return Arguments.of(note, chain, records);
  }

  @ParameterizedTest(name = "{0} {index}")
  @MethodSource("misses")
  void whatIsNotNamedIsNotVerified(
      String note, List<X509Certificate> chain, TlsaAssociation[] records) {
    PeerVerification verification = judge(chain, TrustRoots.none(), records);
    assertNull(verification.proof().association());
    assertTrue(verification.verdict() instanceof Verdict.Untrusted, verification.verdict().text());
    assertTrue(
        verification.notes().stream().anyMatch(n -> n.startsWith("tlsa: ") && n.contains(note)),
        verification.notes().toString());
  }

  @Test
  void anAnchorGivenWholeNeedNotBeInTheChain() {
    List<X509Certificate> chain = MIDDLE.identity(MX).chain();
    for (int selector : new int[] {0, 1}) {
      TlsaAssociation record = of(2, selector, 0, ROOT.certificate());
      PeerVerification verification = judge(chain, TrustRoots.none(), record);
      assertEquals(record, verification.proof().association(), "selector " + selector);
    }
  }

  @Test
  void aKeyGivenWholeMayHaveSignedTheLeafItself() {
    List<X509Certificate> alone = MIDDLE.leaf(MX).alone().identity().chain();
    assertEquals(1, alone.size());
    TlsaAssociation record = of(2, 1, 0, MIDDLE.certificate());
    assertEquals(record, judge(alone, TrustRoots.none(), record).proof().association());
  }

  @Test
  void fullAnchorLimit() {
    List<X509Certificate> chain = MIDDLE.identity(MX).chain();
    List<TlsaAssociation> records = new ArrayList<>();
    for (int i = 0; i < DaneMatch.MAX_GIVEN - 1; i++) {
      // Sorts before a certificate, whose first byte is 0x30.
      records.add(new TlsaAssociation(2, 0, 0, String.format("00%02x", i)));
    }
    TlsaAssociation good = of(2, 0, 0, ROOT.certificate());
    records.add(good);
    assertEquals(
        good,
        judge(chain, TrustRoots.none(), records.toArray(TlsaAssociation[]::new))
            .proof()
            .association());
    records.add(new TlsaAssociation(2, 0, 0, "01"));
    assertNull(
        judge(chain, TrustRoots.none(), records.toArray(TlsaAssociation[]::new))
            .proof()
            .association());
  }

  @Test
  void theAnchorsOwnDatesPlayNoPart() {
    TestCa old =
        TestCa.root(
            "Old Root",
            Instant.now().minus(Duration.ofDays(100)),
            Instant.now().minus(Duration.ofDays(1)));
    List<X509Certificate> chain = with(old.identity(MX), old.certificate());
    TlsaAssociation record = of(2, 0, 1, old.certificate());
    PeerVerification verification = judge(chain, old.roots(), record);
    assertEquals(new Proof(false, record), verification.proof());
  }

  @Test
  void anyOneOfTheReferenceNamesWillDo() {
    TlsaAssociation record = of(2, 1, 1, ROOT.certificate());
    for (String name : List.of(MX, "example.org", "*.example.org")) {
      List<X509Certificate> chain = with(MIDDLE.identity(name), ROOT.certificate());
      assertEquals(record, judge(chain, TrustRoots.none(), record).proof().association(), name);
    }
  }

  @Test
  void oneWrongAndOneRightIsRight() {
    List<X509Certificate> chain = ROOT.identity(MX).chain();
    TlsaAssociation right = of(3, 1, 1, chain.getFirst());
    PeerVerification verification =
        judge(chain, TrustRoots.none(), of(3, 1, 1, FOREIGN_CA.certificate()), right);
    assertEquals(right, verification.proof().association());
  }

  @Test
  void pkixIsReportedTogetherWithDane() {
    List<X509Certificate> chain = MIDDLE.identity(MX).chain();
    TlsaAssociation record = of(3, 1, 1, chain.getFirst());
    assertEquals(new Proof(true, record), judge(chain, ROOT.roots(), record).proof());
    TlsaAssociation wrong = of(3, 1, 1, FOREIGN_CA.certificate());
    PeerVerification verification = judge(chain, ROOT.roots(), wrong);
    assertEquals(new Proof(true, null), verification.proof());
    assertEquals("trusted", verification.verdict().text());
  }

  @Test
  void pinAndDaneAreBothReported() {
    List<X509Certificate> chain = MIDDLE.identity(MX).chain();
    TlsaAssociation record = of(3, 1, 1, chain.getFirst());
    PeerVerification verification =
        new PeerVerifier(Clock.system())
            .verify(
                chain,
                new ReferenceIdentity(
                    List.of(),
                    Set.of(Pins.of(chain.getFirst())),
                    ROOT.roots(),
                    new TlsaAssociations(Set.of(record), NAMES)),
                PeerRole.SERVER);
    assertTrue(verification.verdict().text().startsWith("verified(pin "));
    assertEquals(new Proof(true, record), verification.proof());
  }

  @Test
  void whatIsRememberedEndsWithTheChainsDatesAndKnowsItsRecords() {
    ResumptionTest.ResumptionClock clock = new ResumptionTest.ResumptionClock();
    PeerVerifier verifier = new PeerVerifier(clock);
    List<X509Certificate> chain =
        with(
            ROOT.leaf(MX)
                .valid(
                    clock.now().minus(Duration.ofHours(1)), clock.now().plus(Duration.ofHours(1)))
                .identity(),
            ROOT.certificate());
    TlsaAssociation record = of(2, 0, 1, ROOT.certificate());
    for (int i = 0; i < 2; i++) {
      assertEquals(record, judge(verifier, chain, TrustRoots.none(), record).proof().association());
      assertNull(
          judge(verifier, chain, TrustRoots.none(), of(2, 0, 1, FOREIGN_CA.certificate()))
              .proof()
              .association());
    }
    clock.forward(Duration.ofHours(2));
    assertNull(judge(verifier, chain, TrustRoots.none(), record).proof().association());
  }

  @Test
  void chainsOfAnyLengthAndSizeEndInAVerdict() {
    TestCa at = ROOT;
    List<X509Certificate> above = new ArrayList<>();
    for (int i = 0; i < PeerVerifier.MAX_CHAIN + 8; i++) {
      above.addFirst(at.certificate());
      at = at.intermediate("Step " + i);
    }
    List<X509Certificate> chain =
        with(at.leaf(MX).padded(200_000).alone().identity(), at.certificate());
    chain.addAll(above);
    TlsaAssociation leaf = of(3, 0, 2, chain.getFirst());
    assertEquals(leaf, judge(chain, TrustRoots.none(), leaf).proof().association());
    TlsaAssociation near = of(2, 0, 1, at.certificate());
    assertEquals(near, judge(chain, TrustRoots.none(), near).proof().association());
    // An anchor beyond what is looked at is not there.
    TlsaAssociation far = of(2, 0, 1, ROOT.certificate());
    assertNull(judge(chain, TrustRoots.none(), far).proof().association());
    List<X509Certificate> same = new ArrayList<>(chain.subList(0, 1));
    for (int i = 0; i < 200; i++) {
      same.add(at.certificate());
    }
    assertEquals(near, judge(same, TrustRoots.none(), near).proof().association());
  }

  @Test
  void theKeyIsReadAsItStandsInTheCertificate() {
    for (Identity identity :
        List.of(
            ROOT.identity(MX),
            ROOT.leaf(MX).rsa(2048).identity(),
            ROOT.leaf(MX).ed25519().identity())) {
      X509Certificate certificate = identity.chain().getFirst();
      org.junit.jupiter.api.Assertions.assertArrayEquals(
          certificate.getPublicKey().getEncoded(),
          SpkiBytes.of(certificate).orElseThrow(AssertionError::new));
    }
  }
}
