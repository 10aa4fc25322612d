package org.sealwax.assess;

import java.util.Locale;

/** What came of one check at one place; from the best to the worst, then what is not known. */
public enum Outcome {
  /** Seen, and as it should be. */
  PASS,
  /** Seen, and worth telling; no judgement. */
  INFO,
  /** Seen, and worth mending. */
  WARN,
  /** Seen, and wrong. */
  FAIL,
  /** Tried, and nothing could be concluded: throttled, broken off, contradictory. Never a pass. */
  INCONCLUSIVE,
  /** Not tried: no budget, not asked for, or it needs what one look cannot give. Never a pass. */
  NOT_TESTED;

  /** The word for reports: {@code not tested}. Stable, also in JSON. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Whether something was seen. */
  public boolean known() {
    return this != INCONCLUSIVE && this != NOT_TESTED;
  }
}
