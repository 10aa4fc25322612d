package org.sealwax.mail.tls;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.CipherParameters;
import org.bouncycastle.crypto.Signer;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.params.Ed448PublicKeyParameters;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.crypto.signers.DSADigestSigner;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.bouncycastle.crypto.signers.Ed448Signer;
import org.bouncycastle.crypto.signers.PlainDSAEncoding;
import org.bouncycastle.crypto.signers.RSADigestSigner;
import org.bouncycastle.crypto.util.DigestFactory;

/**
 * Verifies signatures over keys in their raw form, as DNSSEC writes them, with Bouncy Castle's
 * arithmetic: for ECDSA a tenth of what the JDK's takes while only the first compiler works (ADR
 * 0039). Knows no secret.
 */
@SuppressWarnings("ImmutableEnumChecker") // its functions have no state
public enum RawVerifier {
  /** RFC 3110 section 3. */
  RSA_SHA1(() -> new RSADigestSigner(DigestFactory.createSHA1()), RawVerifier::rsa),
  /** RFC 5702 section 3.1. */
  RSA_SHA256(() -> new RSADigestSigner(DigestFactory.createSHA256()), RawVerifier::rsa),
  /** RFC 5702 section 3.2. */
  RSA_SHA512(() -> new RSADigestSigner(DigestFactory.createSHA512()), RawVerifier::rsa),
  /** RFC 6605 section 4: x and y in the key, r and s in the signature. */
  ECDSA_P256(
      () ->
          new DSADigestSigner(
              new ECDSASigner(), DigestFactory.createSHA256(), PlainDSAEncoding.INSTANCE),
      key -> point("P-256", key)),
  /** The same with P-384. */
  ECDSA_P384(
      () ->
          new DSADigestSigner(
              new ECDSASigner(), DigestFactory.createSHA384(), PlainDSAEncoding.INSTANCE),
      key -> point("P-384", key)),
  /** RFC 8080 section 3, RFC 8032 5.1.7. */
  ED25519(Ed25519Signer::new, Ed25519PublicKeyParameters::new),
  /** RFC 8080 section 3, RFC 8032 5.2.7. */
  ED448(() -> new Ed448Signer(new byte[0]), Ed448PublicKeyParameters::new);

  /** RFC 3110 section 2, RFC 5702 section 2.1. */
  private static final int MIN_RSA_BITS = 512;

  private static final int MAX_RSA_BITS = 4096;

  /** Common exponents have 2 or 17 bits; longer ones only make the verifier work. */
  private static final int MAX_EXPONENT_BITS = 64;

  private final Supplier<Signer> signer;
  private final Function<byte[], CipherParameters> form;

  RawVerifier(Supplier<Signer> signer, Function<byte[], CipherParameters> form) {
    this.signer = signer;
    this.form = form;
  }

  /**
   * {@return whether the signature holds; false for a key or a signature of the wrong form}
   *
   * @param key the public key in its raw form
   * @param message the signed bytes
   * @param signature the signature
   */
  public boolean verifies(byte[] key, byte[] message, byte[] signature) {
    try {
      Signer check = signer.get();
      check.init(false, form.apply(key));
      check.update(message, 0, message.length);
      return check.verifySignature(signature);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** RFC 3110 section 2: length of the exponent in one or three bytes, exponent, modulus. */
  private static CipherParameters rsa(byte[] key) {
    if (key.length < 3) {
      throw new IllegalArgumentException("too short");
    }
    int at = key[0] == 0 ? 3 : 1;
    int end = at + (key[0] == 0 ? (key[1] & 0xff) << 8 | key[2] & 0xff : key[0] & 0xff);
    if (end >= key.length) {
      throw new IllegalArgumentException("no modulus");
    }
    BigInteger exponent = new BigInteger(1, Arrays.copyOfRange(key, at, end));
    BigInteger modulus = new BigInteger(1, Arrays.copyOfRange(key, end, key.length));
    if (exponent.bitLength() > MAX_EXPONENT_BITS
        || modulus.bitLength() < MIN_RSA_BITS
        || modulus.bitLength() > MAX_RSA_BITS) {
      throw new IllegalArgumentException("out of bounds");
    }
    // Without a search for factors of the modulus, which takes longer than the verification.
    return new RSAKeyParameters(false, modulus, exponent, true);
  }

  /** An uncompressed point (SEC 1 2.3.3) without its leading byte. */
  private static CipherParameters point(String curve, byte[] key) {
    X9ECParameters parameters = CustomNamedCurves.getByName(curve);
    byte[] point = new byte[1 + key.length];
    point[0] = 4;
    System.arraycopy(key, 0, point, 1, key.length);
    return new ECPublicKeyParameters(
        parameters.getCurve().decodePoint(point), new ECDomainParameters(parameters));
  }
}
