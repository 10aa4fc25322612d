package org.sealwax.assess.review;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CRL;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.OcspStaple;

/**
 * Whether a certificate was revoked: by a stapled OCSP answer (RFC 6960), else by the authority's
 * list (RFC 5280 5), else by asking its OCSP responder. Answers count only when the issuer signed
 * them; where none can be fetched, nothing is reported.
 *
 * @param web fetches from URLs that another site's certificate names, so it is guarded
 */
record RevocationCheck(RevocationFetcher web, Clock clock) {
  /** Fetches over plain HTTP: the answers are signed. */
  interface RevocationFetcher {
    /** The body, or empty when it cannot be fetched within the limits. */
    Optional<byte[]> fetch(String url);

    /** The body of the answer to a POST of an OCSP request. */
    Optional<byte[]> ask(String url, byte[] request);

    /** Nothing can be had. */
    static RevocationFetcher none() {
      return new RevocationFetcher() {
        @Override
        public Optional<byte[]> fetch(String url) {
          return Optional.empty();
        }

        @Override
        public Optional<byte[]> ask(String url, byte[] request) {
          return Optional.empty();
        }
      };
    }
  }

  private static final String NO_SOURCE = "the certificate names no CRL and no OCSP responder";

  /** What is known. */
  sealed interface RevocationStatus {
    /** Not revoked. */
    record NotRevoked(String source) implements RevocationStatus {}

    /** Revoked. */
    record RevokedCertificate(String source) implements RevocationStatus {}

    /** Not known. */
    record RevocationUnknown(CheckOutcome outcome, String reason) implements RevocationStatus {
      /** Asked, and no answer settles it. */
      RevocationUnknown(String reason) {
        this(CheckOutcome.INCONCLUSIVE, reason);
      }
    }
  }

  /**
   * Asks.
   *
   * @param chain leaf first
   * @param staple the stapled OCSP answer, or null
   * @param online whether the authority may be asked
   */
  RevocationStatus ask(List<X509Certificate> chain, byte @Nullable [] staple, boolean online) {
    X509Certificate leaf = chain.getFirst();
    List<String> lists = RevocationUrls.lists(leaf);
    List<String> responders = RevocationUrls.responders(leaf);
    boolean nowhere = lists.isEmpty() && responders.isEmpty();
    Optional<X509Certificate> issuer = OcspStaple.issuer(chain);
    if (issuer.isEmpty() && nowhere) {
      return new RevocationStatus.RevocationUnknown(CheckOutcome.NOT_NEEDED, NO_SOURCE);
    }
    if (issuer.isEmpty()) {
      return new RevocationStatus.RevocationUnknown(
          "the issuer's certificate was not sent: revocation cannot be checked");
    }
    if (staple != null) {
      RevocationStatus stapled =
          ocsp(leaf, issuer.get(), staple, "according to the stapled OCSP response");
      if (!(stapled instanceof RevocationStatus.RevocationUnknown)) {
        return stapled;
      }
    }
    if (nowhere) {
      return new RevocationStatus.RevocationUnknown(CheckOutcome.NOT_NEEDED, NO_SOURCE);
    }
    if (!online) {
      return new RevocationStatus.RevocationUnknown(
          CheckOutcome.NOT_TESTED, "CAs are not queried in a quick assessment");
    }
    for (String url : responders) {
      Optional<byte[]> answer =
          OcspRequest.of(leaf, issuer.get()).flatMap(request -> web.ask(url, request));
      if (answer.isPresent()) {
        RevocationStatus status = ocsp(leaf, issuer.get(), answer.get(), "reported by " + url);
        if (!(status instanceof RevocationStatus.RevocationUnknown)) {
          return status;
        }
      }
    }
    for (String url : lists) {
      Optional<byte[]> list = web.fetch(url);
      if (list.isPresent()) {
        RevocationStatus status =
            list(leaf, issuer.get(), list.get(), "according to the CRL " + url);
        if (!(status instanceof RevocationStatus.RevocationUnknown)) {
          return status;
        }
      }
    }
    return new RevocationStatus.RevocationUnknown("the CA gave no usable response");
  }

  /**
   * The JDK's own check of an answer that was received, with the issuer as anchor: opens no
   * connection.
   */
  private RevocationStatus ocsp(
      X509Certificate leaf, X509Certificate issuer, byte[] answer, String source) {
    return switch (OcspStaple.read(leaf, issuer, answer, within(leaf))) {
      case OcspStaple.Good good -> new RevocationStatus.NotRevoked(source);
      case OcspStaple.Revoked revoked -> new RevocationStatus.RevokedCertificate(source);
      case OcspStaple.Unusable unusable ->
          new RevocationStatus.RevocationUnknown(
              source + ", which is not usable: " + unusable.why());
    };
  }

  private Instant within(X509Certificate leaf) {
    Instant now = clock.now();
    Instant until = leaf.getNotAfter().toInstant();
    return now.isAfter(until) ? until : now;
  }

  private RevocationStatus list(
      X509Certificate leaf, X509Certificate issuer, byte[] der, String source) {
    try {
      CRL read = CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
      if (!(read instanceof X509CRL crl)) {
        return new RevocationStatus.RevocationUnknown(source + ", which is not a CRL");
      }
      crl.verify(issuer.getPublicKey());
      Date next = crl.getNextUpdate();
      if (next != null && clock.now().isAfter(next.toInstant())) {
        return new RevocationStatus.RevocationUnknown(source + ", which is out of date");
      }
      return crl.isRevoked(leaf)
          ? new RevocationStatus.RevokedCertificate(source)
          : new RevocationStatus.NotRevoked(source);
    } catch (GeneralSecurityException | RuntimeException e) {
      return new RevocationStatus.RevocationUnknown(
          source + ", which is not usable: " + e.getMessage());
    }
  }
}
