package org.sealwax.router.spool;

import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;

/**
 * Gives out identifiers: 41 bits of milliseconds, 22 bits that an outsider cannot guess, strictly
 * rising within one store, so that rows are appended and never collide. Thread-safe.
 */
public final class QueueIds {
  /** Step within one millisecond; its square root of guesses is what an outsider would need. */
  private static final int STEP = 1 << 12;

  private final Clock clock;
  private final RandomSource random;
  private long last;

  /**
   * A generator.
   *
   * @param newest the highest number in the store, so that a clock that was set back does no harm
   */
  public QueueIds(Clock clock, RandomSource random, long newest) {
    this.clock = clock;
    this.random = random;
    this.last = newest;
  }

  /** A new identifier. */
  public synchronized QueueId next() {
    long fresh = QueueId.firstNumberOf(clock.now()) | random.below(1 << QueueId.TAIL_BITS);
    last = fresh > last ? fresh : last + 1 + random.below(STEP);
    return QueueId.of(last);
  }
}
