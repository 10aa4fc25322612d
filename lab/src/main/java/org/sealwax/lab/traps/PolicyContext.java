package org.sealwax.lab.traps;

import java.util.Locale;

/** The policy of the destination under which a trap is tested. */
public enum PolicyContext {
  /** No policy: unsigned DNS, no MTA-STS. */
  NONE,
  /** MTA-STS in mode enforce (RFC 8461). */
  ENFORCE,
  /** MTA-STS in mode testing. */
  TESTING,
  /** Signed DNS and a TLSA record for the host (RFC 7672). */
  DANE;

  /** The letter after a trap's id: n, s, t or d. */
  public String letter() {
    return this == ENFORCE ? "s" : name().substring(0, 1).toLowerCase(Locale.ROOT);
  }
}
