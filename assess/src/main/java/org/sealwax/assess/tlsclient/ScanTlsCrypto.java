package org.sealwax.assess.tlsclient;

import java.io.IOException;
import java.math.BigInteger;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.RSAKeyParameters;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.CertificateType;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsNonceGenerator;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCertificate;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.jspecify.annotations.Nullable;

/** The library's cryptography, with three habits changed. One connection. */
final class ScanTlsCrypto extends BcTlsCrypto {
  /** id-pe-tlsfeature (RFC 7633 6). */
  private static final String TLS_FEATURE = "1.3.6.1.5.5.7.1.24";

  /** Bits of an RSA modulus at most, as in OpenSSL: one operation with it takes 20 ms. */
  static final int MAX_MODULUS = 16_384;

  /** Bits of a modulus up to which the exponent may be as long as it, as in OpenSSL. */
  static final int SMALL_MODULUS = 3_072;

  /** Bits of the exponent of a larger one, as in OpenSSL: what a server sends, we compute. */
  static final int MAX_EXPONENT = 64;

  private boolean longest;

  /** From now on records get all the padding that fits. */
  void longestPadding() {
    longest = true;
  }

  /**
   * Four bytes are only asked for to choose how much more padding a record gets than it needs, by
   * how many zero bits they end in.
   */
  @Override
  public TlsNonceGenerator createNonceGenerator(byte[] seed) {
    TlsNonceGenerator honest = super.createNonceGenerator(seed);
    return size -> longest && size == 4 ? new byte[4] : honest.generateNonce(size);
  }

  @Override
  public TlsCertificate createCertificate(short type, byte[] encoding) throws IOException {
    return type == CertificateType.X509
        ? new TolerantCertificate(this, encoding)
        : super.createCertificate(type, encoding);
  }

  private static final class TolerantCertificate extends BcTlsCertificate {
    TolerantCertificate(BcTlsCrypto crypto, byte[] encoding) throws IOException {
      super(crypto, encoding);
    }

    /** A certificate that demands a staple is accepted without one too (RFC 7633). */
    @Override
    public byte @Nullable [] getExtension(ASN1ObjectIdentifier id) throws IOException {
      return id.getId().equals(TLS_FEATURE) ? null : super.getExtension(id);
    }

    /**
     * The library looks for factors of every RSA modulus, which takes longer than the handshake. A
     * scan does not trust the key, so its size is all that matters here.
     */
    @Override
    protected AsymmetricKeyParameter getPublicKey() throws IOException {
      SubjectPublicKeyInfo info = getSubjectPublicKeyInfo();
      if (!info.getAlgorithm().getAlgorithm().equals(PKCSObjectIdentifiers.rsaEncryption)) {
        return super.getPublicKey();
      }
      RSAPublicKey key = RSAPublicKey.getInstance(info.parsePublicKey());
      BigInteger modulus = key.getModulus();
      BigInteger exponent = key.getPublicExponent();
      int most = modulus.bitLength() > SMALL_MODULUS ? MAX_EXPONENT : modulus.bitLength();
      if (modulus.bitLength() > MAX_MODULUS || exponent.bitLength() > most) {
        throw new TlsFatalAlert(
            AlertDescription.unsupported_certificate,
            "an RSA key of "
                + modulus.bitLength()
                + " bits with an exponent of "
                + exponent.bitLength());
      }
      return new RSAKeyParameters(false, modulus, exponent, true);
    }
  }
}
