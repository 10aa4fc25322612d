package org.sealwax.router.queue;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;

/**
 * Rows of the store that are offered to the scheduler, and the result for each. Part of {@link
 * QueueState}, which fills it under its lock; read afterwards by the one who looked at the store.
 */
final class OfferedRows {
  private final Scheduler scheduler;
  private final BatchesInHand inHand;
  private final CrashMarks marks;
  private final RandomSource random;
  private final MailLog log;
  private final BatchMoves moves = new BatchMoves();
  private final Map<DueBatch, Admission.Paused> late = new LinkedHashMap<>(0);
  private final Map<BatchKey, String> held = new LinkedHashMap<>(0);
  private int found;
  private int left;

  OfferedRows(
      Scheduler scheduler,
      BatchesInHand inHand,
      CrashMarks marks,
      RandomSource random,
      MailLog log) {
    this.scheduler = scheduler;
    this.inHand = inHand;
    this.marks = marks;
    this.random = random;
    this.log = log;
  }

  /** Rows that were not in hand already. */
  int found() {
    return found;
  }

  /**
   * Whether each row was in hand already: none was new, and none was left because there was no
   * place or because it may be out of date.
   */
  boolean isNothingNew() {
    return found == 0 && left == 0;
  }

  /** Rows that go back to the store. */
  BatchMoves moves() {
    return moves;
  }

  /** Rows of a paused next hop whose senders may need a notification. */
  Map<DueBatch, Admission.Paused> late() {
    return late;
  }

  /** Batches that are to be held, with the reason. */
  Map<BatchKey, String> held() {
    return held;
  }

  /**
   * Offers a row.
   *
   * @param leaveWhenCrowded whether it stays as it is without a place, or moves to a later time
   */
  void offer(DueBatch row, Instant now, boolean leaveWhenCrowded, RetrySchedule schedule) {
    BatchKey key = row.key();
    if (inHand.contains(key)) {
      return;
    }
    if (inHand.isStale(key)) {
      left++;
      return;
    }
    if (isSetAside(key)) {
      return;
    }
    Admission admission = admission(row, now);
    if (admission == null) {
      return;
    }
    if (admission instanceof Admission.NoPlace && leaveWhenCrowded) {
      left++;
      return;
    }
    found++;
    inHand.add(key, admission instanceof Admission.Admitted);
    switch (admission) {
      case Admission.Admitted t -> inHand.evicted(t, now, moves, random);
      case Admission.NoPlace c -> moves.crowded(key, row.hop(), now, random);
      case Admission.Paused p -> {
        Instant arrived = key.message().time();
        if (schedule.isDelayNoticeDue(arrived, now) || schedule.isOver(arrived, now)) {
          late.put(row, p);
        } else {
          moves.paused(key, p, random.fraction());
        }
      }
    }
  }

  /** Null when the offer met a bug in our code, and the row is to be held. */
  private @Nullable Admission admission(DueBatch row, Instant now) {
    Set<QueueId> message = Set.of(row.key().message());
    marks.beginStep(message);
    Admission admission = null;
    try {
      admission = scheduler.offer(row, now);
    } catch (RuntimeException e) {
      // One row must not keep this scan from all rows after it.
      log.bug("queue " + row.key().message(), e);
      inHand.add(row.key(), false);
      held.put(row.key(), QueueStep.OUR_FAULT);
    }
    marks.endStep(message);
    return admission;
  }

  /** Whether a batch ended the process before, and is held or left alone instead of offered. */
  private boolean isSetAside(BatchKey key) {
    CrashMarks.StartPermission verdict = marks.verdict(key.message());
    boolean isHold = verdict == CrashMarks.StartPermission.HOLD;
    if (!isHold && verdict != CrashMarks.StartPermission.LEAVE) {
      return false;
    }
    inHand.add(key, false);
    if (isHold) {
      held.put(key, QueueStep.ENDED_PROCESS);
    } else {
      leave(key, inHand, log);
    }
    return true;
  }

  /** A batch is not touched any more, because that ended the process. */
  static void leave(BatchKey key, BatchesInHand inHand, MailLog log) {
    inHand.pause(key);
    log.storeTrouble(
        key.message()
            + " ended the process again while it was put on hold, and is left unchanged; use"
            + " sealwax queue release or delete",
        null);
  }
}
