package org.sealwax.testkit.tls;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import org.sealwax.mail.tls.verdict.TlsaAssociation;

/** Makes associations as a zone's owner would, apart from the code under test. */
public final class TlsaBuilder {
  private TlsaBuilder() {}

  /** The association of a certificate. */
  public static TlsaAssociation of(
      int usage, int selector, int matching, X509Certificate certificate) {
    return new TlsaAssociation(usage, selector, matching, data(selector, matching, certificate));
  }

  /** Its data in hex. */
  public static String data(int selector, int matching, X509Certificate certificate) {
    try {
      byte[] bytes =
          selector == 0 ? certificate.getEncoded() : certificate.getPublicKey().getEncoded();
      return HexFormat.of()
          .formatHex(
              switch (matching) {
                case 1 -> MessageDigest.getInstance("SHA-256").digest(bytes);
                case 2 -> MessageDigest.getInstance("SHA-512").digest(bytes);
                default -> bytes;
              });
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
