package org.sealwax.assess.model;

import java.time.Duration;

/**
 * What an assessment may cost.
 *
 * @param depth which checks are meant to fit
 * @param connections per address, at most; 1 to {@link #MAX_CONNECTIONS}
 * @param total time for everything; positive
 */
public record AssessmentBudget(ScanDepth depth, int connections, Duration total) {
  /** More would burden one address too much, and full needs 120. */
  public static final int MAX_CONNECTIONS = 500;

  /** Checks ranges. */
  public AssessmentBudget {
    if (connections < 1 || connections > MAX_CONNECTIONS || !total.isPositive()) {
      throw new IllegalArgumentException(connections + " connections in " + total);
    }
  }

  /** What this depth allows by itself. */
  public static AssessmentBudget of(ScanDepth depth) {
    return new AssessmentBudget(depth, depth.connections(), depth.total());
  }

  /** The same with other connections. */
  public AssessmentBudget withConnections(int other) {
    return new AssessmentBudget(depth, other, total);
  }

  /** The same with another total. */
  public AssessmentBudget withTotal(Duration other) {
    return new AssessmentBudget(depth, connections, other);
  }
}
