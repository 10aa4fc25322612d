package org.sealwax.tls;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.tls.RawVerifier.Curve;

/** Signatures that the JDK made, good and spoilt, and the tricks that other verifiers fell for. */
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
    "P256, secp256r1, SHA-256, SHA256withECDSAinP1363Format, 32",
    "P384, secp384r1, SHA-384, SHA384withECDSAinP1363Format, 48"
  })
  void verifiesEcdsaAndNothingElse(
      Curve curve, String name, String hash, String algorithm, int length)
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
    byte[] digest = MessageDigest.getInstance(hash).digest(MESSAGE);
    BiPredicate<byte[], byte[]> verifies = (k, s) -> RawVerifier.ecdsa(curve, k, digest, s);
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
        (k, s) -> small ? RawVerifier.ed25519(k, MESSAGE, s) : RawVerifier.ed448(k, MESSAGE, s),
        key,
        signature);
  }

  /** RFC 8032 7.1, test 2. */
  @Test
  void verifiesTheExampleOfTheRfc() {
    HexFormat hex = HexFormat.of();
    assertTrue(
        RawVerifier.ed25519(
            hex.parseHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
            hex.parseHex("72"),
            hex.parseHex(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                    + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
  }
}
