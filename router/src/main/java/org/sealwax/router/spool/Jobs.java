package org.sealwax.router.spool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;

/**
 * The jobs that wait for the writer. The caller of an urgent job waits for the disk; changes are
 * committed together with urgent jobs, or with one another after a short time.
 */
final class Jobs {
  /** Maximum time that a change waits for others: long enough to gather, short for a crash. */
  private static final Duration LINGER = Duration.ofMillis(10);

  /** So many changes do not wait longer. */
  private static final int FULL_LOAD = 128;

  /** Bounds one transaction, and with it the time that its callers wait. */
  private static final int BATCH = 512;

  /** Changes that may wait after the store failed; with more, callers block. */
  static final int CHANGES_WAITING = 16_384;

  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition space = lock.newCondition();
  private final ArrayDeque<Job> urgent = new ArrayDeque<>();
  private final ArrayDeque<Job> changes = new ArrayDeque<>();
  private long oldestChange;
  private boolean ended;
  private boolean woken;

  Jobs(Clock clock) {
    this.clock = clock;
  }

  /** Something for the writer. */
  sealed interface Job
      permits SqliteSpool.AcceptJob, SqliteSpool.ChangeJob, SqliteSpool.WriterCall {}

  /** False when the store is closing. */
  boolean addUrgent(Job job) {
    lock.lock();
    try {
      if (ended) {
        return false;
      }
      urgent.add(job);
      work.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Blocks while too many wait; false when the store is closing. */
  boolean addChange(Job job) {
    lock.lock();
    try {
      while (changes.size() >= CHANGES_WAITING && !ended) {
        space.awaitUninterruptibly();
      }
      if (ended) {
        return false;
      }
      if (changes.isEmpty()) {
        oldestChange = clock.nanoTime();
      }
      changes.add(job);
      if (changes.size() == 1 || changes.size() == FULL_LOAD) {
        work.signal();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Puts changes back in front, in order, to be tried again. */
  void putBack(List<Job> again) {
    lock.lock();
    try {
      for (int i = again.size() - 1; i >= 0; i--) {
        changes.addFirst(again.get(i));
      }
    } finally {
      lock.unlock();
    }
  }

  /** All urgent jobs that wait, to report the failure to their callers. */
  List<Job> takeUrgent() {
    lock.lock();
    try {
      List<Job> all = new ArrayList<>(urgent);
      urgent.clear();
      return all;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next batch: at least one job, or an empty one after {@code idle} without any, or null when
   * ended and nothing is left.
   */
  @Nullable List<Job> next(Duration idle) throws InterruptedException {
    lock.lock();
    try {
      long until = clock.nanoTime() + idle.toNanos();
      while (urgent.isEmpty() && changes.size() < FULL_LOAD && !ended && !woken) {
        long end = changes.isEmpty() ? until : oldestChange + LINGER.toNanos();
        long left = end - clock.nanoTime();
        if (left <= 0) {
          break;
        }
        work.awaitNanos(left);
      }
      woken = false;
      if (urgent.isEmpty() && changes.isEmpty()) {
        return ended ? null : List.of();
      }
      List<Job> batch = new ArrayList<>(Math.min(BATCH, urgent.size() + changes.size()));
      take(changes, batch, BATCH / 2);
      take(urgent, batch, BATCH);
      oldestChange = clock.nanoTime();
      space.signalAll();
      return batch;
    } finally {
      lock.unlock();
    }
  }

  private static void take(ArrayDeque<Job> from, List<Job> to, int most) {
    while (to.size() < most) {
      Job job = from.poll();
      if (job == null) {
        return;
      }
      to.add(job);
    }
  }

  /** Waits for the end, at most so long; true when ended. */
  boolean awaitEnd(Duration wait) throws InterruptedException {
    lock.lock();
    try {
      long left = wait.toNanos();
      while (!ended && left > 0) {
        left = work.awaitNanos(left);
      }
      return ended;
    } finally {
      lock.unlock();
    }
  }

  void end() {
    lock.lock();
    try {
      ended = true;
      work.signalAll();
      space.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Lets the writer look for what is asked of it next to jobs. */
  void wake() {
    lock.lock();
    try {
      woken = true;
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  int waiting() {
    lock.lock();
    try {
      return urgent.size() + changes.size();
    } finally {
      lock.unlock();
    }
  }
}
