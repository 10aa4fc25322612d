package org.sealwax.assess.model;

import java.time.Duration;

/**
 * What an assessment may cost.
 *
 * @param depth which checks are meant to fit
 * @param connections per address, at most; 1 to {@link #MAX_CONNECTIONS}
 * @param total time for everything; positive
 */
public record Budget(Depth depth, int connections, Duration total) {
  /** More to one address is no examination any more, and full needs 120. */
  public static final int MAX_CONNECTIONS = 500;

  /** Checks ranges. */
  public Budget {
    if (connections < 1 || connections > MAX_CONNECTIONS || !total.isPositive()) {
      throw new IllegalArgumentException(connections + " connections in " + total);
    }
  }

  /** What this depth allows by itself. */
  public static Budget of(Depth depth) {
    return new Budget(depth, depth.connections(), depth.total());
  }

  /** The same with other connections. */
  public Budget withConnections(int other) {
    return new Budget(depth, other, total);
  }

  /** The same with another total. */
  public Budget withTotal(Duration other) {
    return new Budget(depth, connections, other);
  }
}
