package org.sealwax.router.queue;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.DueBatch;

/** The scheduler's answer if a batch found a place. */
public sealed interface Admission {
  /** A place for which no other batch lost its own. */
  Admitted ADMITTED = new Admitted(null);

  /** No place. */
  NoPlace NO_PLACE = new NoPlace();

  /**
   * It will be its turn.
   *
   * @param evicted a batch that lost its place for it and goes back to the store, or null
   */
  record Admitted(@Nullable DueBatch evicted) implements Admission {}

  /** No place now: back to the store. */
  record NoPlace() implements Admission {}

  /**
   * The next hop is left alone, or the pair of it and the sender's domain.
   *
   * @param until when that ends
   * @param spread how long after it the batches may be spread
   */
  record Paused(Instant until, Duration spread, FailureCause cause) implements Admission {
    /**
     * When a batch is due that waits for the end.
     *
     * @param chance from 0.0 to 1.0, for its place within the spread
     */
    Instant due(double chance) {
      return until.plusMillis((long) (spread.toMillis() * chance));
    }
  }
}
