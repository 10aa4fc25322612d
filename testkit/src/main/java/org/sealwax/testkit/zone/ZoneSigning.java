package org.sealwax.testkit.zone;

/** How a zone is signed, and the DS state in its parent. */
public enum ZoneSigning {
  /** Unsigned, and the parent proves that there is no DS: INSECURE. */
  NONE,
  /** Signed, with denial by NSEC and a DS in the parent: SECURE. */
  VALID,
  /** As VALID, with denial by NSEC3 (RFC 5155): SECURE. */
  NSEC3,
  /** As NSEC3, with opt-out: unsigned delegations are not in the chain, as in most of the TLDs. */
  NSEC3_OPT_OUT,
  /** As NSEC3, with 500 extra iterations: validators treat it as INSECURE (RFC 9276 3.2). */
  NSEC3_ITERATED,
  /**
   * As NSEC3, but every proof is made for the question and covers nothing but the name asked for
   * (what RFC 4470 does with NSEC): a client cannot list the zone. SECURE.
   */
  WHITE_LIES,
  /**
   * Signed, and announced by a DS, with an unassigned algorithm number: INSECURE (RFC 4035 5.2).
   */
  UNKNOWN_ALGORITHM,
  /** Signed, but the parent has no DS (an island): INSECURE. */
  WITHOUT_DS,
  /** All signatures ended ten days ago: BOGUS. */
  EXPIRED,
  /** All signatures begin in ten days: BOGUS. */
  NOT_YET_VALID,
  /** One bit of every data signature is flipped; the keys' are good: BOGUS. */
  WRONG,
  /** The parent has a DS, the zone is served without signatures: BOGUS. */
  STRIPPED,
  /** The DS in the parent is of another key: BOGUS. */
  WRONG_DS;

  boolean hasDs() {
    return this != NONE && this != WITHOUT_DS;
  }

  boolean isGood() {
    return this == VALID || this == NSEC3 || this == NSEC3_OPT_OUT || this == WHITE_LIES;
  }

  boolean isBogus() {
    return switch (this) {
      case EXPIRED, NOT_YET_VALID, WRONG, STRIPPED, WRONG_DS -> true;
      case NONE,
          VALID,
          NSEC3,
          NSEC3_OPT_OUT,
          NSEC3_ITERATED,
          WHITE_LIES,
          UNKNOWN_ALGORITHM,
          WITHOUT_DS ->
          false;
    };
  }

  boolean hasNsec3() {
    return this == NSEC3 || this == NSEC3_OPT_OUT || this == NSEC3_ITERATED;
  }

  boolean signs() {
    return this != NONE && this != STRIPPED;
  }
}
