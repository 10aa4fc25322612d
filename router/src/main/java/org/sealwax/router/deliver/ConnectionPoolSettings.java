package org.sealwax.router.deliver;

import java.time.Duration;

/**
 * Limits for the reuse of connections.
 *
 * @param perHost idle connections kept for one host under one requirement; 0 switches reuse off
 * @param total idle connections kept in all
 * @param idle how long one waits for its next message; far below the 5 minutes after which servers
 *     may close (RFC 5321 4.5.3.2.7), since it costs the server a slot
 * @param messages transactions on one connection; below the limits of the big receivers
 * @param age of a connection, after which it is not used again
 */
public record ConnectionPoolSettings(
    int perHost, int total, Duration idle, int messages, Duration age) {
  /** Checks ranges. */
  public ConnectionPoolSettings {
    if (perHost < 0 || total < 0 || messages < 1 || !idle.isPositive() || !age.isPositive()) {
      throw new IllegalArgumentException("counts and times are positive");
    }
  }

  /** 20 per host, 200 in all, 5 seconds idle, 100 messages, 5 minutes. */
  public static ConnectionPoolSettings defaults() {
    return new ConnectionPoolSettings(20, 200, Duration.ofSeconds(5), 100, Duration.ofMinutes(5));
  }
}
