package org.sealwax.router.queue;

import static org.sealwax.router.queue.Scheduler.READY_PER_HOP;
import static org.sealwax.router.queue.Scheduler.READY_PER_SENDER;
import static org.sealwax.router.queue.Scheduler.WINDOW;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.KnownNextHops.NextHopBacklog;
import org.sealwax.router.queue.KnownNextHops.NextHopState;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.DueBatch;

/**
 * The slots of the running rounds: how many of them each class of mail has, and which of them are
 * kept for new mail to idle next hops; and the other bounds, of the rounds at one address and of
 * the batches in memory. Pure and mutable; part of {@link Scheduler}.
 */
public final class DeliverySlots {
  QueueSettings settings;
  private final int[] taken = new int[SlotClass.values().length];
  private final Map<String, Integer> keptBy = new HashMap<>();
  private int running;
  private int kept;
  private int cutThrough;

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

  /**
   * A round for which a client waits, past the lines: in a slot that any mail of its class could
   * have, and with others of its kind in at most half of all slots and of those of the next hop.
   * One is possible where the next hop has only one. Null when there is no such slot, or the next
   * hop is paused.
   */
  @Nullable RunningRound cutThrough(NextHopState hop, DueBatch batch, Instant now) {
    NextHopBacklog backlog = hop.backlogFor(batch.sender());
    SlotClass slotClass = SlotClass.of(backlog.nullSender, hop.greeted, hop.slow);
    MxAddresses.MxAddress busy = hop.busy;
    int most = most(hop);
    boolean isPaused = hop.pauses.isPaused() || hop.pauses.of(batch.sender(), now) != null;
    boolean hopHasSlot =
        hop.running < most
            && hop.runningTowardIt() < settings.deliveriesPerHop()
            && hop.cutThrough < Math.max(1, most / 2)
            && (busy == null || busy.running < settings.deliveriesPerHop());
    if (isPaused
        || !hopHasSlot
        || cutThrough >= Math.max(1, settings.deliveries() / 2)
        || !hasSlot(slotClass, false)
        || slotClass == SlotClass.UNANSWERED && !mayFindOut()) {
      return null;
    }
    RunningRound round = new RunningRound(batch, hop, slotClass, now, patience(hop));
    take(round, backlog, now);
    round.waitedForIn = this;
    hop.cutThrough++;
    cutThrough++;
    return round;
  }

  private static boolean isNew(NextHopBacklog backlog, Instant now) {
    return !backlog.nullSender
        && !backlog.served
        && backlog.hop.running == 0
        && !backlog.hop.pauses.isPaused()
        && backlog.since.plus(Scheduler.NEW).isAfter(now);
  }

  /**
   * Whether more hosts may be learned from the backlog: a host that greets us and then is slow
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
   * pause does: a host that greets late is reached nevertheless.
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
    round.joinsQueue();
    running--;
    taken[round.slots.ordinal()]--;
    @Nullable String domain = round.keptFor;
    if (domain != null) {
      kept--;
      keptBy.computeIfPresent(domain, (d, count) -> count > 1 ? count - 1 : null);
    }
  }

  /** A running round. */
  public static final class RunningRound {
    final DueBatch batch;
    final NextHopState hop;
    final Instant began;
    private final @Nullable Duration patience;
    private final boolean knownBefore;
    SlotClass slots;
    MxAddresses.@Nullable MxAddress address;
    @Nullable InetAddress busyAt;
    boolean greeted;
    boolean aged;

    /** The slots among which it counts as one for which a client waits, or null. */
    private @Nullable DeliverySlots waitedForIn;

    /** The sender's domain for whose new mail its slot was kept, or null. */
    @Nullable String keptFor;

    boolean ended;

    RunningRound(
        DueBatch batch,
        NextHopState hop,
        SlotClass slots,
        Instant began,
        @Nullable Duration patience) {
      this.batch = batch;
      this.hop = hop;
      this.slots = slots;
      this.began = began;
      this.patience = patience;
      this.knownBefore = hop.greeted;
    }

    /** No client waits for it any more: it is a round like any other. */
    public void joinsQueue() {
      DeliverySlots among = waitedForIn;
      if (among != null) {
        waitedForIn = null;
        hop.cutThrough--;
        among.cutThrough--;
      }
    }

    /** Whether it lasts long by then. */
    boolean isOld(Instant now) {
      return !began.plus(Scheduler.SLOW).isAfter(now);
    }

    /** What it carries. */
    public DueBatch batch() {
      return batch;
    }

    /** The longest wait for a greeting, or null when it is the usual one. */
    public @Nullable Duration patience() {
      return patience;
    }

    /** Whether a host of the next hop had greeted us before it began. */
    public boolean knownBefore() {
      return knownBefore;
    }
  }

  /**
   * The addresses of MX hosts at which rounds run; each has its bound, however many next hops lead
   * to it, and mail that waits for one of its rounds to end. Pure and mutable; part of {@link
   * Scheduler}.
   */
  static final class MxAddresses {
    /** An address at which rounds run. */
    static final class MxAddress {
      private final InetAddress at;
      int running;
      final LinkedHashSet<NextHopBacklog> waiting = new LinkedHashSet<>(2);

      private MxAddress(InetAddress at) {
        this.at = at;
      }
    }

    private final Map<InetAddress, MxAddress> addresses = new HashMap<>();
    private final Consumer<NextHopBacklog> wake;

    /**
     * Without rounds.
     *
     * @param wake gives a backlog that waited its turn, and takes it out of those that wait
     */
    MxAddresses(Consumer<NextHopBacklog> wake) {
      this.wake = wake;
    }

    /**
     * Which of them a round may dial now; the first counts as used by it.
     *
     * @param most rounds at one address
     */
    List<InetAddress> free(RunningRound round, List<InetAddress> all, int most) {
      leave(round, most);
      if (round.ended) {
        return List.of();
      }
      List<InetAddress> free = new ArrayList<>(all.size());
      for (InetAddress at : all) {
        MxAddress known = addresses.get(at);
        if (known == null || known.running < most) {
          free.add(at);
        }
      }
      if (free.isEmpty()) {
        round.busyAt = all.getFirst();
      } else {
        use(round, free.getFirst());
      }
      return free;
    }

    /** A round is connected to this address. */
    void connected(RunningRound round, InetAddress at, int most) {
      if (!round.ended && (round.address == null || !round.address.at.equals(at))) {
        leave(round, most);
        use(round, at);
      }
    }

    private void use(RunningRound round, InetAddress at) {
      MxAddress address = addresses.computeIfAbsent(at, MxAddress::new);
      address.running++;
      round.address = address;
    }

    /** A round uses no address any more. */
    void leave(RunningRound round, int most) {
      MxAddress address = round.address;
      if (address != null) {
        round.address = null;
        address.running--;
        wake(address, address.running == 0 ? most : 1);
      }
    }

    /** The address for which a round was busy, if it still is; else null. */
    @Nullable MxAddress busy(RunningRound round, int most) {
      MxAddress address = round.busyAt == null ? null : addresses.get(round.busyAt);
      return address != null && address.running >= most ? address : null;
    }

    /** A next hop that was woken for an address and needs it no more: the next one's turn. */
    void passOn(NextHopState hop) {
      MxAddress address = hop.woken;
      if (address != null) {
        hop.woken = null;
        wake(address, 1);
      }
    }

    /** Wakes what waits for an address that has a free slot. */
    void wakeAll(int most) {
      for (MxAddress address : List.copyOf(addresses.values())) {
        if (!address.waiting.isEmpty()) {
          wake(address, most - address.running);
        }
      }
    }

    private void wake(MxAddress address, int most) {
      for (int i = 0; i < most && !address.waiting.isEmpty(); i++) {
        NextHopBacklog backlog = address.waiting.getFirst();
        backlog.hop.busy = null;
        backlog.hop.woken = address;
        wake.accept(backlog);
      }
      if (address.running == 0 && address.waiting.isEmpty()) {
        addresses.remove(address.at);
      }
    }
  }

  /**
   * The places of batches in memory: in line, in rounds, and reserved for mail that is being
   * accepted. Pure and mutable; part of {@link Scheduler}.
   */
  static final class SchedulingWindow {
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
            case FRESH, PROVISIONAL -> WINDOW;
            case QUEUED, HELD -> WINDOW / 8 * 7;
            case DEFERRED -> WINDOW / 2;
          };
      if (fill >= most) {
        // A new message may take the place of one that waits for others.
        return state == BatchState.FRESH && waiting == 0 && turns.last() != null ? 1 : 0;
      }
      return fill < WINDOW / 4
          ? READY_PER_HOP
          : fill < WINDOW / 2 ? READY_PER_HOP / 10 : fill < WINDOW / 4 * 3 ? 4 : 1;
    }
  }
}
