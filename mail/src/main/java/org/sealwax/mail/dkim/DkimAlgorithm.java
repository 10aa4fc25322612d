package org.sealwax.mail.dkim;

import java.util.Optional;

/** The signature algorithms that count (RFC 8301 section 3.1, RFC 8463 section 3). */
public enum DkimAlgorithm {
  /** RSA by PKCS #1 version 1.5 over SHA-256. */
  RSA_SHA256("rsa-sha256", "rsa"),
  /** Ed25519 over the SHA-256 hash of the header. */
  ED25519_SHA256("ed25519-sha256", "ed25519");

  /** Obsolete (RFC 8301 section 3.1): never verified. */
  static final String RSA_SHA1 = "rsa-sha1";

  private final String tag;
  private final String keyType;

  DkimAlgorithm(String tag, String keyType) {
    this.tag = tag;
    this.keyType = keyType;
  }

  /** {@return the value of {@code a=}} */
  public String tag() {
    return tag;
  }

  /** {@return the value of {@code k=} in the key's record} */
  public String keyType() {
    return keyType;
  }

  static Optional<DkimAlgorithm> ofTag(String tag) {
    for (DkimAlgorithm each : values()) {
      if (each.tag.equals(tag)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }
}
