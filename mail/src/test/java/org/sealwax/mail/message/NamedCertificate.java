package org.sealwax.mail.message;

import java.math.BigInteger;
import java.security.Principal;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/** A certificate that has names and nothing else. */
final class NamedCertificate extends X509Certificate {
  private final X500Principal subject;
  private final X500Principal issuer;

  NamedCertificate(String subject, String issuer) {
    this.subject = new X500Principal(subject);
    this.issuer = new X500Principal(issuer);
  }

  @Override
  public X500Principal getSubjectX500Principal() {
    return subject;
  }

  @Override
  public X500Principal getIssuerX500Principal() {
    return issuer;
  }

  private static UnsupportedOperationException namesOnly() {
    return new UnsupportedOperationException("names only");
  }

  @Override
  public void checkValidity() {
    throw namesOnly();
  }

  @Override
  public void checkValidity(Date date) {
    throw namesOnly();
  }

  @Override
  public int getVersion() {
    throw namesOnly();
  }

  @Override
  public BigInteger getSerialNumber() {
    throw namesOnly();
  }

  @Override
  @SuppressWarnings("deprecation")
  public Principal getIssuerDN() {
    throw namesOnly();
  }

  @Override
  @SuppressWarnings("deprecation")
  public Principal getSubjectDN() {
    throw namesOnly();
  }

  @Override
  public Date getNotBefore() {
    throw namesOnly();
  }

  @Override
  public Date getNotAfter() {
    throw namesOnly();
  }

  @Override
  public byte[] getTBSCertificate() {
    throw namesOnly();
  }

  @Override
  public byte[] getSignature() {
    throw namesOnly();
  }

  @Override
  public String getSigAlgName() {
    throw namesOnly();
  }

  @Override
  public String getSigAlgOID() {
    throw namesOnly();
  }

  @Override
  public byte[] getSigAlgParams() {
    throw namesOnly();
  }

  @Override
  public boolean @Nullable [] getIssuerUniqueID() {
    throw namesOnly();
  }

  @Override
  public boolean @Nullable [] getSubjectUniqueID() {
    throw namesOnly();
  }

  @Override
  public boolean @Nullable [] getKeyUsage() {
    throw namesOnly();
  }

  @Override
  public int getBasicConstraints() {
    throw namesOnly();
  }

  @Override
  public byte[] getEncoded() {
    throw namesOnly();
  }

  @Override
  public void verify(PublicKey key) {
    throw namesOnly();
  }

  @Override
  public void verify(PublicKey key, String provider) {
    throw namesOnly();
  }

  @Override
  public String toString() {
    return "certificate of " + subject;
  }

  @Override
  public PublicKey getPublicKey() {
    throw namesOnly();
  }

  @Override
  public boolean hasUnsupportedCriticalExtension() {
    throw namesOnly();
  }

  @Override
  public @Nullable Set<String> getCriticalExtensionOIDs() {
    throw namesOnly();
  }

  @Override
  public @Nullable Set<String> getNonCriticalExtensionOIDs() {
    throw namesOnly();
  }

  @Override
  public byte @Nullable [] getExtensionValue(String oid) {
    throw namesOnly();
  }
}
