package org.sealwax.router.queue;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The scheduler's answer if a batch found a place. */
public sealed interface Admission {
  /**
   * It will be its turn.
   *
   * @param evicted a batch that lost its place for it and goes back to the store, or null
   */
  record Admitted(@Nullable ReadyBatch evicted) implements Admission {}

  /** No place now: back to the store. */
  record NoPlace() implements Admission {}

  /**
   * The next hop is left alone, or the pair of it and the sender's domain.
   *
   * @param until when that ends
   * @param spread how long after it the batches may be spread
   */
  record Paused(Instant until, Duration spread, FailureCause cause) implements Admission {}
}
