package org.sealwax.testkit.zone;

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

/** The one key of a zone, which signs its keys and its data. */
final class ZoneKey {
  private static final int ZONE_KEY_AND_ENTRY_POINT = 257;
  private static final int DNSSEC_PROTOCOL = 3;
  private static final long TTL = 3600;

  /** Small, so that keys are made quickly; the lab's signatures need no strength. */
  private static final int RSA_BITS = 1024;

  /** RFC 8624 3.1: unassigned, so that no validator knows it. */
  private static final int UNASSIGNED_ALGORITHM = 200;

  private final KeyPair pair;

  /** What signs: its algorithm is a real one. */
  private final DNSKEYRecord signing;

  /** What is shown. */
  private final DNSKEYRecord record;

  /** Makes one. */
  ZoneKey(Name origin, Zone.Algorithm algorithm, boolean unknown) {
    this(origin, algorithm, unknown, pair(algorithm));
  }

  /** One that is there already. */
  ZoneKey(Name origin, Zone.Algorithm algorithm, boolean unknown, KeyPair pair) {
    this.pair = pair;
    try {
      int number =
          switch (algorithm) {
            case RSA_SHA256 -> DNSSEC.Algorithm.RSASHA256;
            case ECDSA_P256 -> DNSSEC.Algorithm.ECDSAP256SHA256;
            case ECDSA_P384 -> DNSSEC.Algorithm.ECDSAP384SHA384;
            case ED25519 -> DNSSEC.Algorithm.ED25519;
          };
      signing =
          new DNSKEYRecord(
              origin,
              DClass.IN,
              TTL,
              ZONE_KEY_AND_ENTRY_POINT,
              DNSSEC_PROTOCOL,
              number,
              pair.getPublic());
      record =
          unknown
              ? new DNSKEYRecord(
                  origin,
                  DClass.IN,
                  TTL,
                  ZONE_KEY_AND_ENTRY_POINT,
                  DNSSEC_PROTOCOL,
                  UNASSIGNED_ALGORITHM,
                  signing.getKey())
              : signing;
    } catch (DNSSEC.DNSSECException e) {
      throw new IllegalStateException("every JDK has " + algorithm, e);
    }
  }

  private static KeyPair pair(Zone.Algorithm algorithm) {
    try {
      return made(algorithm);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + algorithm, e);
    }
  }

  private static KeyPair made(Zone.Algorithm algorithm) throws GeneralSecurityException {
    KeyPairGenerator generator =
        KeyPairGenerator.getInstance(
            switch (algorithm) {
              case RSA_SHA256 -> "RSA";
              case ECDSA_P256, ECDSA_P384 -> "EC";
              case ED25519 -> "Ed25519";
            });
    switch (algorithm) {
      case RSA_SHA256 -> generator.initialize(RSA_BITS);
      case ECDSA_P256 -> generator.initialize(new ECGenParameterSpec("secp256r1"));
      case ECDSA_P384 -> generator.initialize(new ECGenParameterSpec("secp384r1"));
      case ED25519 -> {}
    }
    return generator.generateKeyPair();
  }

  KeyPair pair() {
    return pair;
  }

  DNSKEYRecord record() {
    return record;
  }

  DSRecord ds() {
    return new DSRecord(record.getName(), DClass.IN, TTL, DNSSEC.Digest.SHA256, record);
  }

  RRSIGRecord sign(RRset set, Instant from, Instant until) {
    try {
      RRSIGRecord made = DNSSEC.sign(set, signing, pair.getPrivate(), from, until);
      return record.equals(signing) ? made : withUnassignedAlgorithm(made);
    } catch (DNSSEC.DNSSECException e) {
      throw new IllegalStateException("cannot sign " + set, e);
    }
  }

  private RRSIGRecord withUnassignedAlgorithm(RRSIGRecord made) {
    return new RRSIGRecord(
        made.getName(),
        made.getDClass(),
        made.getTTL(),
        made.getTypeCovered(),
        record.getAlgorithm(),
        made.getOrigTTL(),
        made.getExpire(),
        made.getTimeSigned(),
        record.getFootprint(),
        made.getSigner(),
        made.getSignature());
  }
}
