package org.sealwax.router.server;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.wiring.ClockFile;

/** What a running router does every few seconds: files that change, and the clock. */
final class Housekeeping {
  /** How often the time is left to the next run. */
  private static final Duration KEEP_CLOCK = Duration.ofSeconds(30);

  private final SteadyClock steady;
  private final ClockFile clockFile;
  private final MailLog log;
  private final CountDownLatch ended = new CountDownLatch(1);
  private @Nullable Thread thread;
  private volatile boolean clockSuspect;
  private volatile long clockWritten;

  Housekeeping(SteadyClock steady, ClockFile clockFile, MailLog log) {
    this.steady = steady;
    this.clockFile = clockFile;
    this.log = log;
  }

  /** Does these by turns until the end. */
  void start(List<Runnable> parts) {
    thread = Supervisor.start("housekeeping", this::isEnded, () -> run(parts));
  }

  private void run(List<Runnable> parts) {
    try {
      do {
        parts.forEach(this::maintain);
        maintain(this::checkClock);
      } while (!ended.await(WatchedFile.INTERVAL.toSeconds(), TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One part of the maintenance: a fault in it does not keep the others from their turn. */
  private void maintain(Runnable part) {
    try {
      if (!isEnded()) {
        part.run();
      }
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      if (!isEnded()) {
        log.bug("housekeeping", e);
      }
    }
  }

  /** Leaves the time to the next run, and reports a jump of the machine's clock. */
  void checkClock() {
    boolean doubted = steady.isUncertain();
    if (doubted != clockSuspect) {
      clockSuspect = doubted;
      log.warning(
          "app",
          doubted
              ? "the machine's clock jumped: certificates and policies are judged by the former time"
                  + " for a day or until sealwax policy accept --clock"
              : "the machine's clock is trusted again");
    }
    long now = steady.nanoTime();
    if (!isEnded() && clockWritten != 0 && now - clockWritten < KEEP_CLOCK.toNanos()) {
      return;
    }
    clockWritten = now;
    try {
      clockFile.write(steady.mark());
    } catch (IOException e) {
      // For example, the disk is full; it is tried again next time.
    }
  }

  boolean isEnded() {
    return ended.getCount() == 0;
  }

  /** No part begins any more; {@link #await} waits for the running one. */
  void end() {
    ended.countDown();
  }

  /** Waits at most so long: the identity of a first start may be in the making. */
  void await(Duration most) {
    Thread keeper = thread;
    try {
      if (keeper != null && !keeper.join(most)) {
        log.warning("app", "the certificate files are still being read");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
