package org.sealwax.assess.tlsclient;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.tls.CertificateType;
import org.bouncycastle.tls.SignatureAlgorithm;
import org.bouncycastle.tls.TlsFatalAlert;
import org.junit.jupiter.api.Test;

/** Keys that a server made up to keep us busy, next to those that are only odd. */
final class ScanTlsCryptoTest {
  private static BigInteger bits(int count) {
    return BigInteger.ONE.shiftLeft(count).subtract(BigInteger.valueOf(3));
  }

  private static byte[] certificate(BigInteger modulus, BigInteger exponent) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair signer = generator.generateKeyPair();
    X500Name name = new X500Name("CN=mx.example");
    return new X509v3CertificateBuilder(
            name,
            BigInteger.ONE,
            Date.from(Instant.EPOCH),
            Date.from(Instant.EPOCH.plusSeconds(9_999_999_999L)),
            name,
            new SubjectPublicKeyInfo(
                new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
                new RSAPublicKey(modulus, exponent)))
        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer.getPrivate()))
        .getEncoded();
  }

  private static void inspect(int modulus, int exponent) throws Exception {
    new ScanTlsCrypto()
        .createCertificate(CertificateType.X509, certificate(bits(modulus), bits(exponent)))
        .createVerifier(SignatureAlgorithm.rsa);
  }

  @Test
  void keysThatOtherClientsAcceptAreAccepted() {
    // None of these moduli is a product of two primes; the library itself refuses three as a
    // factor.
    for (List<Integer> row :
        List.of(
            List.of(512, 17),
            List.of(2_048, 17),
            List.of(ScanTlsCrypto.SMALL_MODULUS, ScanTlsCrypto.SMALL_MODULUS),
            List.of(ScanTlsCrypto.MAX_MODULUS, ScanTlsCrypto.MAX_EXPONENT))) {
      assertDoesNotThrow(() -> inspect(row.getFirst(), row.getLast()), row.toString());
    }
  }

  @Test
  void expensiveKeysAreRejectedBeforeAnyComputation() {
    for (List<Integer> row :
        List.of(
            List.of(ScanTlsCrypto.MAX_MODULUS + 1, 17),
            List.of(1_000_000, 1_000_000),
            List.of(ScanTlsCrypto.SMALL_MODULUS, ScanTlsCrypto.SMALL_MODULUS + 1),
            List.of(ScanTlsCrypto.SMALL_MODULUS + 1, ScanTlsCrypto.MAX_EXPONENT + 1))) {
      IOException refused =
          assertThrows(TlsFatalAlert.class, () -> inspect(row.getFirst(), row.getLast()));
      assertTrue(refused.toString().contains(row.getFirst() + " bits"), refused.toString());
    }
  }
}
