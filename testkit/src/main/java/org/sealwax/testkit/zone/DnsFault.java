package org.sealwax.testkit.zone;

/** The fault of answers at or below a name. */
public enum DnsFault {
  /** RCODE 2. */
  SERVFAIL,
  /** RCODE 5. */
  REFUSED,
  /** No answer at all. */
  DROP,
  /** UDP answers are empty with TC set; TCP answers are whole. */
  TRUNCATE,
  /** UDP answers are empty with TC set; TCP connections are closed without an answer. */
  TRUNCATE_NO_TCP,
  /** The right identifier, then bytes that are not a DNS message. */
  GARBAGE,
  /** A good answer with another identifier: must be taken for a forgery. */
  WRONG_ID,
  /** A good answer to another question: must be taken for a forgery. */
  WRONG_QUESTION,
  /** Denials lack their NSEC proof. */
  NO_DENIAL,
  /** Denials have an empty authority section: neither SOA nor NSEC. */
  NO_AUTHORITY,
  /** RRSIG records are left out. */
  NO_SIGNATURES,
  /** RRSIG records are those of last month. */
  EXPIRED_SIGNATURES,
  /** One bit of every RRSIG is flipped. */
  WRONG_SIGNATURES
}
