package org.sealwax.tls;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The quick check of ECDSA signatures by itself says what the JDK's own says, and takes nothing
 * else.
 */
final class QuickEcdsaTest {
  private static final byte[] TEXT = "mx.example.org. 3600 IN A 192.0.2.1".getBytes(UTF_8);
  private static final List<String> ALGORITHMS = List.of("SHA256withECDSA", "SHA384withECDSA");
  private static final List<String> CURVES = List.of("secp256r1", "secp384r1");

  @BeforeAll
  static void install() {
    QuickSignatures.install();
    QuickSignatures.install();
  }

  private static KeyPair pair(String curve) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "SunEC");
    generator.initialize(new ECGenParameterSpec(curve));
    return generator.generateKeyPair();
  }

  private static byte[] sign(String algorithm, KeyPair pair, byte[] text)
      throws GeneralSecurityException {
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(pair.getPrivate());
    signature.update(text);
    return signature.sign();
  }

  private static Signature checker(String algorithm, PublicKey key)
      throws GeneralSecurityException {
    Signature signature = Signature.getInstance(algorithm);
    signature.initVerify(key);
    return signature;
  }

  /** What a provider makes of it; that it is no signature at all counts as false. */
  private static boolean holds(Signature signature, PublicKey key, byte[] text, byte[] signed)
      throws GeneralSecurityException {
    signature.initVerify(key);
    signature.update(text);
    try {
      return signature.verify(signed);
    } catch (SignatureException e) {
      return false;
    }
  }

  private static boolean ours(String algorithm, PublicKey key, byte[] text, byte[] signed)
      throws GeneralSecurityException {
    return holds(Signature.getInstance(algorithm, QuickSignatures.NAME), key, text, signed);
  }

  @Test
  void isAskedFirstAboutBothCurvesAndSignsNothing() throws GeneralSecurityException {
    for (String curve : CURVES) {
      KeyPair pair = pair(curve);
      for (String algorithm : ALGORITHMS) {
        assertEquals(
            QuickSignatures.NAME, checker(algorithm, pair.getPublic()).getProvider().getName());
        byte[] signed = sign(algorithm, pair, TEXT);
        assertTrue(holds(Signature.getInstance(algorithm), pair.getPublic(), TEXT, signed));
      }
    }
  }

  @Test
  void leavesOtherCurvesHashesAndKindsOfKeysToTheJdk() throws GeneralSecurityException {
    KeyPair large = pair("secp521r1");
    assertEquals("SunEC", checker("SHA256withECDSA", large.getPublic()).getProvider().getName());
    assertEquals(
        "SunEC", checker("SHA512withECDSA", pair("secp256r1").getPublic()).getProvider().getName());
    assertThrows(
        InvalidKeyException.class,
        () ->
            Signature.getInstance("SHA256withECDSA", QuickSignatures.NAME)
                .initVerify(large.getPublic()));
    byte[] signed = sign("SHA256withECDSA", large, TEXT);
    assertTrue(holds(Signature.getInstance("SHA256withECDSA"), large.getPublic(), TEXT, signed));
    KeyPair rsa = KeyPairGenerator.getInstance("RSA").generateKeyPair();
    assertThrows(InvalidKeyException.class, () -> checker("SHA256withECDSA", rsa.getPublic()));
  }

  @Test
  void agreesWithTheJdkOnGoodAndSpoiltSignatures() throws GeneralSecurityException {
    Random random = new Random(1230);
    for (String curve : CURVES) {
      KeyPair pair = pair(curve);
      PublicKey other = pair(curve).getPublic();
      for (String algorithm : ALGORITHMS) {
        Signature jdk = Signature.getInstance(algorithm, "SunEC");
        for (int i = 0; i < 40; i++) {
          byte[] text = new byte[random.nextInt(300)];
          random.nextBytes(text);
          byte[] signed = sign(algorithm, pair, text);
          assertTrue(ours(algorithm, pair.getPublic(), text, signed));
          assertTrue(ours(algorithm, pair.getPublic(), text, signed), "from memory");
          assertFalse(ours(algorithm, other, text, signed));
          byte[] spoilt = signed.clone();
          spoilt[random.nextInt(spoilt.length)] ^= (byte) (1 << random.nextInt(8));
          assertEquals(
              holds(jdk, pair.getPublic(), text, spoilt),
              ours(algorithm, pair.getPublic(), text, spoilt));
          if (text.length > 0) {
            text[random.nextInt(text.length)] ^= 1;
            assertFalse(ours(algorithm, pair.getPublic(), text, signed));
          }
        }
      }
    }
  }

  @Test
  void whatHeldForOneHashOrKeyIsNotRememberedForAnother() throws GeneralSecurityException {
    KeyPair pair = pair("secp256r1");
    byte[] signed = sign("SHA256withECDSA", pair, TEXT);
    assertTrue(ours("SHA256withECDSA", pair.getPublic(), TEXT, signed));
    assertFalse(ours("SHA384withECDSA", pair.getPublic(), TEXT, signed));
    assertFalse(ours("SHA256withECDSA", pair("secp256r1").getPublic(), TEXT, signed));
  }

  /** FIPS 186-5 6.4.2 step 1: neither number may be zero or reach the order. */
  @Test
  void takesNoNumbersOutOfRange() throws GeneralSecurityException {
    for (String curve : CURVES) {
      ECPublicKey key = (ECPublicKey) pair(curve).getPublic();
      BigInteger n = key.getParams().getOrder();
      List<BigInteger> numbers =
          List.of(
              BigInteger.ZERO,
              BigInteger.ONE,
              n.subtract(BigInteger.ONE),
              n,
              n.add(BigInteger.ONE),
              BigInteger.ONE.negate(),
              n.shiftLeft(9));
      for (BigInteger r : numbers) {
        for (BigInteger s : numbers) {
          assertFalse(ours("SHA256withECDSA", key, TEXT, der(r, s)), r + " " + s);
        }
      }
    }
  }

  @Test
  void takesNoOtherEncodingOfTheSameNumbers() throws GeneralSecurityException {
    KeyPair pair = pair("secp256r1");
    byte[] signed = sign("SHA256withECDSA", pair, TEXT);
    byte[] longer = java.util.Arrays.copyOf(signed, signed.length + 1);
    byte[] shorter = java.util.Arrays.copyOf(signed, signed.length - 1);
    byte[] longForm = new byte[signed.length + 1];
    longForm[0] = signed[0];
    longForm[1] = (byte) 0x81;
    System.arraycopy(signed, 1, longForm, 2, signed.length - 1);
    for (byte[] bad : List.of(longer, shorter, longForm, new byte[0], new byte[] {0x30})) {
      assertFalse(ours("SHA256withECDSA", pair.getPublic(), TEXT, bad));
    }
    assertTrue(ours("SHA256withECDSA", pair.getPublic(), TEXT, signed));
  }

  /** CVE-2020-0601: a generator of one's own makes a private key for anybody's public one. */
  @Test
  void hasNothingToDoWithAGeneratorOfOnesOwn() throws GeneralSecurityException {
    ECPublicKey key = (ECPublicKey) pair("secp256r1").getPublic();
    ECParameterSpec own =
        new ECParameterSpec(key.getParams().getCurve(), key.getW(), key.getParams().getOrder(), 1);
    ECPublicKey forged = new Forged(own, key.getW());
    assertThrows(
        InvalidKeyException.class,
        () -> Signature.getInstance("SHA256withECDSA", QuickSignatures.NAME).initVerify(forged));
  }

  @Test
  void aPointThatIsNotOnTheCurveVerifiesNothing() throws GeneralSecurityException {
    KeyPair pair = pair("secp256r1");
    ECPublicKey key = (ECPublicKey) pair.getPublic();
    byte[] signed = sign("SHA256withECDSA", pair, TEXT);
    ECPoint w = key.getW();
    for (ECPoint point :
        List.of(
            new ECPoint(w.getAffineX(), w.getAffineY().add(BigInteger.ONE)),
            new ECPoint(BigInteger.ZERO, BigInteger.ZERO),
            new ECPoint(w.getAffineX().shiftLeft(300), w.getAffineY()),
            ECPoint.POINT_INFINITY)) {
      PublicKey forged = new Forged(key.getParams(), point);
      assertThrows(InvalidKeyException.class, () -> ours("SHA256withECDSA", forged, TEXT, signed));
    }
  }

  private record Forged(ECParameterSpec params, ECPoint w) implements ECPublicKey {
    @Override
    public ECPoint getW() {
      return w;
    }

    @Override
    public ECParameterSpec getParams() {
      return params;
    }

    @Override
    public String getAlgorithm() {
      return "EC";
    }

    @Override
    public String getFormat() {
      return "none";
    }

    @Override
    public byte[] getEncoded() {
      return new byte[0];
    }
  }

  private static byte[] der(BigInteger r, BigInteger s) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (BigInteger number : List.of(r, s)) {
      byte[] octets = number.toByteArray();
      body.write(2);
      body.write(octets.length);
      body.writeBytes(octets);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0x30);
    out.write(body.size());
    out.writeBytes(body.toByteArray());
    return out.toByteArray();
  }
}
