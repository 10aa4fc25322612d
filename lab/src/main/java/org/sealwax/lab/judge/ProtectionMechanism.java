package org.sealwax.lab.judge;

/** What protects the mail of a test case from an attacker on the way. */
public enum ProtectionMechanism {
  /** Nothing. */
  NONE,
  /** DANE for SMTP (RFC 7672). */
  DANE,
  /** MTA-STS in mode enforce (RFC 8461). */
  STS,
  /**
   * DNSSEC alone (RFC 4035): a resolver that validates answers SERVFAIL, whatever the sender knows.
   */
  DNSSEC
}
