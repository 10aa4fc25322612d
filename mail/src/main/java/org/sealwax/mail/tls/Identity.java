package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Pins;

/**
 * A certificate chain and its key, checked to belong together. Instances are compared by identity:
 * a reloaded pair is another one even when its bytes are the same.
 */
public final class Identity {
  /** Bytes of a PEM file: a chain of 20 certificates with comments is far below. */
  public static final int MAX_FILE = 1 << 20;

  private static final byte[] PROBE =
      "sealwax: do key and certificate belong together?".getBytes(StandardCharsets.US_ASCII);

  private final String name;
  private final List<X509Certificate> chain;
  private final PrivateKey key;

  private Identity(String name, List<X509Certificate> chain, PrivateKey key) {
    this.name = name;
    this.chain = List.copyOf(chain);
    this.key = key;
  }

  /** Why a pair of files is not an identity. */
  public static final class InvalidIdentity extends IOException {
    /**
     * Names the file and what is wrong with it, without any of its contents.
     *
     * @param message what is wrong, in words
     */
    public InvalidIdentity(String message) {
      super(message);
    }

    /**
     * With the cause, for the log.
     *
     * @param message what is wrong, in words
     * @param cause the exception that caused it
     */
    public InvalidIdentity(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * {@return a chain (leaf first) and its key}
   *
   * @param name for logs: the certificate's file
   * @param chain the certificates, leaf first
   * @param key the private key
   * @throws InvalidIdentity when the key is not the leaf's
   */
  public static Identity of(String name, List<X509Certificate> chain, PrivateKey key)
      throws InvalidIdentity {
    if (chain.isEmpty()) {
      throw new InvalidIdentity(name + ": no certificate");
    }
    if (!belongs(key, chain.getFirst().getPublicKey())) {
      for (int i = 1; i < chain.size(); i++) {
        if (belongs(key, chain.get(i).getPublicKey())) {
          throw new InvalidIdentity(
              name + ": the private key is that of certificate " + (i + 1) + "; put it first");
        }
      }
      throw new InvalidIdentity(name + ": the private key does not match the (first) certificate");
    }
    return new Identity(name, chain, key);
  }

  /**
   * Reads PEM files; both may be the same file. Keys: PKCS#8, PKCS#1 (RSA), SEC1 (EC), unencrypted.
   *
   * @param certificate the PEM file of the chain
   * @param key the PEM file of the private key
   * @return the identity
   * @throws InvalidIdentity when a file cannot be read, does not parse, or the two do not belong
   *     together
   */
  public static Identity read(Path certificate, Path key) throws InvalidIdentity {
    List<X509Certificate> chain = Pem.certificates(text(certificate), certificate.toString());
    if (chain.isEmpty()) {
      throw new InvalidIdentity(certificate + ": contains no certificate");
    }
    PrivateKey secret = Pem.key(text(key), key.toString(), chain.getFirst().getPublicKey());
    return of(certificate.toString(), chain, secret);
  }

  private static String text(Path file) throws InvalidIdentity {
    try {
      return RegularFile.text(file, StandardCharsets.ISO_8859_1, MAX_FILE);
    } catch (IOException e) {
      throw new InvalidIdentity(FailureText.of(file, e), e);
    }
  }

  /** Signs and verifies: the one test that holds for every kind of key. */
  private static boolean belongs(PrivateKey key, PublicKey open) {
    String algorithm =
        switch (key.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "RSASSA-PSS" -> "RSASSA-PSS";
          case "EC" -> "SHA256withECDSA";
          default -> key.getAlgorithm();
        };
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(key);
      signature.update(PROBE);
      byte[] made = signature.sign();
      signature.initVerify(open);
      signature.update(PROBE);
      return signature.verify(made);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /**
   * For logs.
   *
   * @return the name for logs
   */
  public String name() {
    return name;
  }

  /**
   * Leaf first, as it is sent.
   *
   * @return the certificates, leaf first
   */
  public List<X509Certificate> chain() {
    return chain;
  }

  /** {@return the leaf} */
  public X509Certificate leaf() {
    return chain.getFirst();
  }

  PrivateKey key() {
    return key;
  }

  /**
   * The key for another certificate: a renewal that leaves TLSA records and pins valid.
   *
   * @return the private key, and the public key of the leaf
   */
  public KeyPair keyPair() {
    return new KeyPair(leaf().getPublicKey(), key);
  }

  /**
   * The pair as one file, which {@link #read} reads: key and chain cannot be separated.
   *
   * @return PEM: the private key in PKCS#8, then the chain, leaf first
   */
  public String pem() {
    StringBuilder pem = new StringBuilder(Pem.encode("PRIVATE KEY", key.getEncoded()));
    try {
      for (X509Certificate certificate : chain) {
        pem.append(Pem.encode("CERTIFICATE", certificate.getEncoded()));
      }
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read has no encoding", e);
    }
    return pem.toString();
  }

  /**
   * End of the leaf's validity.
   *
   * @return the end of the validity
   */
  public Instant expires() {
    return leaf().getNotAfter().toInstant();
  }

  /** {@return SHA-256 of the leaf's key: what a TLSA record {@code 3 1 1} or a peer's pin names} */
  public Pin pin() {
    return Pins.of(leaf());
  }

  @Override
  public String toString() {
    return name;
  }
}
