package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.testkit.tls.TestCa;

/** Verdicts as a table. */
final class PeerVerifierTest {
  private static final TestCa ROOT = TestCa.root("Judge Root");
  private static final TestCa MIDDLE = ROOT.intermediate("Judge Intermediate");
  private static final TestCa FOREIGN_CA = TestCa.root("Stranger Root");
  private static final String MX = "mx.example.org";

  private static List<X509Certificate> with(Identity identity, X509Certificate... more) {
    List<X509Certificate> chain = new ArrayList<>(identity.chain());
    chain.addAll(List.of(more));
    return chain;
  }

  static Stream<Arguments> table() {
    Identity selfSigned = TestCa.selfSigned(MX);
    TestCa notAnAuthority = ROOT;
    return Stream.of(
        row("verified(name mx.example.org)", "good", MIDDLE.identity(MX).chain()),
        row(
            "verified(name mx.example.org)",
            "root sent along",
            with(MIDDLE.identity(MX), ROOT.certificate())),
        row(
            "verified(name mx.example.org)",
            "chain in disorder",
            disorder(MIDDLE.intermediate("Lower").identity(MX))),
        row("verified(name mx.example.org)", "wildcard", ROOT.identity("*.example.org").chain()),
        row("trusted", "another name", ROOT.identity("mx.example.net").chain()),
        row("trusted", "common name only", ROOT.leaf(MX).commonNameOnly().identity().chain()),
        row("untrusted(expired)", "expired", ROOT.leaf(MX).expired().identity().chain()),
        row("untrusted(not-yet-valid)", "not yet", ROOT.leaf(MX).notYetValid().identity().chain()),
        row("untrusted(self-signed)", "self-signed", selfSigned.chain()),
        row("untrusted(unknown-issuer)", "stranger's root", FOREIGN_CA.identity(MX).chain()),
        row(
            "untrusted(unknown-issuer)",
            "stranger's root, sent along",
            with(FOREIGN_CA.identity(MX), FOREIGN_CA.certificate())),
        row(
            "untrusted(unknown-issuer)",
            "stranger's intermediate",
            FOREIGN_CA.intermediate("Stranger Intermediate").identity(MX).chain()),
        row(
            "untrusted(incomplete-chain)",
            "intermediate left out, address of it in the leaf",
            MIDDLE.leaf(MX).namesIssuer().alone().identity().chain()),
        row(
            "untrusted(incomplete-chain)",
            "intermediate left out, only OCSP in the leaf",
            MIDDLE.leaf(MX).tellsRevocation().alone().identity().chain()),
        row(
            "untrusted(unknown-issuer)",
            "signed by a stranger's root, with OCSP in the leaf",
            FOREIGN_CA.leaf(MX).tellsRevocation().identity().chain()),
        row(
            "untrusted(unknown-issuer)",
            "intermediate left out, nothing of its issuer in the leaf",
            MIDDLE.leaf(MX).alone().identity().chain()),
        row(
            "untrusted(incomplete-chain)",
            "something else sent instead",
            with(MIDDLE.leaf(MX).alone().identity(), FOREIGN_CA.certificate())),
        row(
            "untrusted(weak-signature)",
            "SHA-1",
            ROOT.leaf(MX).signature("SHA1withECDSA").identity().chain()),
        row("untrusted(weak-key)", "RSA-1024", ROOT.leaf(MX).rsa(1024).identity().chain()),
        row(
            "untrusted(expired)",
            "expired comes before weak",
            ROOT.leaf(MX).rsa(1024).expired().identity().chain()),
        row(
            "untrusted(wrong-purpose)",
            "for clients only",
            ROOT.leaf(MX).clientAuthOnly().identity().chain()),
        row(
            "verified(name mx.example.org)",
            "no purpose named",
            ROOT.leaf(MX).purposes().identity().chain()),
        row(
            "verified(name mx.example.org)",
            "any purpose",
            ROOT.leaf(MX).purposes(KeyPurposeId.anyExtendedKeyUsage).identity().chain()),
        row(
            "verified(name mx.example.org)",
            "RSA-2048",
            ROOT.leaf(MX).rsa(2048).identity().chain()),
        row("anonymous", "none", List.of()),
        row(
            "untrusted(unknown-issuer)",
            "issued by a leaf",
            new ArrayList<>(notAnAuthority.leafAsAuthority(MX).chain())));
  }

  private static List<X509Certificate> disorder(Identity identity) {
    List<X509Certificate> chain = new ArrayList<>(identity.chain());
    chain.add(chain.remove(1));
    return chain;
  }

  private static Arguments row(String verdict, String what, List<X509Certificate> chain) {
    return Arguments.of(verdict, what, chain);
  }

  @ParameterizedTest(name = "{1}: {0}")
  @MethodSource("table")
  void judgesServers(String verdict, String what, List<X509Certificate> chain) {
    PeerVerifier verifier = new PeerVerifier(Clock.system());
    ReferenceIdentity references =
        new ReferenceIdentity(List.of(Domain.of(MX)), Set.of(), ROOT.roots());
    for (int i = 0; i < 2; i++) {
      assertEquals(
          verdict,
          verifier.verify(chain, references, PeerRole.SERVER).verdict().text(),
          what + (i == 0 ? "" : ", remembered"));
    }
  }

  @Test
  void missingClientAuthIsOnlyANote() {
    PeerVerifier verifier = new PeerVerifier(Clock.system());
    ReferenceIdentity references =
        new ReferenceIdentity(List.of(Domain.of(MX)), Set.of(), ROOT.roots());
    PeerVerification verification =
        verifier.verify(
            ROOT.leaf(MX).serverAuthOnly().identity().chain(), references, PeerRole.CLIENT);
    assertEquals("verified(name mx.example.org)", verification.verdict().text());
    assertEquals(List.of("no clientAuth purpose"), verification.notes());
  }

  @Test
  void otherNameIsTrustedWithANote() {
    PeerVerification verification =
        new PeerVerifier(Clock.system())
            .verify(
                ROOT.identity("mx.example.net").chain(),
                new ReferenceIdentity(List.of(Domain.of(MX)), Set.of(), ROOT.roots()),
                PeerRole.SERVER);
    assertEquals("trusted", verification.verdict().text());
    assertEquals(
        List.of("name mismatch: the certificate is for mx.example.net"), verification.notes());
  }

  @Test
  void cachedChainResultExpires() {
    ResumptionTest.ResumptionClock clock = new ResumptionTest.ResumptionClock();
    Instant now = clock.now();
    PeerVerifier verifier = new PeerVerifier(clock);
    TestCa root = TestCa.root("R", now.minusSeconds(60), now.plus(Duration.ofHours(3)));
    ReferenceIdentity references = new ReferenceIdentity(List.of(), Set.of(), root.roots());
    List<X509Certificate> later =
        root.leaf(MX)
            .valid(now.plus(Duration.ofHours(1)), now.plus(Duration.ofHours(2)))
            .identity()
            .chain();
    List<X509Certificate> beyond =
        root.leaf(MX).valid(now.minusSeconds(60), now.plus(Duration.ofHours(9))).identity().chain();
    String[] expected = {
      "untrusted(not-yet-valid) trusted",
      "trusted trusted",
      "untrusted(expired) trusted",
      "untrusted(expired) untrusted(expired)"
    };
    for (String row : expected) {
      for (int i = 0; i < 2; i++) {
        assertEquals(
            row,
            verifier.verify(later, references, PeerRole.SERVER).verdict().text()
                + ' '
                + verifier.verify(beyond, references, PeerRole.SERVER).verdict().text());
      }
      clock.forward(Duration.ofMinutes(61));
    }
  }

  @Test
  void selfSignedAmongTheRootsIsTrustedAsItself() {
    Identity own = TestCa.selfSigned(MX);
    TrustRoots roots = new TrustRoots("own", Set.of(own.leaf()));
    assertEquals(
        "verified(name mx.example.org)",
        new PeerVerifier(Clock.system())
            .verify(
                own.chain(),
                new ReferenceIdentity(List.of(Domain.of(MX)), Set.of(), roots),
                PeerRole.SERVER)
            .verdict()
            .text());
  }

  @Test
  void pinIsVerifiedWhateverTheChain() {
    Identity own = TestCa.selfSigned(MX);
    PeerVerification verification =
        new PeerVerifier(Clock.system())
            .verify(
                own.chain(),
                new ReferenceIdentity(List.of(), Set.of(own.pin()), TrustRoots.none()),
                PeerRole.CLIENT);
    assertEquals("verified(pin " + own.pin() + ")", verification.verdict().text());
    assertTrue(verification.notes().contains("chain: self-signed"));
  }

  @ParameterizedTest
  @CsvSource({
    "mx.example.org, mx.example.org, true",
    "*.example.org, mx.example.org, true",
    "*.example.org, a.mx.example.org, false",
    "*.example.org, example.org, false",
    "m*.example.org, mx.example.org, false",
    "*x.example.org, mx.example.org, false",
    "mx.*.org, mx.example.org, false",
    "*.*.org, mx.example.org, false",
    "*.org, example.org, false",
    "*, example, false",
    "*., example., false",
    "xn--bcher-kva.example, xn--bcher-kva.example, true",
    "mx.example.org., mx.example.org, false",
    "192.0.2.1, mx.example.org, false",
  })
  void matchesDnsIdsByRfc9525(String presented, String wanted, boolean matches) {
    assertEquals(matches, NameCheck.matches(presented, Domain.of(wanted)));
  }

  @Test
  void publicRootsAreThere() {
    assertTrue(RootStore.publicRoots().anchors().size() > 50);
    assertTrue(JdkRoots.load().size() > 50);
  }
}
