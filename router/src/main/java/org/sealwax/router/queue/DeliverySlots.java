package org.sealwax.router.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.KnownNextHops.NextHopBacklog;
import org.sealwax.router.queue.KnownNextHops.NextHopState;

/**
 * The slots of the rounds under way: how many of them each class of mail has, and which of them are
 * kept for new mail to idle next hops. Pure and mutable; part of {@link Scheduler}.
 */
final class DeliverySlots {
  QueueSettings settings;
  private final int[] taken = new int[SlotClass.values().length];
  private final Map<String, Integer> keptBy = new HashMap<>();
  private int running;
  private int kept;

  DeliverySlots(QueueSettings settings) {
    this.settings = settings;
  }

  int running() {
    return running;
  }

  boolean isFull() {
    return running >= settings.deliveries();
  }

  /** Rounds toward a next hop at the same time. */
  int most(NextHopState hop) {
    boolean one = !hop.greeted || hop.pauses.isPaused() || !hop.answered && isScarce();
    return one ? 1 : Math.min(hop.limit, settings.deliveriesPerHop());
  }

  /** Whether a round of it may begin now. */
  boolean mayBegin(NextHopBacklog backlog, SlotClass slotClass, Instant now) {
    boolean isNew = isNew(backlog, now);
    boolean mayFindOut = isNew || slotClass != SlotClass.UNANSWERED || mayFindOut();
    return hasSlot(slotClass, isNew) && mayFindOut
        || isNew
            && kept < kept()
            && keptBy.getOrDefault(backlog.domain, 0) < Math.max(1, kept() / 2);
  }

  private static boolean isNew(NextHopBacklog backlog, Instant now) {
    return !backlog.nullSender
        && !backlog.served
        && backlog.hop.running == 0
        && !backlog.hop.pauses.isPaused()
        && backlog.since.plus(Scheduler.NEW).isAfter(now);
  }

  /**
   * Whether more hosts may be found out from the backlog: a host that greets us and then is slow
   * leaves the one class for the other, and both together have their bound.
   */
  private boolean mayFindOut() {
    return taken(SlotClass.UNANSWERED) + taken(SlotClass.SLOW)
        < most(SlotClass.UNANSWERED) + most(SlotClass.SLOW);
  }

  /** Slots that are kept for new mail to idle next hops. */
  private int kept() {
    return settings.deliveries() / Scheduler.KEPT;
  }

  /** Whether there is a slot besides those that are kept. */
  private boolean hasSlot(SlotClass slotClass, boolean isNew) {
    return running - kept < settings.deliveries() - kept() && hasPart(slotClass, isNew);
  }

  private boolean hasPart(SlotClass slotClass, boolean isNew) {
    boolean isNull =
        slotClass == SlotClass.NULL_SENDER || slotClass == SlotClass.NULL_SENDER_UNANSWERED;
    if (isNull
        && taken(SlotClass.NULL_SENDER) + taken(SlotClass.NULL_SENDER_UNANSWERED)
            >= most(SlotClass.NULL_SENDER)) {
      return false;
    }
    int most = most(slotClass);
    return taken(slotClass) < (isNew && slotClass == SlotClass.UNANSWERED ? 2 * most : most);
  }

  private int taken(SlotClass slotClass) {
    return taken[slotClass.ordinal()];
  }

  private int most(SlotClass slotClass) {
    return slotClass.most(settings.deliveries());
  }

  /** Whether slots are scarce, so that next hops that never answered get less of them. */
  boolean isScarce() {
    return 2 * running >= settings.deliveries()
        || isHalfTaken(SlotClass.UNANSWERED)
        || isHalfTaken(SlotClass.NULL_SENDER_UNANSWERED);
  }

  private boolean isHalfTaken(SlotClass slotClass) {
    return 2 * taken(slotClass) >= most(slotClass);
  }

  /**
   * The wait for a greeting, or null when it is the usual one. Doubles with each failure, as the
   * pause does: a host that greets late is reached all the same.
   */
  @Nullable Duration patience(NextHopState hop) {
    return hop.greeted || !isScarce()
        ? null
        : Scheduler.SHORT_PATIENCE.multipliedBy(1L << Math.min(hop.pauses.failures(), 10));
  }

  /** A round of this backlog begins, which counts neither as served nor as running yet. */
  void take(RunningRound round, NextHopBacklog backlog, Instant now) {
    if (!hasSlot(round.slots, isNew(backlog, now))) {
      round.keptFor = backlog.domain;
      kept++;
      keptBy.merge(backlog.domain, 1, Integer::sum);
    }
    running++;
    taken[round.slots.ordinal()]++;
  }

  /** A round counts for another class from now on. */
  void move(RunningRound round, SlotClass slotClass) {
    taken[round.slots.ordinal()]--;
    taken[slotClass.ordinal()]++;
    round.slots = slotClass;
  }

  /** A round ended. */
  void give(RunningRound round) {
    running--;
    taken[round.slots.ordinal()]--;
    @Nullable String domain = round.keptFor;
    if (domain != null) {
      kept--;
      keptBy.computeIfPresent(domain, (d, count) -> count > 1 ? count - 1 : null);
    }
  }
}
