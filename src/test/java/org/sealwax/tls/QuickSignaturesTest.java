package org.sealwax.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.List;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DERSequence;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Our verifier beside the JDK's: the same keys, the same verdicts, and old tricks. */
final class QuickSignaturesTest {
  private static final byte[] TEXT = "what was signed".getBytes(StandardCharsets.US_ASCII);
  private static final String OURS = "SealwaxQuickSignatures";

  private record Row(String keys, String curve, String algorithm, boolean ours) {}

  private static final List<Row> ROWS =
      List.of(
          new Row("EC", "secp256r1", "SHA256withECDSA", true),
          new Row("EC", "secp256r1", "SHA384withECDSA", true),
          new Row("EC", "secp384r1", "SHA384withECDSA", true),
          new Row("EC", "secp384r1", "SHA256withECDSA", true),
          new Row("Ed25519", "", "Ed25519", true),
          // Left to the JDK.
          new Row("EC", "secp521r1", "SHA256withECDSA", false),
          new Row("EC", "secp256r1", "SHA512withECDSA", false),
          new Row("EC", "secp256r1", "SHA1withECDSA", false),
          new Row("Ed448", "", "Ed448", false),
          new Row("RSA", "", "SHA256withRSA", false));

  @BeforeAll
  static void install() {
    TlsRoom.beforeAnything();
    TlsRoom.beforeAnything();
  }

  private static KeyPair keys(Row row) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(row.keys());
    if (!row.curve().isEmpty()) {
      generator.initialize(new ECGenParameterSpec(row.curve()));
    }
    return generator.generateKeyPair();
  }

  private static boolean verifies(String algorithm, PublicKey key, byte[] text, byte[] signature)
      throws Exception {
    Signature verifier = Signature.getInstance(algorithm);
    verifier.initVerify(key);
    verifier.update(text);
    return verifier.verify(signature);
  }

  @Test
  void whatTheJdkSignsIsVerifiedAndNothingElse() throws Exception {
    for (Row row : ROWS) {
      KeyPair pair = keys(row);
      Signature signer = Signature.getInstance(row.algorithm());
      signer.initSign(pair.getPrivate());
      assertFalse(signer.getProvider().getName().equals(OURS), "it cannot sign");
      signer.update(TEXT);
      byte[] signature = signer.sign();
      Signature verifier = Signature.getInstance(row.algorithm());
      verifier.initVerify(pair.getPublic());
      assertEquals(row.ours(), verifier.getProvider().getName().equals(OURS), row.toString());
      for (int again = 0; again < 2; again++) {
        // In pieces, twice with one object.
        verifier.update(TEXT[0]);
        verifier.update(TEXT, 1, TEXT.length - 1);
        assertTrue(verifier.verify(signature), row.toString());
      }
      byte[] other = TEXT.clone();
      other[3] ^= 1;
      assertFalse(verifies(row.algorithm(), pair.getPublic(), other, signature), row.toString());
      assertFalse(
          verifies(row.algorithm(), keys(row).getPublic(), TEXT, signature), row.toString());
    }
  }

  /** What was right once is remembered, and only for exactly that. */
  @Test
  void aSignatureThatWasRightIsRightForNothingElse() throws Exception {
    for (Row row : ROWS.subList(0, 5)) {
      KeyPair pair = keys(row);
      Signature signer = Signature.getInstance(row.algorithm());
      signer.initSign(pair.getPrivate());
      signer.update(TEXT);
      byte[] signature = signer.sign();
      for (int again = 0; again < 2; again++) {
        assertTrue(verifies(row.algorithm(), pair.getPublic(), TEXT, signature), row.toString());
        for (int i = 0; i < signature.length; i += 5) {
          byte[] spoiled = signature.clone();
          spoiled[i] ^= 4;
          boolean good;
          try {
            good = verifies(row.algorithm(), pair.getPublic(), TEXT, spoiled);
          } catch (SignatureException e) {
            good = false;
          }
          assertFalse(good, row + " at " + i);
        }
        assertFalse(
            verifies(row.algorithm(), keys(row).getPublic(), TEXT, signature), row.toString());
        assertFalse(
            verifies(row.algorithm(), pair.getPublic(), signature, signature), row.toString());
      }
    }
  }

  private static byte[] pair(BigInteger r, BigInteger s) throws Exception {
    ASN1EncodableVector both = new ASN1EncodableVector();
    both.add(new ASN1Integer(r));
    both.add(new ASN1Integer(s));
    return new DERSequence(both).getEncoded();
  }

  /** CVE-2022-21449 and its kin: numbers outside of 1 to n-1 prove nothing. */
  @Test
  void numbersOutsideOfTheOrderProveNothing() throws Exception {
    ECPublicKey key =
        (ECPublicKey) keys(new Row("EC", "secp256r1", "SHA256withECDSA", true)).getPublic();
    BigInteger n = key.getParams().getOrder();
    for (BigInteger r : List.of(BigInteger.ZERO, BigInteger.ONE, n, n.negate(), n.add(n))) {
      for (BigInteger s : List.of(BigInteger.ZERO, n, BigInteger.ONE.negate())) {
        byte[] signature = pair(r, s);
        boolean good;
        try {
          good = verifies("SHA256withECDSA", key, TEXT, signature);
        } catch (SignatureException e) {
          good = false;
        }
        assertFalse(good, r + " " + s);
      }
    }
    for (byte[] noise : List.of(new byte[0], new byte[] {0x30}, new byte[70])) {
      assertThrows(SignatureException.class, () -> verifies("SHA256withECDSA", key, TEXT, noise));
    }
  }

  @Test
  void aPointBesideTheCurveVerifiesNothing() throws Exception {
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec("secp256r1"));
    PublicKey beside =
        KeyFactory.getInstance("EC")
            .generatePublic(
                new ECPublicKeySpec(
                    new ECPoint(BigInteger.TWO, BigInteger.TEN),
                    parameters.getParameterSpec(ECParameterSpec.class)));
    KeyPair other = keys(new Row("EC", "secp256r1", "SHA256withECDSA", true));
    Signature signer = Signature.getInstance("SHA256withECDSA");
    signer.initSign(other.getPrivate());
    signer.update(TEXT);
    byte[] signature = signer.sign();
    boolean good;
    try {
      good = verifies("SHA256withECDSA", beside, TEXT, signature);
    } catch (java.security.GeneralSecurityException e) {
      good = false;
    }
    assertFalse(good);
  }

  /** RFC 8032 7.1, test 3. */
  @Test
  void theVectorOfTheStandardHolds() throws Exception {
    String key = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
    String signature =
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";
    java.util.HexFormat hex = java.util.HexFormat.of();
    PublicKey open =
        KeyFactory.getInstance("Ed25519")
            .generatePublic(
                new java.security.spec.X509EncodedKeySpec(
                    hex.parseHex("302a300506032b6570032100" + key)));
    assertEquals("EdDSA", open.getAlgorithm());
    assertEquals(NamedParameterSpec.ED25519.getName(), "Ed25519");
    byte[] text = hex.parseHex("af82");
    assertTrue(verifies("Ed25519", open, text, hex.parseHex(signature)));
    text[0]++;
    assertFalse(verifies("Ed25519", open, text, hex.parseHex(signature)));
  }
}
