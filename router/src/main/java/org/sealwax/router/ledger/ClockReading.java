package org.sealwax.router.ledger;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The time as far as it can be believed.
 *
 * @param now by the wall clock
 * @param trusted whether the clock has not jumped, or was confirmed since; without that nothing is
 *     promoted, accepted, or falls away
 * @param steadySince when it was last confirmed: a hold is counted from there at the earliest
 */
public record ClockReading(Instant now, boolean trusted, Instant steadySince) {
  /** Whole seconds, as times are stored. */
  public ClockReading {
    now = now.truncatedTo(ChronoUnit.SECONDS);
  }

  /** A clock that never gave cause for doubt. */
  public static ClockReading of(Instant now) {
    return new ClockReading(now, true, Instant.EPOCH);
  }
}
