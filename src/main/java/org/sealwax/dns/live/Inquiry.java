package org.sealwax.dns.live;

import java.time.Duration;
import java.util.concurrent.Executor;
import org.sealwax.world.Clock;

/**
 * The bounds of one question and all the messages it takes, and what went wrong on the way.
 *
 * <p>It is an {@link Executor} because that is the one thing the validator hands through to the
 * resolver below it, and so how a message knows which question it belongs to. It runs everything at
 * once on the thread that is there.
 */
final class Inquiry implements Executor {
  /**
   * Messages sent to resolvers for one question. A validated answer needs a DS and a DNSKEY per
   * zone cut and one alias may lead through a whole other branch; more than this is a maze built to
   * keep us busy.
   */
  static final int MAX_MESSAGES = 64;

  private final Clock clock;
  private final Thread owner = Thread.currentThread();
  private final long end;
  private int messages;
  private String trouble = "";
  private boolean usedKept;

  Inquiry(Clock clock, Duration total) {
    this.clock = clock;
    this.end = clock.nanoTime() + total.toNanos();
  }

  @Override
  public void execute(Runnable task) {
    task.run();
  }

  /** Whether the running thread is the one that asked, which may block. */
  boolean isOnItsThread() {
    return Thread.currentThread() == owner;
  }

  /** What is left; zero or less when the time is up. */
  Duration left() {
    return Duration.ofNanos(end - clock.nanoTime());
  }

  /** Takes one message from the budget. */
  synchronized boolean mayAsk() {
    return ++messages <= MAX_MESSAGES;
  }

  /** Remembers that an answer this question needed did not come. The first trouble stays. */
  synchronized void trouble(String what) {
    if (trouble.isEmpty()) {
      trouble = what;
    }
  }

  /** Empty when every message was answered. */
  synchronized String trouble() {
    return trouble;
  }

  /** An answer about keys came from what was kept. */
  synchronized void usedKept() {
    usedKept = true;
  }

  /** Whether that happened since it was last asked. */
  synchronized boolean tookKept() {
    boolean took = usedKept;
    usedKept = false;
    return took;
  }
}
