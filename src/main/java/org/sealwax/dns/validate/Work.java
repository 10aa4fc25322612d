package org.sealwax.dns.validate;

/**
 * Bounds on the work for one question, all its aliases included. Crafted zones make validators
 * compute for minutes (CVE-2023-50387 "KeyTrap": many keys with one tag, each tried against many
 * signatures; CVE-2023-50868: many NSEC3 hashes of many iterations).
 */
final class Work {
  /** Signature verifications. A cold question with aliases through three zones needs about 20. */
  static final int MAX_CHECKS = 100;

  /** Digests of DS records and NSEC3 hashes, iterations included: about 10 ms. */
  static final int MAX_HASHES = 20_000;

  /** Records of one set: more do not fit in an honest message. Sets are sorted and compared. */
  static final int MAX_RECORDS = 250;

  /** Thrown at a bound; caught by {@link Validator#judge}. */
  static final class Exhausted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Exhausted(String bound) {
      super(bound, null, false, false);
    }
  }

  private int checks;
  private int hashes;

  /** Takes one signature verification. */
  void check() {
    if (++checks > MAX_CHECKS) {
      throw new Exhausted("more than " + MAX_CHECKS + " signatures to verify for one question");
    }
  }

  /** Takes one hash, and its iterations. */
  void hash(int iterations) {
    hashes += iterations + 1;
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
