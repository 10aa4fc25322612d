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
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Staple;

/**
 * Whether a certificate was revoked: by a stapled OCSP answer (RFC 6960), else by the authority's
 * list (RFC 5280 5), else by asking its OCSP responder. Answers count only when the issuer signed
 * them; where nothing can be had, nothing is said.
 *
 * @param web fetches; where it leads is a stranger's say, so it is guarded
 */
record Revocation(Web web, Clock clock) {
  /** Fetches over plain HTTP: the answers are signed. */
  interface Web {
    /** The body, or empty when it cannot be had within the limits. */
    Optional<byte[]> get(String url);

    /** The body of the answer to a POST of an OCSP request. */
    Optional<byte[]> ask(String url, byte[] request);

    /** Nothing can be had. */
    static Web none() {
      return new Web() {
        @Override
        public Optional<byte[]> get(String url) {
          return Optional.empty();
        }

        @Override
        public Optional<byte[]> ask(String url, byte[] request) {
          return Optional.empty();
        }
      };
    }
  }

  private static final String NOWHERE = "the certificate names no list and no responder";

  /** What is known. */
  sealed interface Status {
    /** Not revoked. */
    record Good(String source) implements Status {}

    /** Revoked. */
    record Revoked(String source) implements Status {}

    /** Not known. */
    record Unknown(String why) implements Status {}
  }

  /**
   * Asks.
   *
   * @param chain leaf first
   * @param staple the stapled OCSP answer, or null
   * @param online whether the authority may be asked
   */
  Status ask(List<X509Certificate> chain, byte @Nullable [] staple, boolean online) {
    X509Certificate leaf = chain.getFirst();
    List<String> lists = Addresses.lists(leaf);
    List<String> responders = Addresses.responders(leaf);
    boolean nowhere = lists.isEmpty() && responders.isEmpty();
    Optional<X509Certificate> issuer = Staple.issuer(chain);
    if (issuer.isEmpty() && nowhere) {
      return new Status.Unknown(NOWHERE);
    }
    if (issuer.isEmpty()) {
      return new Status.Unknown("the issuer's certificate was not sent: nothing can be checked");
    }
    if (staple != null) {
      Status stapled = ocsp(leaf, issuer.get(), staple, "says the stapled answer");
      if (!(stapled instanceof Status.Unknown)) {
        return stapled;
      }
    }
    if (nowhere) {
      return new Status.Unknown(NOWHERE);
    }
    if (!online) {
      return new Status.Unknown("authorities are not asked in a quick assessment");
    }
    for (String url : responders) {
      Optional<byte[]> answer =
          OcspRequest.of(leaf, issuer.get()).flatMap(request -> web.ask(url, request));
      if (answer.isPresent()) {
        Status status = ocsp(leaf, issuer.get(), answer.get(), "says " + url);
        if (!(status instanceof Status.Unknown)) {
          return status;
        }
      }
    }
    for (String url : lists) {
      Optional<byte[]> list = web.get(url);
      if (list.isPresent()) {
        Status status = list(leaf, issuer.get(), list.get(), "says the list " + url);
        if (!(status instanceof Status.Unknown)) {
          return status;
        }
      }
    }
    return new Status.Unknown("the authority gave no usable answer");
  }

  /** The JDK's own check of an answer in hand, with the issuer as anchor: opens no connection. */
  private Status ocsp(X509Certificate leaf, X509Certificate issuer, byte[] answer, String source) {
    return switch (Staple.read(leaf, issuer, answer, within(leaf))) {
      case Staple.Good good -> new Status.Good(source);
      case Staple.Revoked revoked -> new Status.Revoked(source);
      case Staple.Unusable unusable ->
          new Status.Unknown(source + ", which cannot be used: " + unusable.why());
    };
  }

  private Instant within(X509Certificate leaf) {
    Instant now = clock.now();
    Instant until = leaf.getNotAfter().toInstant();
    return now.isAfter(until) ? until : now;
  }

  private Status list(X509Certificate leaf, X509Certificate issuer, byte[] der, String source) {
    try {
      CRL read = CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(der));
      if (!(read instanceof X509CRL crl)) {
        return new Status.Unknown(source + ", which is no list");
      }
      crl.verify(issuer.getPublicKey());
      Date next = crl.getNextUpdate();
      if (next != null && clock.now().isAfter(next.toInstant())) {
        return new Status.Unknown(source + ", which is out of date");
      }
      return crl.isRevoked(leaf) ? new Status.Revoked(source) : new Status.Good(source);
    } catch (GeneralSecurityException | RuntimeException e) {
      return new Status.Unknown(source + ", which cannot be used: " + e.getMessage());
    }
  }
}
