package org.sealwax.mail.dns.live;

import java.time.Duration;
import org.sealwax.mail.net.Clock;

/** The bounds of one question and all the messages it takes. Thread-safe. */
final class LookupLimits {
  /**
   * Messages sent to resolvers for one question. A validated answer needs a DS and a DNSKEY per
   * zone cut and one alias may lead through a whole other branch; more than this is an attack on
   * our resources.
   */
  static final int MAX_MESSAGES = 64;

  private final Clock clock;
  private final long end;
  private int messages;

  LookupLimits(Clock clock, Duration total) {
    this.clock = clock;
    this.end = clock.nanoTime() + total.toNanos();
  }

  /** The remaining time; zero or less when there is none. */
  Duration left() {
    return Duration.ofNanos(end - clock.nanoTime());
  }

  /** Takes one message from the budget. */
  synchronized boolean tryQuery() {
    return ++messages <= MAX_MESSAGES;
  }
}
