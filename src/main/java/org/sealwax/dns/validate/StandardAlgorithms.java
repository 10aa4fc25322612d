package org.sealwax.dns.validate;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import org.sealwax.tls.RawVerifier;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;

/** RSA by the JDK; ECDSA and EdDSA by Bouncy Castle (RFC 8624 section 3.1). */
final class StandardAlgorithms implements Algorithms {
  /** RFC 3110 section 2, RFC 5702 section 2.1: 512 to 4096 bits. */
  private static final int MAX_RSA_BITS = 4096;

  /** Common exponents have 2 or 17 bits; longer ones only make the verifier work. */
  private static final int MAX_EXPONENT_BITS = 64;

  @Override
  public boolean isSupported(int algorithm) {
    return switch (algorithm) {
      case DNSSEC.Algorithm.RSASHA1,
          DNSSEC.Algorithm.RSA_NSEC3_SHA1,
          DNSSEC.Algorithm.RSASHA256,
          DNSSEC.Algorithm.RSASHA512,
          DNSSEC.Algorithm.ECDSAP256SHA256,
          DNSSEC.Algorithm.ECDSAP384SHA384,
          DNSSEC.Algorithm.ED25519,
          DNSSEC.Algorithm.ED448 ->
          true;
      default -> false;
    };
  }

  @Override
  public boolean verifies(DNSKEYRecord key, byte[] signed, byte[] signature) {
    byte[] raw = key.getKey();
    return switch (key.getAlgorithm()) {
      case DNSSEC.Algorithm.RSASHA1, DNSSEC.Algorithm.RSA_NSEC3_SHA1 ->
          rsa("SHA1withRSA", raw, signed, signature);
      case DNSSEC.Algorithm.RSASHA256 -> rsa("SHA256withRSA", raw, signed, signature);
      case DNSSEC.Algorithm.RSASHA512 -> rsa("SHA512withRSA", raw, signed, signature);
      case DNSSEC.Algorithm.ECDSAP256SHA256 ->
          RawVerifier.ecdsa(
              RawVerifier.Curve.P256, raw, Digests.of("SHA-256").digest(signed), signature);
      case DNSSEC.Algorithm.ECDSAP384SHA384 ->
          RawVerifier.ecdsa(
              RawVerifier.Curve.P384, raw, Digests.of("SHA-384").digest(signed), signature);
      case DNSSEC.Algorithm.ED25519 -> RawVerifier.ed25519(raw, signed, signature);
      case DNSSEC.Algorithm.ED448 -> RawVerifier.ed448(raw, signed, signature);
      default -> false;
    };
  }

  /** RFC 3110 section 2: length of the exponent in one or three octets, exponent, modulus. */
  private static boolean rsa(String algorithm, byte[] key, byte[] signed, byte[] signature) {
    if (key.length < 3) {
      return false;
    }
    int at = key[0] == 0 ? 3 : 1;
    int length = key[0] == 0 ? (key[1] & 0xff) << 8 | key[2] & 0xff : key[0] & 0xff;
    if (length == 0 || at + length >= key.length) {
      return false;
    }
    BigInteger exponent = new BigInteger(1, Arrays.copyOfRange(key, at, at + length));
    BigInteger modulus = new BigInteger(1, Arrays.copyOfRange(key, at + length, key.length));
    if (exponent.bitLength() > MAX_EXPONENT_BITS || modulus.bitLength() > MAX_RSA_BITS) {
      return false;
    }
    try {
      PublicKey made =
          KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(modulus, exponent));
      Signature check = Signature.getInstance(algorithm);
      check.initVerify(made);
      check.update(signed);
      return check.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
