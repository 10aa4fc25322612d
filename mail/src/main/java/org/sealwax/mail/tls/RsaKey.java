package org.sealwax.mail.tls;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.Libcrypto.NativeKey;

/**
 * A private RSA key that signs with SHA-256 (PKCS #1 version 1.5, RFC 8017 section 8.2): by
 * OpenSSL's libcrypto where that can be loaded, else by the JDK. Thread-safe.
 */
public final class RsaKey {
  private static final String ALGORITHM = "SHA256withRSA";

  private final RSAPrivateCrtKey key;
  private final @Nullable NativeKey quick;

  /**
   * A key.
   *
   * @param key the same key for the JDK
   * @throws GeneralSecurityException when the key is not valid
   */
  public RsaKey(RSAPrivateCrtKey key) throws GeneralSecurityException {
    this.key = key;
    Libcrypto library = Libcrypto.loaded().orElse(null);
    this.quick = library == null ? null : library.privateKey(key.getEncoded());
  }

  /** {@return whether signatures are made by libcrypto, in a thirtieth of the JDK's time} */
  public static boolean isQuick() {
    return Libcrypto.loaded().isPresent();
  }

  /** {@return bytes of a signature} */
  public int signatureLength() {
    return (key.getModulus().bitLength() + Byte.SIZE - 1) / Byte.SIZE;
  }

  /**
   * {@return the signature}
   *
   * @param message the signed bytes
   * @throws GeneralSecurityException when the key cannot sign
   */
  public byte[] sign(byte[] message) throws GeneralSecurityException {
    NativeKey nativeKey = quick;
    if (nativeKey != null) {
      return Libcrypto.loaded().orElseThrow().sign(nativeKey, signatureLength(), message);
    }
    Signature rsa = Signature.getInstance(ALGORITHM);
    rsa.initSign(key);
    rsa.update(message);
    return rsa.sign();
  }

  /**
   * {@return whether a signature holds}
   *
   * @param key the public key, whose size the caller has limited
   * @param message the signed bytes
   * @param signature the signature
   * @throws GeneralSecurityException when the key or the signature has a wrong form
   */
  public static boolean verifies(RSAPublicKey key, byte[] message, byte[] signature)
      throws GeneralSecurityException {
    Libcrypto library = Libcrypto.loaded().orElse(null);
    if (library != null) {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(message);
      return library.verifies(key, digest, signature);
    }
    Signature rsa = Signature.getInstance(ALGORITHM);
    rsa.initVerify(key);
    rsa.update(message);
    return rsa.verify(signature);
  }
}
