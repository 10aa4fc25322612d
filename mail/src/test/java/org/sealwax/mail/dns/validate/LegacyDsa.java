package org.sealwax.mail.dns.validate;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.util.Arrays;
import org.bouncycastle.crypto.signers.StandardDSAEncoding;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;

/**
 * DSA next tos the standard algorithms: most of the recorded zones are signed with it (RFC 2536).
 */
final class LegacyDsa implements Algorithms {
  private static final int PART = 20;
  private static final int DER_SEQUENCE = 0x30;
  private final Algorithms standard = new StandardAlgorithms();

  @Override
  public boolean isSupported(int algorithm) {
    return isDsa(algorithm) || standard.isSupported(algorithm);
  }

  private static boolean isDsa(int algorithm) {
    return algorithm == DNSSEC.Algorithm.DSA || algorithm == DNSSEC.Algorithm.DSA_NSEC3_SHA1;
  }

  @Override
  public boolean verifies(DNSKEYRecord key, byte[] signed, byte[] signature) {
    if (!isDsa(key.getAlgorithm())) {
      return standard.verifies(key, signed, signature);
    }
    try {
      Signature check = Signature.getInstance("SHA1withDSA");
      check.initVerify(key.getPublicKey());
      check.update(signed);
      if (signature[0] == DER_SEQUENCE) {
        // As an old signer wrote most of them.
        return check.verify(signature);
      }
      if (signature.length != 1 + 2 * PART) {
        return false;
      }
      BigInteger order = BigInteger.ONE.shiftLeft(8 * PART);
      return check.verify(
          StandardDSAEncoding.INSTANCE.encode(
              order,
              new BigInteger(1, Arrays.copyOfRange(signature, 1, 1 + PART)),
              new BigInteger(1, Arrays.copyOfRange(signature, 1 + PART, 1 + 2 * PART))));
    } catch (GeneralSecurityException | DNSSEC.DNSSECException | java.io.IOException e) {
      return false;
    }
  }
}
