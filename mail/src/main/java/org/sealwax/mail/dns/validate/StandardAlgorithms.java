package org.sealwax.mail.dns.validate;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.RawVerifier;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;

/** What a validator must verify, and ED448 (RFC 8624 section 3.1). */
final class StandardAlgorithms implements Algorithms {
  private static final Map<Integer, RawVerifier> VERIFIERS =
      Map.of(
          DNSSEC.Algorithm.RSASHA1, RawVerifier.RSA_SHA1,
          DNSSEC.Algorithm.RSA_NSEC3_SHA1, RawVerifier.RSA_SHA1,
          DNSSEC.Algorithm.RSASHA256, RawVerifier.RSA_SHA256,
          DNSSEC.Algorithm.RSASHA512, RawVerifier.RSA_SHA512,
          DNSSEC.Algorithm.ECDSAP256SHA256, RawVerifier.ECDSA_P256,
          DNSSEC.Algorithm.ECDSAP384SHA384, RawVerifier.ECDSA_P384,
          DNSSEC.Algorithm.ED25519, RawVerifier.ED25519,
          DNSSEC.Algorithm.ED448, RawVerifier.ED448);

  @Override
  public boolean isSupported(int algorithm) {
    return VERIFIERS.containsKey(algorithm);
  }

  @Override
  public boolean verifies(DNSKEYRecord key, byte[] signed, byte[] signature) {
    @Nullable RawVerifier verifier = VERIFIERS.get(key.getAlgorithm());
    return verifier != null && verifier.verifies(key.getKey(), signed, signature);
  }
}
