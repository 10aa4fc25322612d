package org.sealwax.mail.tls;

import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The OCSP answer (RFC 6960) that a server stapled to its handshake (RFC 6066 8, RFC 8446 4.4.2.1).
 * It counts only when the certificate's own issuer signed it, or a responder that the issuer
 * delegated, and it is neither old nor for another certificate. Opens no connection.
 */
public sealed interface OcspStaple {
  /** Maximum number of bytes of an answer: with a responder's certificate some 3,000. */
  int MAX_SIZE = 64 * 1_024;

  /** Not revoked. */
  record Good() implements OcspStaple {}

  /** Revoked. */
  record Revoked() implements OcspStaple {}

  /**
   * It has no valid status.
   *
   * @param why in words
   */
  record Unusable(String why) implements OcspStaple {}

  /**
   * Reads an answer about the leaf of a chain.
   *
   * @param chain leaf first, as sent; without the issuer's certificate in it nothing can be checked
   * @param answer DER of an OCSPResponse
   * @param now the current time
   * @return the status in the response
   */
  static OcspStaple read(List<X509Certificate> chain, byte[] answer, Instant now) {
    if (answer.length > MAX_SIZE) {
      return new Unusable("it is larger than " + MAX_SIZE + " bytes");
    }
    X509Certificate leaf = chain.getFirst();
    Optional<X509Certificate> issuer = issuer(chain);
    return issuer.isEmpty()
        ? new Unusable("the issuer's certificate was not sent")
        : read(leaf, issuer.get(), answer, now);
  }

  /**
   * {@return the certificate of the leaf's issuer, when the chain has it}
   *
   * @param chain the certificates, leaf first
   */
  static Optional<X509Certificate> issuer(List<X509Certificate> chain) {
    X509Certificate leaf = chain.getFirst();
    return chain.stream()
        .skip(1)
        .filter(c -> c.getSubjectX500Principal().equals(leaf.getIssuerX500Principal()))
        .filter(c -> signed(leaf, c))
        .findFirst();
  }

  private static boolean signed(X509Certificate leaf, X509Certificate issuer) {
    try {
      leaf.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException | RuntimeException e) {
      return false;
    }
  }

  /**
   * Reads an answer by the JDK's own check, with the issuer as anchor.
   *
   * @param leaf about which
   * @param issuer its issuer
   * @param answer the OCSP response as DER, or an empty array
   * @param now at which the answer must be current; within the validity of {@code leaf}, or there
   *     is no result
   * @return the status in the response
   */
  static OcspStaple read(X509Certificate leaf, X509Certificate issuer, byte[] answer, Instant now) {
    try {
      CertPathValidator validator = CertPathValidator.getInstance("PKIX");
      PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
      checker.setOptions(
          EnumSet.of(
              PKIXRevocationChecker.Option.ONLY_END_ENTITY,
              PKIXRevocationChecker.Option.NO_FALLBACK));
      checker.setOcspResponses(Map.of(leaf, answer));
      PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(issuer, null)));
      parameters.setRevocationEnabled(false);
      parameters.addCertPathChecker(checker);
      parameters.setDate(Date.from(now));
      validator.validate(
          CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf)), parameters);
      return new Good();
    } catch (CertPathValidatorException e) {
      return e.getReason() == CertPathValidatorException.BasicReason.REVOKED
          ? new Revoked()
          : new Unusable(String.valueOf(e.getMessage()));
    } catch (GeneralSecurityException | RuntimeException e) {
      return new Unusable(String.valueOf(e.getMessage()));
    }
  }
}
