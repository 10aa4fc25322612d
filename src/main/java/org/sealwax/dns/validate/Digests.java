package org.sealwax.dns.validate;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;

/** Digests of keys in DS records (RFC 4034 5.1.4, RFC 4509, RFC 6605 section 2). */
final class Digests {
  private Digests() {}

  /** Whether a DS record with this digest type can be matched with a key. */
  static boolean isSupported(int digest) {
    return switch (digest) {
      case DNSSEC.Digest.SHA1, DNSSEC.Digest.SHA256, DNSSEC.Digest.SHA384 -> true;
      default -> false;
    };
  }

  /** Whether a DS record of a supported type is that of the key. */
  static boolean isOf(DSRecord ds, DNSKEYRecord key, Work work) {
    if (ds.getFootprint() != key.getFootprint() || ds.getAlgorithm() != key.getAlgorithm()) {
      return false;
    }
    work.hash(0);
    MessageDigest digest =
        of(
            switch (ds.getDigestID()) {
              case DNSSEC.Digest.SHA1 -> "SHA-1";
              case DNSSEC.Digest.SHA256 -> "SHA-256";
              default -> "SHA-384";
            });
    digest.update(key.getName().toWireCanonical());
    return MessageDigest.isEqual(ds.getDigest(), digest.digest(key.rdataToWireCanonical()));
  }

  static MessageDigest of(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + name, e);
    }
  }
}
