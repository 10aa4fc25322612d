package org.sealwax.assess.model;

import java.util.Locale;

/** The result of one check at one place; from the best to the worst, then what is not known. */
public enum CheckOutcome {
  /** Seen, and as it should be. */
  PASS,
  /** Seen, and worth reporting; no judgement. */
  INFO,
  /** Seen, and worth fixing. */
  WARN,
  /** Seen, and wrong. */
  FAIL,
  /** Could not be done: throttled, no answer, contradictory. Never a pass. */
  INCONCLUSIVE,
  /** Not asked for: no part of this depth, no budget left, an option. Never a pass. */
  NOT_TESTED,
  /** The check does not apply: no mail, no domain. Neither a pass nor a fault. */
  NOT_NEEDED;

  /** The word for reports: {@code not tested}. Stable, also in JSON. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Whether something was seen. */
  public boolean known() {
    return this != INCONCLUSIVE && this != NOT_TESTED && this != NOT_NEEDED;
  }
}
