package org.sealwax.mail.dns;

/** How much an answer can be relied on (RFC 4033 section 5, with "indeterminate" as FAILED). */
public enum DnssecStatus {
  /** Validated to a trust anchor; of a denial: the denial is proven. */
  SECURE,
  /** Proven to be in an unsigned part of the DNS. */
  INSECURE,
  /** Should validate and does not: an attack or a broken zone. No records. */
  BOGUS,
  /** No answer: timeout, SERVFAIL, refused, malformed. No records. */
  FAILED
}
