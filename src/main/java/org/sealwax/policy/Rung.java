package org.sealwax.policy;

import java.util.Locale;

/**
 * One step of the ladder: how much a new connection offers. From the top down; "the next MX host or
 * address family" of POLICY.md is not a rung of one host but what the delivery does after the last.
 */
public enum Rung {
  /** TLS 1.3, the post-quantum hybrid, tickets, the client certificate. */
  FULL,
  /** Classical groups only: some hosts choke on a hello of more than one packet. */
  CLASSICAL,
  /** Also without session ticket and client certificate. */
  BARE,
  /** Also no higher than TLS 1.2, with TLS_FALLBACK_SCSV where the host is known to do better. */
  TLS12,
  /** No TLS at all. */
  CLEAR;

  /** Whether this rung offers less than {@code other}. */
  public boolean isBelow(Rung other) {
    return compareTo(other) > 0;
  }

  /** For logs. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
