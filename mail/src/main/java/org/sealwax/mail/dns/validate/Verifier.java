package org.sealwax.mail.dns.validate;

import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;

/**
 * Computes signatures and digests for one question, all its aliases included, within bounds.
 * Crafted zones make validators compute for minutes (CVE-2023-50387 "KeyTrap": many keys with one
 * tag, each tried against many signatures; CVE-2023-50868: many NSEC3 hashes of many iterations).
 */
final class Verifier {
  /** Signature verifications. A cold question with aliases through three zones needs about 20. */
  static final int MAX_CHECKS = 100;

  /** Digests of DS records and NSEC3 hashes, iterations included: about 10 ms. */
  static final int MAX_HASHES = 20_000;

  /** Records of one set: more do not fit in a normal message. Sets are sorted and compared. */
  static final int MAX_RECORDS = 250;

  /** RFC 4034 A.2, RFC 4509, RFC 6605 section 2. */
  private static final Set<Integer> DIGESTS =
      Set.of(DNSSEC.Digest.SHA1, DNSSEC.Digest.SHA256, DNSSEC.Digest.SHA384);

  /** Thrown at a bound; caught by {@link DnssecValidator#judge}. */
  static final class Exhausted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Exhausted(String bound) {
      super(bound, null, false, false);
    }
  }

  private final Algorithms algorithms;
  private final Instant now;
  private int checks;
  private int hashes;

  Verifier(Algorithms algorithms, Instant now) {
    this.algorithms = algorithms;
    this.now = now;
  }

  /** The time that signatures must be valid at. */
  Instant now() {
    return now;
  }

  /** Whether signatures of the key could be verified. */
  boolean isSupported(DNSKEYRecord key) {
    return algorithms.isSupported(key.getAlgorithm());
  }

  /** Whether a key that the DS record names could be found and used. */
  boolean isSupported(DSRecord ds) {
    return algorithms.isSupported(ds.getAlgorithm()) && DIGESTS.contains(ds.getDigestID());
  }

  /** Whether one of the keys verifies the signature; its times and names are not checked. */
  boolean verifies(List<DNSKEYRecord> keys, RRset set, RRSIGRecord sig) {
    for (DNSKEYRecord key : keys) {
      if (key.getAlgorithm() == sig.getAlgorithm()
          && isSupported(key)
          && key.getFootprint() == sig.getFootprint()) {
        if (++checks > MAX_CHECKS) {
          throw new Exhausted("more than " + MAX_CHECKS + " signatures to verify for one question");
        }
        if (algorithms.verifies(key, DNSSEC.digestRRset(sig, set), sig.getSignature())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether a DS record of a supported digest type is that of the key (RFC 4034 5.1.4). */
  boolean matches(DSRecord ds, DNSKEYRecord key) {
    if (ds.getFootprint() != key.getFootprint() || ds.getAlgorithm() != key.getAlgorithm()) {
      return false;
    }
    takeHashes(1);
    DSRecord made = new DSRecord(key.getName(), DClass.IN, 0, ds.getDigestID(), key);
    return Arrays.equals(ds.getDigest(), made.getDigest());
  }

  /** The hash of a name with the parameters of a record (RFC 5155 section 5). */
  byte[] hash(NSEC3Record parameters, Name name) {
    takeHashes(parameters.getIterations() + 1);
    try {
      return parameters.hashName(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  private void takeHashes(int count) {
    hashes += count;
    if (hashes > MAX_HASHES) {
      throw new Exhausted("more than " + MAX_HASHES + " hashes for one question");
    }
  }

  /** Checks the size of one set. */
  static void records(int count) {
    if (count > MAX_RECORDS) {
      throw new Exhausted("more than " + MAX_RECORDS + " records in one set");
    }
  }
}
