package org.sealwax.testkit.tls;

import java.io.IOException;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.ocsp.OCSPResponseStatus;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** Makes the response of an issuer's OCSP responder about a certificate (RFC 6960). */
final class OcspResponseWriter {
  private static final Duration FRESH = Duration.ofMinutes(30);
  private static final Duration LIFE = Duration.ofDays(7);

  private OcspResponseWriter() {}

  /** DER of an OCSPResponse, signed by the issuer itself with an elliptic curve. */
  static byte[] of(byte[] leaf, byte[] issuer, PrivateKey key, boolean revoked, Instant now) {
    try {
      X509CertificateHolder by = new X509CertificateHolder(issuer);
      CertificateID id =
          new CertificateID(
              new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1),
              by,
              new X509CertificateHolder(leaf).getSerialNumber());
      CertificateStatus status =
          revoked
              ? new RevokedStatus(Date.from(now.minus(FRESH)), CRLReason.keyCompromise)
              : CertificateStatus.GOOD;
      BasicOCSPRespBuilder answer = new BasicOCSPRespBuilder(new RespID(by.getSubject()));
      answer.addResponse(id, status, Date.from(now.minus(FRESH)), Date.from(now.plus(LIFE)), null);
      return new OCSPRespBuilder()
          .build(
              OCSPResponseStatus.SUCCESSFUL,
              answer.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(key),
                  new X509CertificateHolder[0],
                  Date.from(now.minus(FRESH))))
          .getEncoded();
    } catch (OperatorCreationException | OCSPException | IOException e) {
      throw new IllegalStateException("cannot make an OCSP response", e);
    }
  }
}
