package org.sealwax.router.spool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;

/**
 * The jobs that wait for the writer. The caller of an urgent job waits for the disk; changes are
 * committed together with urgent jobs, or with one another after a short time. Thread-safe.
 */
final class WriterQueue {
  /** Maximum time that a change waits for others: long enough to gather, short for a crash. */
  private static final Duration LINGER = Duration.ofMillis(10);

  /** So many changes do not wait longer. */
  private static final int FULL_LOAD = 128;

  /** Bounds one transaction, and with it the time that its callers wait. */
  private static final int BATCH = 512;

  /** Changes that may wait after the store failed; with more, callers block. */
  private static final int CHANGES_WAITING = 16_384;

  private final Clock clock;
  private final ArrayDeque<WriterJob.Urgent> urgent = new ArrayDeque<>();
  private final ArrayDeque<WriterJob.Change> changes = new ArrayDeque<>();
  private long oldestChange;
  private boolean ended;
  private boolean woken;

  WriterQueue(Clock clock) {
    this.clock = clock;
  }

  /** Takes a job; blocks while too many changes wait. False when the spool is closing. */
  synchronized boolean add(WriterJob job) {
    if (job instanceof WriterJob.Change) {
      awaitSpace();
    }
    if (ended) {
      return false;
    }
    switch (job) {
      case WriterJob.Urgent u -> {
        urgent.add(u);
        notifyAll();
      }
      case WriterJob.Change c -> {
        oldestChange = changes.isEmpty() ? clock.nanoTime() : oldestChange;
        changes.add(c);
        if (changes.size() == 1 || changes.size() == FULL_LOAD) {
          notifyAll();
        }
      }
    }
    return true;
  }

  private void awaitSpace() {
    boolean interrupted = false;
    while (changes.size() >= CHANGES_WAITING && !ended) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Puts changes back in front, in order, to be tried again. */
  synchronized void putBack(List<WriterJob.Change> again) {
    again.reversed().forEach(changes::addFirst);
  }

  /** All urgent jobs that wait, to report the failure to their callers. */
  synchronized List<WriterJob.Urgent> takeUrgent() {
    List<WriterJob.Urgent> all = new ArrayList<>(urgent);
    urgent.clear();
    return all;
  }

  /**
   * The next batch: at least one job, or an empty one after {@code idle} without any, or null when
   * ended and nothing is left.
   */
  synchronized @Nullable List<WriterJob> next(Duration idle) throws InterruptedException {
    long until = clock.nanoTime() + idle.toNanos();
    while (urgent.isEmpty() && changes.size() < FULL_LOAD && !ended && !woken) {
      long left = (changes.isEmpty() ? until : oldestChange + LINGER.toNanos()) - clock.nanoTime();
      if (left <= 0) {
        break;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    woken = false;
    if (urgent.isEmpty() && changes.isEmpty()) {
      return ended ? null : List.of();
    }
    List<WriterJob> batch = new ArrayList<>(Math.min(BATCH, urgent.size() + changes.size()));
    take(changes, batch, BATCH / 2);
    take(urgent, batch, BATCH);
    oldestChange = clock.nanoTime();
    notifyAll();
    return batch;
  }

  private static void take(ArrayDeque<? extends WriterJob> from, List<WriterJob> to, int most) {
    while (to.size() < most && !from.isEmpty()) {
      to.add(from.remove());
    }
  }

  /** Waits for the end, at most so long; true when ended. */
  synchronized boolean awaitEnd(Duration wait) throws InterruptedException {
    long until = clock.nanoTime() + wait.toNanos();
    for (long left = wait.toNanos(); !ended && left > 0; left = until - clock.nanoTime()) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return ended;
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Lets the writer look for what is asked of it next to jobs. */
  synchronized void wake() {
    woken = true;
    notifyAll();
  }

  synchronized int waiting() {
    return urgent.size() + changes.size();
  }
}
