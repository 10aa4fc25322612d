package org.sealwax.testkit.net;

import java.time.Duration;
import java.time.Instant;
import org.sealwax.mail.net.Clock;

/** A clock that stands until a test moves it. */
public final class ManualClock implements Clock {
  private Instant now;
  private long nanos;

  /** Stands at {@code start}. */
  public ManualClock(Instant start) {
    this.now = start;
  }

  /** Moves both clocks on. */
  public synchronized void pass(Duration time) {
    now = now.plus(time);
    nanos += time.toNanos();
  }

  /** Moves the wall clock forward or back by this duration, and leaves the monotonic one alone. */
  public synchronized void jump(Duration by) {
    now = now.plus(by);
  }

  @Override
  public synchronized Instant now() {
    return now;
  }

  @Override
  public synchronized long nanoTime() {
    return nanos;
  }
}
