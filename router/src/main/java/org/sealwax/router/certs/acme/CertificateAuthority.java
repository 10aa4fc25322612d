package org.sealwax.router.certs.acme;

import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/** An authority that issues certificates; thread-safe. Its answers are not trusted. */
public interface CertificateAuthority {
  /**
   * Orders a certificate.
   *
   * @param names all DNS names of the certificate
   * @param key that it is for
   * @param former the certificate that it replaces (RFC 9773 5)
   * @param proofs where control over the names is shown
   * @return the chain as it was sent, leaf first; unchecked
   * @throws OrderFailure when there is none
   * @throws InterruptedException when the thread is interrupted
   */
  List<X509Certificate> order(
      List<Domain> names, KeyPair key, Optional<X509Certificate> former, ProofPublisher proofs)
      throws OrderFailure, InterruptedException;

  /**
   * Asks when a certificate is to be renewed (RFC 9773).
   *
   * @param leaf the certificate
   * @return a window, or none
   * @throws InterruptedException when the thread is interrupted
   */
  RenewalAnswer renewalWindow(X509Certificate leaf) throws InterruptedException;

  /** Why an order has no certificate; the message is one line for the admin. */
  final class OrderFailure extends Exception {
    private final transient Optional<Duration> retryAfter;

    /**
     * With the time after which the authority wants to be asked again.
     *
     * @param why one line
     * @param retryAfter empty: it named none
     */
    public OrderFailure(String why, Optional<Duration> retryAfter) {
      super(why);
      this.retryAfter = retryAfter;
    }

    /** {@return the time after which the authority wants to be asked again} */
    public Optional<Duration> retryAfter() {
      return retryAfter;
    }
  }
}
