package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.IssuedCertificate;
import org.sealwax.testkit.tls.LabCertificateAuthority;
import org.sealwax.testkit.tls.OddTlsBehaviour;
import org.sealwax.testkit.tls.OddTlsServer;
import org.sealwax.testkit.tls.OddTlsWire;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** A stapled response counts only when its issuer signed it, for this certificate, and recently. */
final class OcspStapleTest {
  static {
    TlsFactory.prepareJvm();
  }

  private static final String MX = "mx.example.org";

  @TempDir private Path folder;

  private final LabCertificateAuthority authority =
      new LabCertificateAuthority(Clock.system(), RandomSource.secure());
  private final IssuedCertificate good =
      authority.issue(CertificateSpec.of(MX).with(CertificateSpec.CertificateFault.STAPLED));
  private final IssuedCertificate revoked =
      authority.issue(CertificateSpec.of(MX).with(CertificateSpec.CertificateFault.REVOKED));

  private static List<X509Certificate> chain(IssuedCertificate issued)
      throws Identity.InvalidIdentity {
    return issued.identity().chain();
  }

  private static byte[] staple(IssuedCertificate issued) {
    byte[] answer = issued.staple();
    if (answer == null) {
      throw new AssertionError("nothing is stapled");
    }
    return answer;
  }

  private ReferenceIdentity references(TlsaAssociation... tlsa) throws IOException {
    Path root = Files.writeString(folder.resolve("root.pem"), authority.rootPem());
    return new ReferenceIdentity(
        List.of(Domain.of(MX)),
        Set.of(),
        RootStore.fromPem(root),
        new TlsaAssociations(Set.of(tlsa), List.of(Domain.of(MX))));
  }

  private PeerVerification judged(IssuedCertificate issued, byte[] answer, TlsaAssociation... tlsa)
      throws Exception {
    return new PeerVerifier(Clock.system())
        .verify(chain(issued), answer, references(tlsa), PeerRole.SERVER);
  }

  @Test
  void anIssuersWordCounts() throws Exception {
    assertEquals("verified(name mx.example.org)", judged(good, staple(good)).verdict().text());
    PeerVerification verification = judged(revoked, staple(revoked));
    assertEquals("untrusted(revoked)", verification.verdict().text());
    assertTrue(!verification.proof().isChainValid(), "nothing may rest on such a chain");
  }

  @Test
  void cachedChainResultIgnoresTheStaple() throws Exception {
    PeerVerifier verifier = new PeerVerifier(Clock.system());
    ReferenceIdentity references = references();
    List<X509Certificate> chain = chain(revoked);
    assertEquals(
        "verified(name mx.example.org)",
        verifier.verify(chain, references, PeerRole.SERVER).verdict().text());
    assertEquals(
        "untrusted(revoked)",
        verifier.verify(chain, staple(revoked), references, PeerRole.SERVER).verdict().text());
    assertEquals(
        "verified(name mx.example.org)",
        verifier.verify(chain, references, PeerRole.SERVER).verdict().text());
  }

  @Test
  void responseForAnotherCertificateOrIssuerIsIgnored() throws Exception {
    assertInstanceOf(
        OcspStaple.Unusable.class, OcspStaple.read(chain(good), staple(revoked), Instant.now()));
    IssuedCertificate elsewhere =
        new LabCertificateAuthority(Clock.system(), RandomSource.secure())
            .issue(CertificateSpec.of(MX).with(CertificateSpec.CertificateFault.REVOKED));
    assertInstanceOf(
        OcspStaple.Unusable.class,
        OcspStaple.read(chain(revoked), staple(elsewhere), Instant.now()));
    assertEquals("verified(name mx.example.org)", judged(good, staple(revoked)).verdict().text());
  }

  @Test
  void expiredForgedOrMissingResponseIsIgnored() throws Exception {
    Instant later = Instant.now().plus(Duration.ofDays(20));
    assertInstanceOf(
        OcspStaple.Unusable.class, OcspStaple.read(chain(revoked), staple(revoked), later));
    byte[] answer = staple(revoked);
    for (int i = 0; i < answer.length; i += 7) {
      byte[] spoiled = answer.clone();
      spoiled[i] ^= 0x55;
      OcspStaple read = OcspStaple.read(chain(good), spoiled, Instant.now());
      assertInstanceOf(OcspStaple.Unusable.class, read, "byte " + i);
    }
    assertInstanceOf(
        OcspStaple.Unusable.class, OcspStaple.read(chain(good), new byte[0], Instant.now()));
    assertInstanceOf(
        OcspStaple.Unusable.class,
        OcspStaple.read(chain(good), new byte[OcspStaple.MAX_SIZE + 1], Instant.now()));
  }

  @Test
  void underDaneEeOnlyTheRecordCountsAndBelowAnAnchorAllOfPkix() throws Exception {
    String leaf =
        revoked.association(
            IssuedCertificate.ChainPosition.LEAF,
            IssuedCertificate.TlsaSelector.KEY,
            IssuedCertificate.TlsaMatching.SHA_256);
    String issuer =
        revoked.association(
            IssuedCertificate.ChainPosition.ISSUER,
            IssuedCertificate.TlsaSelector.KEY,
            IssuedCertificate.TlsaMatching.SHA_256);
    assertTrue(
        judged(revoked, staple(revoked), new TlsaAssociation(3, 1, 1, leaf)).verdict()
            instanceof Verdict.Verified);
    assertEquals(
        "untrusted(revoked)",
        judged(revoked, staple(revoked), new TlsaAssociation(2, 1, 1, issuer)).verdict().text());
    assertTrue(
        new PeerVerifier(Clock.system())
                .verify(
                    chain(revoked),
                    references(new TlsaAssociation(2, 1, 1, issuer)),
                    PeerRole.SERVER)
                .verdict()
            instanceof Verdict.Verified);
  }

  @Test
  void missingMustStapleIsNoted() throws Exception {
    IssuedCertificate promises =
        authority.issue(CertificateSpec.of(MX).with(CertificateSpec.CertificateFault.MUST_STAPLE));
    PeerVerification verification =
        new PeerVerifier(Clock.system()).verify(chain(promises), references(), PeerRole.SERVER);
    assertEquals("verified(name mx.example.org)", verification.verdict().text());
    assertEquals(
        List.of("the certificate has must-staple, but no OCSP response was stapled"),
        verification.notes());
    IssuedCertificate keeps =
        authority.issue(
            CertificateSpec.of(MX)
                .with(CertificateSpec.CertificateFault.MUST_STAPLE)
                .with(CertificateSpec.CertificateFault.STAPLED));
    assertEquals(List.of(), judged(keeps, staple(keeps)).notes());
  }

  @ParameterizedTest
  @CsvSource({
    "BORINGSSL, 772, revoked", "BORINGSSL, 771, revoked", "JSSE, 772, revoked",
        "JSSE, 771, revoked",
    "BORINGSSL, 772, good", "BORINGSSL, 771, good", "JSSE, 772, good", "JSSE, 771, good"
  })
  void bothEnginesReadTheStapleInBothVersions(TlsEngine engine, int version, String word)
      throws Exception {
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    IssuedCertificate shown = word.equals("good") ? good : revoked;
    OddTlsServer server =
        new OddTlsServer(OddTlsBehaviour.good().withVersions(version), name -> shown);
    FutureTask<OddTlsWire> accepting =
        TlsConnectionPair.start(() -> server.accept(pair.server(), TlsConnectionPair.LIMIT));
    TlsClient client = TlsConnectionPair.factory(engine).client(ClientTlsSettings.defaults());
    try (TlsWire wire =
        client.connect(
            pair.client(), TlsConnectionPair.offer(MX, references()), TlsConnectionPair.LIMIT)) {
      assertEquals(
          word.equals("good") ? "verified(name mx.example.org)" : "untrusted(revoked)",
          wire.handshake().verdict().text());
    } finally {
      accepting.get().close();
    }
  }
}
