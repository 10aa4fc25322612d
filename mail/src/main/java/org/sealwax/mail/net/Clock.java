package org.sealwax.mail.net;

import java.time.Instant;

/** The time, as wall clock and as a monotonic count. */
public interface Clock {
  /** {@return the wall-clock time; of a {@link SteadyClock} the measured time} */
  Instant now();

  /**
   * {@return nanoseconds from an arbitrary origin; only differences mean something; never steps
   * back}
   */
  long nanoTime();

  /** {@return the civil time, which other machines use, where it differs from {@link #now}} */
  default Instant civilTime() {
    return now();
  }

  /** {@return whether the machine's clock jumped and is not trusted} */
  default boolean isUncertain() {
    return false;
  }

  /** {@return the machine's clock} */
  static Clock system() {
    return new Clock() {
      @Override
      public Instant now() {
        return Instant.now();
      }

      @Override
      public long nanoTime() {
        return System.nanoTime();
      }
    };
  }
}
