package org.sealwax.router.certs.acme;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.NameCheck;

/** What an authority issued, judged before it is stored: a pure function. */
final class IssuedChain {
  /** Certificates in a chain: a leaf, one to three intermediates, perhaps the root. */
  static final int MAX_CERTIFICATES = 8;

  /** A shorter validity could not be renewed in time after a failure. */
  static final Duration LEAST_VALIDITY = Duration.ofHours(1);

  /** How far the clock of the authority may be ahead of this one. */
  static final Duration CLOCK_SKEW = Duration.ofMinutes(10);

  private IssuedChain() {}

  /**
   * Joins the chain with its key.
   *
   * @param name for logs
   * @param names that the certificate is to have
   * @param key that it was ordered for
   * @param now the believed time
   * @return the pair
   * @throws CertificateAuthority.OrderFailure when it is not what was ordered
   */
  static Identity join(
      String name, List<X509Certificate> chain, List<Domain> names, KeyPair key, Instant now)
      throws CertificateAuthority.OrderFailure {
    String defect = defect(chain, names, key, now);
    if (!defect.isEmpty()) {
      throw new CertificateAuthority.OrderFailure(
          "the certificate that was issued is not used: " + defect, Optional.empty());
    }
    try {
      return Identity.of(name, chain, key.getPrivate());
    } catch (Identity.InvalidIdentity e) {
      throw new CertificateAuthority.OrderFailure(
          "the certificate that was issued is not used: " + e.getMessage(), Optional.empty());
    }
  }

  /** Empty when there is none. */
  private static String defect(
      List<X509Certificate> chain, List<Domain> names, KeyPair key, Instant now) {
    if (chain.isEmpty()) {
      return "there is none";
    }
    if (chain.size() > MAX_CERTIFICATES) {
      return "its chain has more than " + MAX_CERTIFICATES + " certificates";
    }
    X509Certificate leaf = chain.getFirst();
    if (!leaf.getPublicKey().equals(key.getPublic())) {
      return "it is for another key";
    }
    Optional<Domain> missing =
        names.stream().filter(name -> NameCheck.match(leaf, List.of(name)).isEmpty()).findFirst();
    if (missing.isPresent()) {
      return "it is not for " + missing.get();
    }
    Instant begin = leaf.getNotBefore().toInstant();
    Instant end = leaf.getNotAfter().toInstant();
    if (begin.isAfter(now.plus(CLOCK_SKEW))) {
      return "it is valid only from " + begin;
    }
    if (end.isBefore(now.plus(LEAST_VALIDITY))) {
      return "it expires on " + end;
    }
    for (int i = 1; i < chain.size(); i++) {
      try {
        chain.get(i - 1).verify(chain.get(i).getPublicKey());
      } catch (GeneralSecurityException e) {
        return "certificate " + i + " of its chain is not signed by the next one";
      }
    }
    return "";
  }
}
