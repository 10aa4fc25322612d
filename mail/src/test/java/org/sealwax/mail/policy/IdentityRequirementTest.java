package org.sealwax.mail.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.Verdict;

/** Demands on the identity of a peer in the words of logs and reports. */
final class IdentityRequirementTest {
  private static final Domain MX = Domain.of("mx.example.org");
  private static final IdentityRequirement NAME =
      IdentityRequirement.Pkix.of(List.of(MX), IdentityRequirement.PUBLIC_ROOTS);
  private static final IdentityRequirement TLSA =
      new IdentityRequirement.Tlsa(
          new TlsaAssociations(Set.of(new TlsaAssociation(3, 1, 1, "5ea1".repeat(16))), List.of()),
          true);
  private static final IdentityRequirement PIN =
      new IdentityRequirement.Pinned(Set.of(new Pin("ab".repeat(32))));

  private static Handshake shown(Verdict verdict, boolean chainValid) {
    return new Handshake(
        TlsVersion.TLS_1_3,
        "TLS_AES_256_GCM_SHA384",
        256,
        "x25519",
        false,
        null,
        List.of(),
        false,
        verdict,
        new Proof(chainValid, null),
        List.of());
  }

  @Test
  void demandIsPutInWords() {
    assertEquals("a certificate for mx.example.org by a public root", NAME.text());
    assertEquals(
        "a certificate for mx.example.org by the roots of ca.pem",
        IdentityRequirement.Pkix.of(List.of(MX), "ca.pem").text());
    assertEquals("a certificate that matches the TLSA records 3 1 1 5ea15ea15ea1…", TLSA.text());
    assertEquals("a certificate with the key sha256:" + "ab".repeat(32), PIN.text());
  }

  @Test
  void failureNamesWhatTheCertificateLacks() {
    Handshake trusted = shown(new Verdict.Trusted(), true);
    assertEquals(
        "the certificate has none of the required names: mx.example.org", NAME.unmetText(trusted));
    assertEquals(
        "the certificate matches no TLSA record: 3 1 1 5ea15ea15ea1…", TLSA.unmetText(trusted));
    assertEquals(
        "the key of the certificate is not pinned: sha256:" + "ab".repeat(32),
        PIN.unmetText(trusted));
    assertEquals(
        "the certificate is not trusted (self-signed)",
        NAME.unmetText(shown(new Verdict.Untrusted(Verdict.Reason.SELF_SIGNED), false)));
    assertEquals(
        "the certificate is not trusted by the required roots",
        NAME.unmetText(shown(new Verdict.Verified(Verdict.IdentifiedBy.TLSA, "3 1 1"), false)));
    for (IdentityRequirement any : List.of(NAME, TLSA, PIN)) {
      assertEquals(
          "the server sent no certificate", any.unmetText(shown(new Verdict.Anonymous(), false)));
    }
  }
}
