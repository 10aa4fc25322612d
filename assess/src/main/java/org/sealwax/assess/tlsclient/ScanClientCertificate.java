package org.sealwax.assess.tlsclient;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * A client certificate without a trusted issuer: what opportunistic clients have.
 *
 * @param certificate DER
 * @param key of it, ECDSA P-256
 */
public record ScanClientCertificate(byte[] certificate, PrivateKey key) {
  /**
   * Makes a self-signed one.
   *
   * @param name common name; letters, digits, dots and hyphens
   * @param from valid from
   * @param to valid to, which may have passed
   */
  public static ScanClientCertificate selfSigned(String name, Instant from, Instant to) {
    try {
      KeyPairGenerator keys = KeyPairGenerator.getInstance("EC");
      keys.initialize(256);
      KeyPair pair = keys.generateKeyPair();
      X500Name subject = new X500Name("CN=" + name);
      X509CertificateHolder made =
          new JcaX509v3CertificateBuilder(
                  subject,
                  BigInteger.valueOf(from.getEpochSecond()),
                  Date.from(from),
                  Date.from(to),
                  subject,
                  pair.getPublic())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()));
      return new ScanClientCertificate(made.getEncoded(), pair.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("the JDK cannot make a P-256 certificate", e);
    }
  }
}
