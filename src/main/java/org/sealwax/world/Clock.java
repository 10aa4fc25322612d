package org.sealwax.world;

import java.time.Instant;

/** The time, as wall clock and as a monotonic count. */
public interface Clock {
  /** The wall-clock time. */
  Instant now();

  /** Nanoseconds from an arbitrary origin; only differences mean something; never steps back. */
  long nanoTime();

  /** The machine's clock. */
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
