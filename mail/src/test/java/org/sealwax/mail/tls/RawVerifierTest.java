package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Signatures that the JDK made, good and spoilt, and the tricks that worked with other verifiers.
 */
final class RawVerifierTest {
  private static final byte[] MESSAGE =
      "what was signed".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  private static byte[] fixed(BigInteger number, int length) {
    byte[] all = number.toByteArray();
    byte[] out = new byte[length];
    int used = Math.min(length, all.length);
    System.arraycopy(all, all.length - used, out, length - used, used);
    return out;
  }

  private static byte[] joined(byte[] one, byte[] other) {
    byte[] out = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, out, one.length, other.length);
    return out;
  }

  private static void refusesEachFlippedBit(
      BiPredicate<byte[], byte[]> verifies, byte[] key, byte[] signature) {
    assertTrue(verifies.test(key, signature));
    for (int i = 0; i < 8 * signature.length; i += 13) {
      byte[] spoilt = signature.clone();
      spoilt[i / 8] ^= (byte) (1 << (i % 8));
      assertFalse(verifies.test(key, spoilt), "bit " + i + " of the signature");
    }
    for (int i = 0; i < 8 * key.length; i += 37) {
      byte[] spoilt = key.clone();
      spoilt[i / 8] ^= (byte) (1 << (i % 8));
      assertFalse(verifies.test(spoilt, signature), "bit " + i + " of the key");
    }
    assertFalse(verifies.test(key, Arrays.copyOf(signature, signature.length - 1)));
    assertFalse(verifies.test(key, Arrays.copyOf(signature, signature.length + 1)));
    assertFalse(verifies.test(Arrays.copyOf(key, key.length - 1), signature));
    assertFalse(verifies.test(new byte[0], new byte[0]));
  }

  @ParameterizedTest
  @CsvSource({
    "ECDSA_P256, secp256r1, SHA256withECDSAinP1363Format, 32",
    "ECDSA_P384, secp384r1, SHA384withECDSAinP1363Format, 48"
  })
  void verifiesEcdsaAndNothingElse(RawVerifier verifier, String name, String algorithm, int length)
      throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec(name));
    KeyPair pair = generator.generateKeyPair();
    Signature signer = Signature.getInstance(algorithm);
    signer.initSign(pair.getPrivate());
    signer.update(MESSAGE);
    byte[] signature = signer.sign();
    ECPublicKey open = (ECPublicKey) pair.getPublic();
    byte[] key =
        joined(fixed(open.getW().getAffineX(), length), fixed(open.getW().getAffineY(), length));
    BiPredicate<byte[], byte[]> verifies = (k, s) -> verifier.verifies(k, MESSAGE, s);
    refusesEachFlippedBit(verifies, key, signature);
    BigInteger order = open.getParams().getOrder();
    byte[] r = Arrays.copyOf(signature, length);
    byte[] s = Arrays.copyOfRange(signature, length, 2 * length);
    for (BigInteger out : new BigInteger[] {BigInteger.ZERO, order}) {
      // CVE-2022-21449: numbers outside 1 to order - 1.
      assertFalse(verifies.test(key, joined(fixed(out, length), s)));
      assertFalse(verifies.test(key, joined(r, fixed(out, length))));
      assertFalse(verifies.test(key, joined(fixed(out, length), fixed(out, length))));
    }
    assertFalse(verifies.test(new byte[2 * length], signature), "infinity, or no point");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Ed25519", "Ed448"})
  void verifiesEdDsaAndNothingElse(String name) throws GeneralSecurityException {
    KeyPair pair = KeyPairGenerator.getInstance(name).generateKeyPair();
    Signature signer = Signature.getInstance(name);
    signer.initSign(pair.getPrivate());
    signer.update(MESSAGE);
    byte[] signature = signer.sign();
    byte[] form = pair.getPublic().getEncoded();
    boolean small = name.equals("Ed25519");
    byte[] key = Arrays.copyOfRange(form, form.length - (small ? 32 : 57), form.length);
    refusesEachFlippedBit(
        (k, s) -> (small ? RawVerifier.ED25519 : RawVerifier.ED448).verifies(k, MESSAGE, s),
        key,
        signature);
  }

  @ParameterizedTest
  @CsvSource({
    "RSA_SHA1, SHA1withRSA, 512, 3",
    "RSA_SHA256, SHA256withRSA, 1024, 65537",
    "RSA_SHA512, SHA512withRSA, 2048, 65537"
  })
  void verifiesRsaAndNothingElse(
      RawVerifier verifier, String algorithm, int bits, BigInteger exponent)
      throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(new RSAKeyGenParameterSpec(bits, exponent));
    KeyPair pair = generator.generateKeyPair();
    Signature signer = Signature.getInstance(algorithm);
    signer.initSign(pair.getPrivate());
    signer.update(MESSAGE);
    byte[] signature = signer.sign();
    byte[] modulus = fixed(((RSAPublicKey) pair.getPublic()).getModulus(), bits / 8);
    byte[] power = fixed(exponent, (exponent.bitLength() + 7) / 8);
    byte[] key = joined(joined(new byte[] {(byte) power.length}, power), modulus);
    BiPredicate<byte[], byte[]> verifies = (k, s) -> verifier.verifies(k, MESSAGE, s);
    refusesEachFlippedBit(verifies, key, signature);
    assertTrue(
        verifies.test(
            joined(joined(new byte[] {0, 0, (byte) power.length}, power), modulus), signature),
        "three bytes of length");
    for (int last = 0; last < key.length; last++) {
      assertFalse(verifies.test(Arrays.copyOf(key, last), signature), last + " bytes of the key");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "504, 17, false",
    "512, 17, true",
    "4096, 17, true",
    "4104, 17, false",
    "1024, 64, true",
    "1024, 65, false"
  })
  void boundsTheSizeOfRsaKeys(int modulusBits, int exponentBits, boolean expected)
      throws GeneralSecurityException {
    BigInteger exponent =
        BigInteger.ONE.shiftLeft(exponentBits - 1).add(BigInteger.ONE).nextProbablePrime();
    BigInteger modulus = BigInteger.ONE;
    BigInteger order = BigInteger.ONE;
    // Of many small primes: those of the usual size take seconds to find.
    Random random = new Random(1);
    while (modulus.bitLength() != modulusBits) {
      int left = modulusBits - modulus.bitLength();
      if (left < 0) {
        modulus = BigInteger.ONE;
        order = BigInteger.ONE;
        continue;
      }
      BigInteger prime = BigInteger.probablePrime(Math.clamp(left, 8, 256), random);
      if (modulus.mod(prime).signum() != 0) {
        modulus = modulus.multiply(prime);
        order = order.multiply(prime.subtract(BigInteger.ONE));
      }
    }
    int length = modulusBits / 8;
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(MESSAGE);
    byte[] padded = new byte[length];
    Arrays.fill(padded, 2, length, (byte) 0xff);
    padded[1] = 1;
    // RFC 8017 9.2, note 1.
    byte[] named =
        joined(HexFormat.of().parseHex("003031300d060960864801650304020105000420"), digest);
    System.arraycopy(named, 0, padded, length - named.length, named.length);
    byte[] signature =
        fixed(new BigInteger(1, padded).modPow(exponent.modInverse(order), modulus), length);
    byte[] power = fixed(exponent, (exponent.bitLength() + 7) / 8);
    byte[] key = joined(joined(new byte[] {(byte) power.length}, power), fixed(modulus, length));
    assertEquals(expected, RawVerifier.RSA_SHA256.verifies(key, MESSAGE, signature));
  }

  /** RFC 8032 7.1, test 2. */
  @Test
  void verifiesTheExampleOfTheRfc() {
    HexFormat hex = HexFormat.of();
    assertTrue(
        RawVerifier.ED25519.verifies(
            hex.parseHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
            hex.parseHex("72"),
            hex.parseHex(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                    + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
  }
}
