package org.sealwax.dns.zone;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;

/** The one key of a zone, which signs its keys and its data (ECDSA P-256, RFC 6605). */
final class ZoneKey {
  private static final int ZONE_KEY_AND_ENTRY_POINT = 257;
  private static final int DNSSEC_PROTOCOL = 3;
  private static final long TTL = 3600;

  private final KeyPair pair;
  private final DNSKEYRecord record;

  ZoneKey(Name origin) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      pair = generator.generateKeyPair();
      record =
          new DNSKEYRecord(
              origin,
              DClass.IN,
              TTL,
              ZONE_KEY_AND_ENTRY_POINT,
              DNSSEC_PROTOCOL,
              DNSSEC.Algorithm.ECDSAP256SHA256,
              pair.getPublic());
    } catch (GeneralSecurityException | DNSSEC.DNSSECException e) {
      throw new IllegalStateException("every JDK has ECDSA P-256", e);
    }
  }

  DNSKEYRecord record() {
    return record;
  }

  DSRecord ds() {
    return new DSRecord(record.getName(), DClass.IN, TTL, DNSSEC.Digest.SHA256, record);
  }

  RRSIGRecord sign(RRset set, Instant from, Instant until) {
    try {
      return DNSSEC.sign(set, record, pair.getPrivate(), from, until);
    } catch (DNSSEC.DNSSECException e) {
      throw new IllegalStateException("cannot sign " + set, e);
    }
  }
}
