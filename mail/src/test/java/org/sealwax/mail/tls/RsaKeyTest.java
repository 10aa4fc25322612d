package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two implementations agree: signatures of this form have no random part. */
final class RsaKeyTest {
  private static final byte[] MESSAGE = "from:a@b.example\r\n".getBytes(StandardCharsets.US_ASCII);

  private static KeyPair pair(int bits) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(bits);
    return generator.generateKeyPair();
  }

  private static byte[] byJdk(KeyPair pair, byte[] message) throws GeneralSecurityException {
    Signature rsa = Signature.getInstance("SHA256withRSA");
    rsa.initSign(pair.getPrivate());
    rsa.update(message);
    return rsa.sign();
  }

  @ParameterizedTest
  @ValueSource(ints = {1024, 1025, 2048})
  void signaturesAreThoseOfTheJdk(int bits) throws Exception {
    KeyPair pair = pair(bits);
    RsaKey key = new RsaKey((RSAPrivateCrtKey) pair.getPrivate());
    assertEquals((bits + 7) / 8, key.signatureLength());
    for (byte[] message : new byte[][] {MESSAGE, {}, new byte[100_000]}) {
      byte[] signature = key.sign(message);
      assertArrayEquals(byJdk(pair, message), signature);
      assertTrue(RsaKey.verifies((RSAPublicKey) pair.getPublic(), message, signature));
    }
  }

  private static boolean holds(RSAPublicKey key, byte[] message, byte[] signature) {
    try {
      return RsaKey.verifies(key, message, signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  @Test
  void aSignatureThatIsNotExactDoesNotHold() throws Exception {
    KeyPair pair = pair(1024);
    RSAPublicKey open = (RSAPublicKey) pair.getPublic();
    byte[] good = byJdk(pair, MESSAGE);
    assertTrue(holds(open, MESSAGE, good));
    for (int i = 0; i < good.length; i++) {
      byte[] changed = good.clone();
      changed[i] ^= 1;
      assertFalse(holds(open, MESSAGE, changed));
    }
    byte[] max = new byte[good.length];
    Arrays.fill(max, (byte) -1);
    for (byte[] wrong :
        new byte[][] {
          {},
          {1},
          Arrays.copyOf(good, good.length - 1),
          Arrays.copyOf(good, good.length + 1),
          new byte[good.length],
          max,
          byJdk(pair(1024), MESSAGE),
          byJdk(pair, new byte[1])
        }) {
      assertFalse(holds(open, MESSAGE, wrong));
    }
    // An error of one check does not become that of the next.
    assertTrue(holds(open, MESSAGE, good));
  }
}
