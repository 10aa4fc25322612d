package org.sealwax.sts.store;

import java.time.Duration;
import java.time.Instant;
import org.sealwax.world.Clock;

/**
 * The wall clock, mistrusted when it jumps: whoever can set our clock ahead must not be able to end
 * every policy at once. After a jump of over {@link #JUMP} against the monotonic clock, time goes
 * on as if nothing had happened for {@link #GRACE}, in which the policies in use are fetched anew;
 * then the wall clock is believed. Thread-safe.
 */
final class SteadyTime {
  /** More than any correction of a clock that is kept. */
  static final Duration JUMP = Duration.ofHours(1);

  /** In this time every policy in use has had its daily renewal. */
  static final Duration GRACE = Duration.ofHours(24);

  private final Clock clock;
  private Instant wall;
  private long nanos;
  private long doubtSince;
  private boolean doubted;

  SteadyTime(Clock clock) {
    this.clock = clock;
    this.wall = clock.now();
    this.nanos = clock.nanoTime();
  }

  /** The time to go by. */
  synchronized Instant now() {
    Instant says = clock.now();
    long count = clock.nanoTime();
    Instant expected = wall.plusNanos(count - nanos);
    if (Duration.between(expected, says).abs().compareTo(JUMP) <= 0) {
      wall = says;
      nanos = count;
      doubted = false;
      return says;
    }
    if (!doubted) {
      doubted = true;
      doubtSince = count;
    }
    if (count - doubtSince < GRACE.toNanos()) {
      return expected;
    }
    wall = says;
    nanos = count;
    doubted = false;
    return says;
  }

  /** Whether the wall clock is doubted now. */
  synchronized boolean isDoubted() {
    return doubted;
  }
}
