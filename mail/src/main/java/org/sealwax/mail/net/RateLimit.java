package org.sealwax.mail.net;

import java.time.Duration;

/**
 * A rate that cannot be exceeded for long: a bucket that fills evenly and lets a burst through when
 * it is full. Thread-safe.
 */
public final class RateLimit {
  private static final double NANOS = 1e9;

  private final double perSecond;
  private final double most;
  private final Clock clock;
  private double left;
  private long at;

  /**
   * {@return a full bucket that fills once in a time}
   *
   * @param most its capacity, 1 or more
   * @param time in which an empty one fills
   * @param clock source of the current time
   */
  public static RateLimit of(double most, Duration time, Clock clock) {
    double perSecond = most / time.toSeconds();
    return new RateLimit(perSecond, most, clock);
  }

  /**
   * A full bucket.
   *
   * @param perSecond tokens added each second
   * @param most its capacity, 1 or more
   * @param clock source of the current time
   */
  public RateLimit(double perSecond, double most, Clock clock) {
    this.perSecond = perSecond;
    this.most = most;
    this.clock = clock;
    this.left = most;
    this.at = clock.nanoTime();
  }

  /**
   * Takes one; false when there is none.
   *
   * @return whether one was taken
   */
  public synchronized boolean tryTake() {
    fill();
    if (left < 1) {
      return false;
    }
    left--;
    return true;
  }

  /** {@return whether nothing was taken for so long that this is as good as a new one} */
  public synchronized boolean isFull() {
    fill();
    return left >= most;
  }

  private void fill() {
    long now = clock.nanoTime();
    left = Math.min(most, left + perSecond * (now - at) / NANOS);
    at = now;
  }
}
