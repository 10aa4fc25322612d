package org.sealwax.router.ledger;

import java.util.Locale;

/** The class of a violation (docs/policy.md). */
public enum ViolationClass {
  /** Not long enough, or not every path was tried yet. */
  UNDECIDED,
  /** Every host and family shows it, steadily, over the whole hold: the domain has changed. */
  THEIRS,
  /** One path differs from another, or plaintext was injected: never accepted by itself. */
  ATTACK_LIKE,
  /**
   * Many unrelated domains changed together: the cause is probably on our side. Only ever adds
   * caution.
   */
  NEAR_US;

  /** For logs, receipts and DSNs: {@code attack-like}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
