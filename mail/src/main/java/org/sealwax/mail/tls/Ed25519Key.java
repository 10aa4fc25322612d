package org.sealwax.mail.tls;

import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * A private Ed25519 key that signs with Bouncy Castle's arithmetic (RFC 8032 section 5.1), which
 * takes a tenth of what the JDK's does while only the first compiler works. Its steps do not depend
 * on the secret. Thread-safe.
 */
public final class Ed25519Key {
  private final Ed25519PrivateKeyParameters key;

  /**
   * A key from its seed.
   *
   * @param seed 32 bytes (RFC 8032 section 5.1.5); copied
   * @throws IllegalArgumentException when the seed has another length
   */
  public Ed25519Key(byte[] seed) {
    this.key = new Ed25519PrivateKeyParameters(seed);
  }

  /** {@return the public key, 32 bytes} */
  public byte[] publicKey() {
    return key.generatePublicKey().getEncoded();
  }

  /**
   * {@return the signature, 64 bytes}
   *
   * @param message the signed bytes
   */
  public byte[] sign(byte[] message) {
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    key.sign(Ed25519.Algorithm.Ed25519, null, message, 0, message.length, signature, 0);
    return signature;
  }
}
