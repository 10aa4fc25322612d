package org.sealwax.router.receive;

import java.time.Duration;
import java.util.concurrent.Semaphore;

/**
 * Limits on password guessing: few password checks at a time, for each costs milliseconds of a
 * processor, and a growing delay before a failure is reported. Over all listeners. Thread-safe.
 */
public final class AuthGuard {
  /** The wait doubles from failure to failure of one session, up to this many times the first. */
  private static final int MOST_DOUBLINGS = 3;

  private final Semaphore checks;
  private final Duration first;

  /**
   * A guard.
   *
   * @param checks at a time
   * @param first the wait after the first failure of a session
   */
  public AuthGuard(int checks, Duration first) {
    this.checks = new Semaphore(checks, true);
    this.first = first;
  }

  /** One check for each processor, and a second before the first failure is reported. */
  public static AuthGuard defaults() {
    return new AuthGuard(Runtime.getRuntime().availableProcessors(), Duration.ofSeconds(1));
  }

  /** Checks a client's response, once it is its turn. */
  SaslExchange.SaslStep respond(SaslExchange exchange, byte[] response) {
    checks.acquireUninterruptibly();
    try {
      return exchange.respond(response);
    } finally {
      checks.release();
    }
  }

  /**
   * Waits before a failure is reported.
   *
   * @param failures of the session so far, this one included
   */
  void delay(int failures) {
    int doublings = Math.min(failures - 1, MOST_DOUBLINGS);
    try {
      Thread.sleep(first.multipliedBy(1L << doublings));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
