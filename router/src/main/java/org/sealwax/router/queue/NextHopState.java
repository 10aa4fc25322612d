package org.sealwax.router.queue;

import org.jspecify.annotations.Nullable;

/**
 * A next hop as the scheduler knows it: its mail in line, its rounds, and what they showed. Pure
 * and mutable; part of {@link Scheduler}.
 */
final class NextHopState {
  final String key;
  final NextHopPauses pauses = new NextHopPauses();
  @Nullable NextHopBacklog own;
  @Nullable NextHopBacklog nullSender;
  int ready;
  int running;
  int limit = Scheduler.FIRST_ROUNDS;
  boolean greeted;
  boolean answered;
  // Until it has answered a round in time: a host that greets at once may be slow later.
  boolean slow = true;
  boolean moreInStore;

  /** Rounds that have lasted long. */
  int aged;

  MxAddresses.@Nullable MxAddress busy;
  MxAddresses.@Nullable MxAddress woken;

  /** The other line toward the same next hop ({@link SchedulingKey}); the limit is for both. */
  @Nullable NextHopState besides;

  NextHopState(String key) {
    this.key = key;
  }

  /** The backlog that mail of a sender is in, or null. */
  @Nullable NextHopBacklog backlog(String sender) {
    return sender.isEmpty() ? nullSender : own;
  }

  NextHopBacklog backlogFor(String sender) {
    NextHopBacklog backlog = backlog(sender);
    if (backlog != null) {
      return backlog;
    }
    NextHopBacklog fresh = new NextHopBacklog(this, sender.isEmpty());
    if (fresh.nullSender) {
      nullSender = fresh;
    } else {
      own = fresh;
    }
    return fresh;
  }

  boolean isIdle() {
    return ready == 0 && running == 0;
  }

  int runningTowardIt() {
    NextHopState other = besides;
    return other == null ? running : running + other.running;
  }
}
