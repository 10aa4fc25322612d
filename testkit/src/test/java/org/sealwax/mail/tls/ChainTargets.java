package org.sealwax.mail.tls;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.testkit.fuzz.FuzzTarget;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsaBuilder;

/** Certificates that are nearly ones, in chains, next to TLSA associations. */
public final class ChainTargets {
  private ChainTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    TestCa root = TestCa.root("Fuzzed Root");
    TestCa middle = root.intermediate("Fuzzed Intermediate");
    Identity leaf = middle.identity("mx.example.org");
    PeerVerifier verifier = new PeerVerifier(Clock.system());
    return List.of(
        new FuzzTarget(
            "dane-chain",
            List.of(
                der(leaf.chain().getFirst()),
                der(middle.certificate()),
                der(root.certificate()),
                root.certificate().getPublicKey().getEncoded()),
            input -> promise(verifier, root, middle, leaf, input)));
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void promise(
      PeerVerifier verifier, TestCa root, TestCa middle, Identity leaf, byte[] input) {
    if (input.length == 0) {
      return;
    }
    SpkiBytes.key(input);
    String hex = HexFormat.of().formatHex(input);
    // What a zone's owner may publish.
    judged(
        verifier,
        root,
        List.of(leaf.chain().getFirst(), middle.certificate()),
        new TlsaAssociation(2, 0, 0, hex),
        new TlsaAssociation(2, 1, 0, hex),
        new TlsaAssociation(3, 1, 0, hex));
    X509Certificate odd;
    try {
      odd =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(input));
    } catch (CertificateException e) {
      return;
    }
    SpkiBytes.of(odd)
        .ifPresent(
            key ->
                holds(
                    HexFormat.of().formatHex(der(odd)).contains(HexFormat.of().formatHex(key)),
                    "bytes that are not in the certificate"));
    TlsaAssociation itself = TlsaBuilder.of(3, 0, 1, odd);
    TlsaAssociation above = TlsaBuilder.of(2, 0, 1, odd);
    // What a server may send.
    for (List<X509Certificate> chain :
        List.of(
            List.of(odd),
            List.of(odd, middle.certificate(), root.certificate()),
            List.of(leaf.chain().getFirst(), odd, root.certificate()),
            List.of(leaf.chain().getFirst(), middle.certificate(), odd))) {
      judged(verifier, root, chain, itself, above);
      holds(
          itself.equals(judged(verifier, root, chain, itself).proof().association())
              == Arrays.equals(der(chain.getFirst()), der(odd)),
          "usage 3 is the leaf, and only the leaf");
    }
  }

  private static PeerVerification judged(
      PeerVerifier verifier, TestCa root, List<X509Certificate> chain, TlsaAssociation... records) {
    TlsaAssociations associations =
        new TlsaAssociations(Set.of(records), List.of(Domain.of("mx.example.org")));
    PeerVerification verification =
        verifier.verify(
            chain,
            new ReferenceIdentity(List.of(), Set.of(), root.roots(), associations),
            PeerRole.SERVER);
    TlsaAssociation matched = verification.proof().association();
    holds(matched == null || associations.records().contains(matched), "matched " + matched);
    return verification;
  }
}
