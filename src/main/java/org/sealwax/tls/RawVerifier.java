package org.sealwax.tls;

import java.math.BigInteger;
import java.util.Arrays;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.bouncycastle.math.ec.rfc8032.Ed448;

/**
 * Verifies ECDSA and EdDSA signatures over keys in their raw form, as DNSSEC writes them, with
 * Bouncy Castle's arithmetic: a tenth of what the JDK's takes while only the first compiler works
 * (ADR 0800). Never throws: a key or a signature of the wrong form does not verify. Knows no
 * secret.
 */
public final class RawVerifier {
  /** Leading octet of an uncompressed point (SEC 1 2.3.3). */
  private static final int UNCOMPRESSED = 4;

  /** A curve for ECDSA (FIPS 186-5); its parameters are loaded at first use. */
  public enum Curve {
    P256("P-256"),
    P384("P-384");

    private final String curveName;

    Curve(String curveName) {
      this.curveName = curveName;
    }

    private ECDomainParameters parameters() {
      return switch (this) {
        case P256 -> P256Parameters.VALUE;
        case P384 -> P384Parameters.VALUE;
      };
    }

    private ECDomainParameters load() {
      X9ECParameters found = CustomNamedCurves.getByName(curveName);
      return new ECDomainParameters(found.getCurve(), found.getG(), found.getN(), found.getH());
    }
  }

  private static final class P256Parameters {
    static final ECDomainParameters VALUE = Curve.P256.load();
  }

  private static final class P384Parameters {
    static final ECDomainParameters VALUE = Curve.P384.load();
  }

  private RawVerifier() {}

  /**
   * FIPS 186-5 6.4.2, in the form of RFC 6605 section 4.
   *
   * @param key x and y, each as long as the curve's field
   * @param hash of what was signed
   * @param signature r and s, each as long as the curve's field
   */
  public static boolean ecdsa(Curve curve, byte[] key, byte[] hash, byte[] signature) {
    ECDomainParameters parameters = curve.parameters();
    int length = (parameters.getCurve().getFieldSize() + 7) / 8;
    if (key.length != 2 * length || signature.length != 2 * length) {
      return false;
    }
    byte[] point = new byte[1 + key.length];
    point[0] = UNCOMPRESSED;
    System.arraycopy(key, 0, point, 1, key.length);
    try {
      ECDSASigner signer = new ECDSASigner();
      signer.init(
          false, new ECPublicKeyParameters(parameters.getCurve().decodePoint(point), parameters));
      return signer.verifySignature(
          hash,
          new BigInteger(1, Arrays.copyOf(signature, length)),
          new BigInteger(1, Arrays.copyOfRange(signature, length, 2 * length)));
    } catch (IllegalArgumentException e) {
      // Not on the curve, or infinity.
      return false;
    }
  }

  /** RFC 8032 5.1.7, in the form of RFC 8080 section 3. */
  public static boolean ed25519(byte[] key, byte[] message, byte[] signature) {
    return key.length == Ed25519.PUBLIC_KEY_SIZE
        && signature.length == Ed25519.SIGNATURE_SIZE
        && Ed25519.verify(signature, 0, key, 0, message, 0, message.length);
  }

  /** RFC 8032 5.2.7, in the form of RFC 8080 section 3. */
  public static boolean ed448(byte[] key, byte[] message, byte[] signature) {
    return key.length == Ed448.PUBLIC_KEY_SIZE
        && signature.length == Ed448.SIGNATURE_SIZE
        && Ed448.verify(signature, 0, key, 0, new byte[0], message, 0, message.length);
  }
}
