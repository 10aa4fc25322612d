package org.sealwax.dns.zone;

/** How a zone is signed, and what its parent says about it. */
public enum Signing {
  /** Unsigned, and the parent proves that there is no DS: INSECURE. */
  NONE,
  /** Signed, with a DS in the parent: SECURE. */
  VALID,
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

  boolean signs() {
    return this != NONE && this != STRIPPED;
  }
}
