package org.sealwax.lab.judge;

/** The expected outcome of a message at a trap. */
public enum ExpectedOutcome {
  /** Delivered, under TLS. */
  DELIVERED_UNDER_TLS,
  /** Delivered under TLS to the second host and no other. */
  SECOND_HOST,
  /**
   * As DELIVERED_UNDER_TLS, perhaps after a wait at first contact (RFC 8461 10.2 leaves it open).
   */
  DELIVERED_AFTER_A_WAIT,
  /** Not delivered before the site changes; delivered under TLS after it. */
  DELIVERED_AFTER_CHANGE,
  /** Not delivered: a policy forbids the TLS that the host offers. */
  REFUSED,
  /** Never unencrypted; under TLS or not at all. */
  NEVER_PLAINTEXT,
  /** TLS is not available and no policy asks for it: in the end plaintext or a bounce. */
  DECIDED,
  /**
   * Not delivered under the TLS that the host offers, which does not protect the mail; unencrypted
   * or not at all.
   */
  NO_SUCH_TLS,
  /** Bounced to its sender at once. */
  BOUNCED,
  /**
   * What RFC 8689 requires for the mail of that test case, judged over all test cases of REQUIRETLS
   * together.
   */
  AS_RFC_8689_DEMANDS,
  /** Any outcome; it is only recorded. */
  RECORDED
}
