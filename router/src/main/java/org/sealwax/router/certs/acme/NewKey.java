package org.sealwax.router.certs.acme;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;

/** Makes keys for certificates and accounts. */
final class NewKey {
  private static final int RSA_BITS = 2_048;

  private NewKey() {}

  /** A new key, of the JDK's secure random numbers. */
  static KeyPair of(AcmeSettings.KeyType type) {
    try {
      KeyPairGenerator generator =
          KeyPairGenerator.getInstance(type == AcmeSettings.KeyType.RSA ? "RSA" : "EC");
      if (type == AcmeSettings.KeyType.RSA) {
        generator.initialize(RSA_BITS);
      } else {
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has these", e);
    }
  }
}
