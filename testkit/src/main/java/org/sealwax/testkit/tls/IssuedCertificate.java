package org.sealwax.testkit.tls;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.x509.Certificate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.Identity;

/** A certificate chain and its key as the lab made them, good or not. Immutable. */
public final class IssuedCertificate {
  private final CertificateSpec plan;
  private final List<byte[]> chain;
  private final byte[] anchor;
  private final PrivateKey key;
  private final byte @Nullable [] staple;

  IssuedCertificate(
      CertificateSpec plan,
      List<byte[]> chain,
      byte[] anchor,
      PrivateKey key,
      byte @Nullable [] staple) {
    this.staple = staple;
    this.plan = plan;
    this.chain = List.copyOf(chain);
    this.anchor = anchor;
    this.key = key;
  }

  /** Selector: the part of a certificate that a TLSA record matches (RFC 6698 2.1.2). */
  public enum TlsaSelector {
    WHOLE,
    KEY
  }

  /** Matching type (RFC 6698 2.1.3). */
  public enum TlsaMatching {
    EXACT,
    SHA_256,
    SHA_512
  }

  /** The certificate that a TLSA record matches. */
  public enum ChainPosition {
    /** The server's own. */
    LEAF,
    /** The one that signed it, when the chain has it; else the leaf. */
    ISSUER,
    /** The root above, whether it is in the chain or not. */
    ROOT
  }

  /** As it is sent, leaf first, each in DER. */
  List<byte[]> chain() {
    return chain;
  }

  PrivateKey key() {
    return key;
  }

  /** The chain in PEM, leaf first: for a server that is not the lab's. */
  public String chainPem() {
    StringBuilder out = new StringBuilder();
    chain.forEach(der -> out.append(pem("CERTIFICATE", der)));
    return out.toString();
  }

  /** The key in PEM (PKCS#8). */
  public String keyPem() {
    return pem("PRIVATE KEY", key.getEncoded());
  }

  /** One PEM block with lines of 64 characters (RFC 7468). */
  static String pem(String label, byte[] der) {
    String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
  }

  /** DER of the OCSPResponse that is stapled, or null. */
  public byte @Nullable [] staple() {
    return staple == null ? null : staple.clone();
  }

  /**
   * The association data of a TLSA record, in lower-case hex.
   *
   * @return for example the SHA-256 of the leaf's key: what {@code 3 1 1} needs
   */
  public String association(ChainPosition which, TlsaSelector selector, TlsaMatching matching) {
    byte[] certificate =
        switch (which) {
          case LEAF -> chain.getFirst();
          case ISSUER -> chain.get(Math.min(1, chain.size() - 1));
          case ROOT -> anchor;
        };
    byte[] part =
        switch (selector) {
          case WHOLE -> certificate;
          case KEY -> spki(certificate);
        };
    return HexFormat.of()
        .formatHex(
            switch (matching) {
              case EXACT -> part;
              case SHA_256 -> digest("SHA-256", part);
              case SHA_512 -> digest("SHA-512", part);
            });
  }

  private static byte[] spki(byte[] certificate) {
    try {
      return Certificate.getInstance(certificate).getSubjectPublicKeyInfo().getEncoded();
    } catch (java.io.IOException e) {
      throw new IllegalStateException("a certificate that we issued", e);
    }
  }

  private static byte[] digest(String name, byte[] bytes) {
    try {
      return MessageDigest.getInstance(name).digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + name, e);
    }
  }

  /**
   * For the ordinary engines.
   *
   * @throws Identity.InvalidIdentity when they could not read it
   */
  public Identity identity() throws Identity.InvalidIdentity {
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      List<X509Certificate> read = new ArrayList<>();
      for (byte[] der : chain) {
        read.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
      }
      return Identity.of(String.join(",", plan.names()), read, key);
    } catch (GeneralSecurityException e) {
      throw new Identity.InvalidIdentity("the engines cannot read " + plan, e);
    }
  }
}
