package org.sealwax.router.certs.rollover;

import java.security.PublicKey;
import java.util.HexFormat;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.tls.verdict.Pins;

/**
 * SHA-256 of a public key (SubjectPublicKeyInfo): what a TLSA record {@code 3 1 1} has.
 *
 * @param hex in lower case
 */
public record KeyDigest(String hex) {
  private static final int LENGTH = 64;

  /** Checks the form. */
  public KeyDigest {
    if (hex.length() != LENGTH || !hex.matches("[0-9a-f]+")) {
      throw new IllegalArgumentException("not a SHA-256 digest: " + hex);
    }
  }

  /** {@return the digest of a key} */
  public static KeyDigest of(PublicKey key) {
    return new KeyDigest(HexFormat.of().formatHex(Pins.sha256().digest(key.getEncoded())));
  }

  /** {@return the record that names this key} */
  public TlsaRecord tlsa() {
    return new TlsaRecord(3, 1, 1, hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
