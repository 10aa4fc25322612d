package org.sealwax.lab.judge;

/** What is to become of a message at a trap. */
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
  /** Not delivered: a policy forbids what is there. */
  REFUSED,
  /** Never unencrypted; under TLS or not at all. */
  NEVER_PLAINTEXT,
  /** TLS is not to be had and no policy asks for it: plaintext or a bounce, in the end. */
  DECIDED,
  /**
   * Not delivered under what is there, which is no TLS worth the name; unencrypted or not at all.
   */
  NO_SUCH_TLS,
  /** Bounced to its sender at once. */
  BOUNCED,
  /** What RFC 8689 asks for the mail of that row, judged over all of its rows together. */
  AS_RFC_8689_DEMANDS,
  /** Whatever it is, it is written down. */
  RECORDED
}
