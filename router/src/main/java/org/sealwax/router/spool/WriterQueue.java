package org.sealwax.router.spool;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.spool.ScanMarks.Scan;

/**
 * The jobs of the writer: those that wait, and those in hand, which it has taken and not answered
 * yet. The caller of an urgent job waits for the disk; changes are committed together with urgent
 * jobs, or with one another after a short time. Any thread may hand jobs in; jobs in hand are for
 * the writer's thread.
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

  private final SqliteSpool spool;
  private final Consumer<QueueId> doubtful;
  private final Clock clock;
  private final ArrayDeque<WriterJob.Urgent> urgent = new ArrayDeque<>();
  private final ArrayDeque<WriterJob.Change> changes = new ArrayDeque<>();
  private long oldestChange;
  private boolean ended;
  private boolean woken;

  /** Parts in hand that are still to be committed, each in a transaction of its own. */
  private final ArrayDeque<List<WriterJob>> parts = new ArrayDeque<>();

  /** The jobs of the transaction. */
  private List<WriterJob> batch = List.of();

  /**
   * No jobs yet.
   *
   * @param doubtful gets each message of which it is not known whether it is stored
   */
  WriterQueue(SqliteSpool spool, Consumer<QueueId> doubtful) {
    this.spool = spool;
    this.doubtful = doubtful;
    this.clock = spool.clock;
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

  /**
   * Takes the next jobs in hand: at least one, or none after {@code idle} without any.
   *
   * @return false when ended and nothing is left
   */
  synchronized boolean next(Duration idle) throws InterruptedException {
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
      return !ended;
    }
    List<WriterJob> taken = new ArrayList<>(Math.min(BATCH, urgent.size() + changes.size()));
    take(changes, taken, BATCH / 2);
    take(urgent, taken, BATCH);
    divideBySuspects(taken);
    oldestChange = clock.nanoTime();
    notifyAll();
    return true;
  }

  private static void take(ArrayDeque<? extends WriterJob> from, List<WriterJob> to, int most) {
    while (to.size() < most && !from.isEmpty()) {
      to.add(from.remove());
    }
  }

  /**
   * A message that the process has ended with before is in a transaction of its own: when it ends
   * the process again, no other is marked for that.
   */
  private void divideBySuspects(List<WriterJob> taken) {
    int from = 0;
    for (int i = 0; i < taken.size(); i++) {
      if (taken.get(i).messages().stream().anyMatch(spool.marks::isSuspect)) {
        parts.add(taken.subList(from, i));
        parts.add(taken.subList(i, i + 1));
        from = i + 1;
      }
    }
    parts.add(taken.subList(from, taken.size()));
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

  // Jobs in hand.

  /** The jobs of the transaction. */
  List<WriterJob> batch() {
    return batch;
  }

  /** Whether a caller waits for the batch. */
  boolean isAwaited() {
    return batch.stream().anyMatch(WriterJob.Urgent.class::isInstance);
  }

  /** Commits part after part; the messages of each are marked meanwhile. */
  void commitEach(Runnable commit) {
    while (!parts.isEmpty()) {
      batch = parts.remove();
      if (batch.isEmpty()) {
        continue;
      }
      CrashMarks with = spool.marks;
      Set<QueueId> messages = new LinkedHashSet<>();
      batch.forEach(job -> messages.addAll(job.messages()));
      boolean hasCalls =
          batch.stream()
              .anyMatch(job -> job instanceof WriterJob.Urgent && job.messages().isEmpty());
      with.beginStep(messages);
      if (hasCalls) {
        spool.scans.begin(Scan.CALL);
      }
      commit.run();
      // Not in a finally: what ends this thread leaves the marks to the next start.
      if (hasCalls) {
        spool.scans.end(Scan.CALL);
      }
      with.endStep(messages);
      batch = List.of();
    }
  }

  /**
   * One job fails because of a bug: finds that job, and has the others committed.
   *
   * @return false when the transaction had no jobs
   */
  boolean divide(SpoolException problem) {
    if (batch.size() > 1) {
      batch.reversed().forEach(job -> parts.addFirst(List.of(job)));
      return true;
    }
    Throwable why = problem.getCause();
    spool.log.bug("spool statement", why == null ? problem : why);
    if (batch.isEmpty()) {
      return false;
    }
    switch (batch.getFirst()) {
      case WriterJob.Urgent u -> u.outcome().complete(Optional.of(problem));
      case WriterJob.Change c -> {
        String what =
            "a change of "
                + c.messages().stream().map(QueueId::text).collect(Collectors.joining(", "))
                + " could not be stored; it is ";
        if (c.isHold()) {
          spool.log.storeTrouble(what + "left unchanged until the next start", why);
        } else {
          parts.addFirst(List.of(c.held(() -> spool.log.storeTrouble(what + "held", why))));
        }
      }
    }
    return true;
  }

  /** Reports a failure to the callers of all jobs, also those that wait; changes wait again. */
  void refuse(SpoolException reported) {
    parts.addFirst(batch);
    List<WriterJob.Change> again = new ArrayList<>();
    for (List<WriterJob> part : parts) {
      for (WriterJob job : part) {
        switch (job) {
          case WriterJob.Urgent u -> {
            if (u.accepted() != null) {
              doubtful.accept(u.accepted().id());
              u.accepted().draft().keep();
            }
            u.outcome().complete(Optional.of(reported));
          }
          case WriterJob.Change c -> again.add(c);
        }
      }
    }
    parts.clear();
    batch = List.of();
    List<WriterJob.Urgent> waiting;
    synchronized (this) {
      again.reversed().forEach(changes::addFirst);
      waiting = new ArrayList<>(urgent);
      urgent.clear();
    }
    waiting.forEach(job -> job.outcome().complete(Optional.of(reported)));
  }
}
