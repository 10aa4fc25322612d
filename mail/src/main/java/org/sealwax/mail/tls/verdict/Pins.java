package org.sealwax.mail.tls.verdict;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/** Fingerprints of keys. */
public final class Pins {
  private Pins() {}

  /**
   * {@return SHA-256 of the certificate's SubjectPublicKeyInfo}
   *
   * @param certificate the certificate
   */
  public static Pin of(X509Certificate certificate) {
    return new Pin(
        HexFormat.of().formatHex(sha256().digest(certificate.getPublicKey().getEncoded())));
  }

  /**
   * {@return SHA-256 of the whole certificate, in hex}
   *
   * @param certificate the certificate
   * @throws IllegalArgumentException when it has no encoding
   */
  public static String ofCertificate(X509Certificate certificate) {
    try {
      return HexFormat.of().formatHex(sha256().digest(certificate.getEncoded()));
    } catch (java.security.cert.CertificateEncodingException e) {
      throw new IllegalArgumentException("no encoding", e);
    }
  }

  /** {@return a new SHA-256 digest, to use once by one thread} */
  public static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
