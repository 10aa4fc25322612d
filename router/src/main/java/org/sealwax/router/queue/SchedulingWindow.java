package org.sealwax.router.queue;

import static org.sealwax.router.queue.Scheduler.READY_PER_HOP;
import static org.sealwax.router.queue.Scheduler.READY_PER_SENDER;
import static org.sealwax.router.queue.Scheduler.WINDOW;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.KnownNextHops.NextHopBacklog;
import org.sealwax.router.queue.KnownNextHops.NextHopState;
import org.sealwax.router.spool.BatchState;

/**
 * The places of batches in memory: in line, in rounds, and reserved for mail that is being
 * accepted. Pure and mutable; part of {@link Scheduler}.
 */
final class SchedulingWindow {
  private final DeliverySlots slots;
  private final NextHopTurns turns;

  /** Batches in line. */
  int ready;

  int reserved;

  SchedulingWindow(DeliverySlots slots, NextHopTurns turns) {
    this.slots = slots;
    this.turns = turns;
  }

  private int fill() {
    return ready + slots.running() + reserved;
  }

  boolean isFull(int most) {
    return fill() >= most;
  }

  /**
   * Whether there is a place for a batch.
   *
   * @param hop its next hop, or null when nothing is known of it
   */
  Admission place(@Nullable NextHopState hop, String sender, BatchState state, Instant now) {
    Admission.Paused pause = hop == null ? null : hop.pauses.of(sender, now);
    if (pause != null) {
      return pause;
    }
    if (hop != null && hop.pauses.isPaused() && !hop.isIdle()) {
      return hop.pauses.forProbe(now);
    }
    NextHopBacklog backlog = hop == null ? null : hop.backlog(sender);
    int waiting = backlog == null ? 0 : backlog.ready;
    return waiting >= allowance(state, waiting)
            || backlog != null && backlog.ready(sender) >= READY_PER_SENDER
        ? Admission.NO_PLACE
        : Admission.ADMITTED;
  }

  /** Batches in line that one next hop may have now. */
  int allowance(BatchState state, int waiting) {
    int fill = fill();
    int most =
        switch (state) {
          case FRESH -> WINDOW;
          case QUEUED, HELD -> WINDOW / 8 * 7;
          case DEFERRED -> WINDOW / 2;
        };
    if (fill >= most) {
      // A new message is worth the place of one that waits behind others.
      return state == BatchState.FRESH && waiting == 0 && turns.last() != null ? 1 : 0;
    }
    return fill < WINDOW / 4
        ? READY_PER_HOP
        : fill < WINDOW / 2 ? READY_PER_HOP / 10 : fill < WINDOW / 4 * 3 ? 4 : 1;
  }
}
