package org.sealwax.router.ledger;

import java.time.Instant;

/**
 * The time as far as it can be believed.
 *
 * @param now by the wall clock
 * @param trusted whether the clock has not jumped, or was confirmed since; without that nothing is
 *     promoted, accepted, or falls away
 * @param steadySince when it was last confirmed: a hold is counted from there at the earliest
 */
public record Moment(Instant now, boolean trusted, Instant steadySince) {
  /** A clock that never gave cause for doubt. */
  public static Moment of(Instant now) {
    return new Moment(now, true, Instant.EPOCH);
  }
}
