package org.sealwax.router.queue;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.DeliverySlots.MxAddresses;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.queue.DeliverySlots.SchedulingWindow;
import org.sealwax.router.queue.KnownNextHops.NextHopBacklog;
import org.sealwax.router.queue.KnownNextHops.NextHopPauses;
import org.sealwax.router.queue.KnownNextHops.NextHopState;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.DueBatch;

/**
 * Decides whose round begins next. Pure: events and the time go in, actions come out; no lock, no
 * store, no clock, no thread. {@link Queue} calls it under its lock and carries out its actions.
 * Its parts: {@link SchedulingWindow}, {@link KnownNextHops} with a {@link NextHopState} each,
 * {@link NextHopTurns}, {@link DeliverySlots}, {@link MxAddresses} and {@link NextHopPauses}.
 *
 * <p><b>Turns.</b> Next hops take turns, and within a next hop senders do. Mail for a next hop at
 * which nothing runs and nothing waits goes ahead once: sender domains in turn, and of each the
 * newest first in three of four turns. After that the next hop waits for its turn like the others.
 *
 * <p><b>Slots.</b> Rounds need one of {@link QueueSettings#deliveries} slots. {@link SlotClass}
 * shows how many of them mail may take that others make us write, next hops that never answered,
 * and slow ones. The last fifth is for mail that came within {@link #NEW} to a next hop at which
 * nothing runs, so that it finds a slot whatever the backlog does; half of it for one sender's
 * domain. A next hop has one round until a host of it has greeted us (while slots are scarce: until
 * it has answered one), then {@value #FIRST_ROUNDS}, and one more for each round that it answers.
 * An MX address has at most {@link QueueSettings#deliveriesPerHop} rounds, however many next hops
 * lead to it.
 *
 * <p><b>Window.</b> At most {@link #WINDOW} batches are in line or in a round. The fuller it is,
 * the fewer one next hop may have in line; what was tried before gets at most half of it and what
 * comes from the store at most seven eighths, so that new mail always finds a place. What finds
 * none goes to the store, and is fetched by next hop when the line gets short.
 *
 * <p><b>Pauses.</b> A next hop to which nothing can be delivered is left alone, from {@link
 * QueueSettings#deadSiteFirst} doubling to {@link QueueSettings#deadSiteMost}, unless the failure
 * is known to end sooner. Then the oldest message that is known to wait goes as a probe. A failure
 * after MAIL pauses the next hop only when an unrelated message meets it too, before any other got
 * through. A host that slows down a sender's domain pauses the pair of next hop and domain.
 *
 * <p><b>Cost.</b> Every call takes constant time, but for lines that are emptied by a pause and for
 * {@link #sweep}. Memory is bounded by the window and by {@link #MOST_HOPS}.
 */
public final class Scheduler {
  /** Batches in line and in rounds at most. */
  public static final int WINDOW = 3000;

  /** Batches for one next hop in line. */
  static final int READY_PER_HOP = 400;

  /** Of these, batches of one sender. */
  static final int READY_PER_SENDER = 100;

  /** Next hops remembered with nothing in line and in rounds. */
  static final int MOST_HOPS = 20_000;

  /** Paused next hops; beyond it the longest known is forgotten, and tried early. */
  static final int MOST_PAUSED = 10_000;

  /** Rounds toward a next hop once it has greeted us. */
  static final int FIRST_ROUNDS = 5;

  /** A round that lasts longer makes its next hop a slow one. */
  static final Duration SLOW = Duration.ofSeconds(5);

  /** How long mail for an idle next hop may use the slots that are kept for it. */
  static final Duration NEW = Duration.ofSeconds(3);

  /** First limit of the wait for a host that never greeted us, while slots are scarce. */
  static final Duration SHORT_PATIENCE = Duration.ofSeconds(5);

  /** One slot in so many is kept for new mail to idle next hops. */
  static final int KEPT = 5;

  /**
   * A batch that probes its next hop, without regard to its own retry time.
   *
   * @param hop the next hop's key
   * @param key the batch
   */
  public record HopProbe(String hop, BatchKey key) {}

  private final KnownNextHops hops = new KnownNextHops();
  private final NextHopTurns turns = new NextHopTurns();
  private final MxAddresses addresses = new MxAddresses(this::placeAgain);
  private final LinkedHashSet<RunningRound> young = new LinkedHashSet<>();
  private final List<HopProbe> probes = new ArrayList<>();
  private final DeliverySlots slots;
  private final SchedulingWindow window;
  private Instant nextSweep = Instant.MIN;

  /** With nothing in it. */
  public Scheduler(QueueSettings settings) {
    slots = new DeliverySlots(settings);
    window = new SchedulingWindow(slots, turns);
  }

  /** Puts other bounds in force. */
  public void use(QueueSettings other) {
    slots.settings = other;
    hops.all().forEach(this::settle);
  }

  /** Batches in line. */
  public int ready() {
    return window.ready;
  }

  /** Running rounds. */
  public int running() {
    return slots.running();
  }

  /** Next hops known. */
  public int hops() {
    return hops.size();
  }

  /** Next hops left alone. */
  public int paused() {
    return hops.paused();
  }

  /** Whether a next hop is still left alone then. */
  public boolean isPaused(String hop, Instant then) {
    NextHopState known = hops.find(hop);
    return known != null && known.pauses.isPaused(then);
  }

  // Mail comes.

  /**
   * What {@link #offer} of a batch that is being accepted would say; when it would be taken, its
   * place is reserved until {@link #offer} or {@link #release}.
   */
  public Admission reserve(String hop, String sender, Instant now) {
    NextHopState known = hops.find(hop);
    Admission admission = window.place(known, sender, BatchState.FRESH, now);
    if (admission instanceof Admission.Admitted) {
      window.reserved++;
    }
    return admission;
  }

  /** Gives a reserved place back. */
  public void release() {
    window.reserved--;
  }

  /** Puts a batch into its line, if there is place; one that is FRESH gives its reservation up. */
  public Admission offer(DueBatch batch, Instant now) {
    if (batch.state() == BatchState.FRESH) {
      window.reserved--;
    }
    NextHopState hop = hops.get(batch.hop());
    Admission place = window.place(hop, batch.sender(), batch.state(), now);
    switch (place) {
      case Admission.Admitted t -> {
        BatchKey oldest = hop.pauses.oldest();
        if (oldest != null && !oldest.equals(batch.key())) {
          hop.pauses.addWaiting(batch.key());
          probes.add(new HopProbe(hop.key, Objects.requireNonNull(hop.pauses.oldest())));
          return hop.pauses.forProbe(now);
        }
        DueBatch evicted = window.isFull(WINDOW) ? evict() : null;
        add(hop, batch, now);
        return evicted == null ? t : new Admission.Admitted(evicted);
      }
      case Admission.NoPlace c -> moreInStore(hop);
      case Admission.Paused p -> {
        hop.pauses.addWaiting(batch.key());
        if (batch.key().equals(hop.pauses.oldest())) {
          return new Admission.Paused(p.until(), Duration.ZERO, p.cause());
        }
      }
    }
    forgetIfBare(hop);
    return place;
  }

  /** The batch that {@link #probes} asked for: it goes at once, unless another is on its way. */
  public boolean offerProbe(DueBatch batch, Instant now) {
    NextHopState hop = hops.find(batch.hop());
    if (hop == null || !hop.isIdle() || !hop.pauses.isPaused() || hop.pauses.isPaused(now)) {
      return false;
    }
    add(hop, batch, now);
    return true;
  }

  /** The batch that {@link #probes} asked for is gone: any other may go. */
  public void noProbe(HopProbe probe) {
    NextHopState hop = hops.find(probe.hop());
    if (hop != null) {
      hop.pauses.batchRemoved(probe.key());
    }
  }

  /** Batches that are to be offered as probes; each is offered once. */
  public List<HopProbe> probes() {
    List<HopProbe> out = List.copyOf(probes);
    probes.clear();
    return out;
  }

  private void add(NextHopState hop, DueBatch batch, Instant now) {
    NextHopBacklog backlog = hop.backlogFor(batch.sender());
    if (hop.isIdle()) {
      hops.activity(true);
    }
    if (backlog.ready == 0) {
      backlog.since = now;
      // What comes from the store is backlog.
      backlog.served = batch.state() != BatchState.FRESH;
    }
    backlog.add(batch);
    window.ready++;
    enqueue(backlog);
  }

  /** A next hop of which nothing is known that matters later is not kept. */
  private void forgetIfBare(NextHopState hop) {
    if (!hop.isIdle()) {
      return;
    }
    addresses.passOn(hop);
    hop.own = null;
    hop.nullSender = null;
    if (!hop.greeted && !hop.moreInStore && hop.pauses.isForgettable()) {
      hops.forget(hop);
    }
  }

  private @Nullable DueBatch evict() {
    NextHopBacklog backlog = turns.last();
    if (backlog == null) {
      return null;
    }
    DueBatch batch = backlog.removeLast();
    removed(backlog.hop, 1);
    moreInStore(backlog.hop);
    forgetIfBare(backlog.hop);
    return batch;
  }

  private void removed(NextHopState hop, int count) {
    window.ready -= count;
    if (count > 0 && hop.isIdle()) {
      hops.activity(false);
    }
  }

  // Turns.

  /** Puts a line where its next turn comes, or takes it out when it may have none. */
  private void enqueue(NextHopBacklog backlog) {
    NextHopState hop = backlog.hop;
    int perHop = slots.settings.deliveriesPerHop();
    if (backlog.ready == 0 || hop.running >= slots.most(hop) || hop.runningTowardIt() >= perHop) {
      turns.leave(backlog);
      return;
    }
    MxAddresses.MxAddress busy = hop.busy;
    if (busy != null && busy.running >= perHop) {
      turns.park(backlog, busy);
      return;
    }
    hop.busy = null;
    turns.enter(backlog, SlotClass.of(backlog.nullSender, hop.greeted, hop.slow));
  }

  private void placeAgain(NextHopBacklog backlog) {
    turns.leave(backlog);
    enqueue(backlog);
  }

  /** What a change at a next hop means for its lines, and for fetching more. */
  private void settle(@Nullable NextHopState hop) {
    if (hop == null) {
      return;
    }
    if (hop.own != null) {
      enqueue(hop.own);
    }
    if (hop.nullSender != null) {
      enqueue(hop.nullSender);
    }
    boolean isShort = hop.ready < Math.max(1, window.allowance(BatchState.QUEUED, 1) / 8);
    hops.refill(hop, hop.moreInStore && !hop.pauses.isPaused() && isShort);
  }

  /** The next round that may begin now, or null. */
  public @Nullable RunningRound next(Instant now) {
    // Next hops whose rounds have lasted long by now are slow ones.
    while (!young.isEmpty() && young.getFirst().isOld(now)) {
      RunningRound oldest = young.removeFirst();
      if (oldest.hop.greeted) {
        aged(oldest);
      }
    }
    NextHopBacklog backlog = window.ready == 0 || slots.isFull() ? null : turns.next(slots, now);
    if (backlog == null) {
      return null;
    }
    NextHopState hop = backlog.hop;
    SlotClass slotClass = Objects.requireNonNull(backlog.placedAs);
    turns.leave(backlog);
    RunningRound round =
        new RunningRound(backlog.removeFirst(), hop, slotClass, now, slots.patience(hop));
    slots.take(round, backlog, now);
    backlog.served = true;
    window.ready--;
    return begin(round);
  }

  private RunningRound begin(RunningRound round) {
    NextHopState hop = round.hop;
    hop.running++;
    young.add(round);
    settle(hop);
    settle(hop.besides);
    return round;
  }

  /** Begins a round at once for a message whose client waits; null when it is for the queue. */
  public @Nullable RunningRound beginCutThrough(DueBatch batch, Instant now) {
    NextHopState hop = hops.get(batch.hop());
    RunningRound round = window.isFull(WINDOW) ? null : slots.cutThrough(hop, batch, now);
    if (round == null) {
      forgetIfBare(hop);
    } else if (hop.isIdle()) {
      hops.activity(true);
    }
    return round == null ? null : begin(round);
  }

  private void aged(RunningRound round) {
    NextHopState hop = round.hop;
    round.aged = true;
    hop.aged++;
    hop.slow = true;
    settle(hop);
    slots.move(round, SlotClass.of(round.batch.sender().isEmpty(), hop.greeted, true));
  }

  // What a round shows.

  /** A host greeted us in a round. */
  public void greeted(RunningRound round, Instant now) {
    if (round.ended || round.greeted) {
      return;
    }
    round.greeted = true;
    round.hop.greeted = true;
    if (round.isOld(now) && !round.aged) {
      young.remove(round);
      aged(round);
    } else {
      // The round keeps its slot among the unanswered until it ends or is a slow one: a host that
      // greets at once and is slow afterwards must not take the slots of faster hosts.
      settle(round.hop);
    }
  }

  /**
   * Which of an MX host's addresses a round may dial now; the first counts as used by it.
   *
   * @param all in the order in which they would be dialled
   */
  public List<InetAddress> free(RunningRound round, List<InetAddress> all) {
    return addresses.free(round, all, slots.settings.deliveriesPerHop());
  }

  /** A round is connected to this address. */
  public void connected(RunningRound round, InetAddress at) {
    addresses.connected(round, at, slots.settings.deliveriesPerHop());
  }

  /**
   * A round ended.
   *
   * @param chance from 0.0 to 1.0, for the jitter of a pause
   * @return batches that were in line
   */
  public ReturnedBatches ended(RunningRound round, RoundResult result, Instant now, double chance) {
    if (round.ended) {
      return ReturnedBatches.NONE;
    }
    NextHopState hop = round.hop;
    round.ended = true;
    young.remove(round);
    hop.running--;
    slots.give(round);
    if (round.aged) {
      hop.aged--;
    }
    if (hop.isIdle()) {
      hops.activity(false);
    }
    addresses.leave(round, slots.settings.deliveriesPerHop());
    addresses.passOn(hop);
    ReturnedBatches returned =
        switch (result) {
          case RoundResult.Answered a -> {
            unpaused(hop, hop.pauses.answered(round.batch.sender(), now));
            answers(round, hop.limit + 1, now);
            yield ReturnedBatches.NONE;
          }
          case RoundResult.NothingLearned n -> ReturnedBatches.NONE;
          case RoundResult.Busy b -> {
            putBack(round, now);
            yield ReturnedBatches.NONE;
          }
          case RoundResult.NextHopUnreachable u -> unreachable(round, u.cause(), now, chance);
          case RoundResult.FailedAfterMail f -> failedAfterMail(round, f, now, chance);
          case RoundResult.SenderSlowed s -> senderSlowed(round, s.cause(), now, chance);
        };
    // The other line had to wait for this one: it goes first.
    settle(hop.besides);
    settle(hop);
    forgetIfBare(hop);
    return returned;
  }

  private void answers(RunningRound round, int limit, Instant now) {
    NextHopState hop = round.hop;
    hop.greeted = true;
    hop.answered = true;
    hop.slow = hop.aged > 0 || round.isOld(now);
    hop.limit = Math.clamp(limit, 1, Math.max(1, slots.settings.deliveriesPerHop()));
  }

  private void unpaused(NextHopState hop, boolean was) {
    if (was) {
      hops.pauseEnded();
      hop.limit = FIRST_ROUNDS;
      hop.moreInStore = true;
    }
  }

  private void putBack(RunningRound round, Instant now) {
    NextHopState hop = round.hop;
    hop.busy = addresses.busy(round, slots.settings.deliveriesPerHop());
    add(hop, round.batch, now);
    // It keeps its place before others of its sender, and has had its turn.
    NextHopBacklog backlog = hop.backlogFor(round.batch.sender());
    backlog.moveToFront(round.batch.sender());
    backlog.served = true;
    placeAgain(backlog);
  }

  private ReturnedBatches unreachable(
      RunningRound round, FailureCause cause, Instant now, double chance) {
    NextHopState hop = round.hop;
    if (hop.pauses.isAnsweredSince(round.began)) {
      hop.limit = Math.max(1, hop.limit / 2);
      return ReturnedBatches.NONE;
    }
    return pause(round, cause, now, chance);
  }

  private ReturnedBatches failedAfterMail(
      RunningRound round, RoundResult.FailedAfterMail failure, Instant now, double chance) {
    NextHopState hop = round.hop;
    String sender = round.batch.sender();
    boolean isTheHop =
        hop.pauses.isNextHopAtFault(sender, failure, round.began, slots.settings, now);
    if (!isTheHop) {
      // A probe that failed for its own sake must not keep the others from being tried.
      unpaused(hop, hop.pauses.end());
    }
    answers(round, hop.limit, now);
    return isTheHop ? pause(round, failure.cause(), now, chance) : ReturnedBatches.NONE;
  }

  private ReturnedBatches senderSlowed(
      RunningRound round, FailureCause cause, Instant now, double chance) {
    NextHopState hop = round.hop;
    unpaused(hop, hop.pauses.end());
    answers(round, hop.limit, now);
    Admission.Paused pause =
        hop.pauses.slow(round.batch.sender(), cause, slots.settings, now, chance);
    return ReturnedBatches.of(
        takeOut(hop, NextHopPauses.domain(round.batch.sender())), pause, null);
  }

  private ReturnedBatches pause(
      RunningRound round, FailureCause cause, Instant now, double chance) {
    NextHopState hop = round.hop;
    boolean was = hop.pauses.isPaused();
    hop.pauses.begin(cause, slots.settings, now, chance);
    hop.pauses.addWaiting(round.batch.key());
    hop.limit = FIRST_ROUNDS;
    List<DueBatch> out = takeOut(hop, null);
    out.forEach(r -> hop.pauses.addWaiting(r.key()));
    if (!was) {
      hops.paused(hop);
    }
    return ReturnedBatches.of(out, hop.pauses.of(round.batch.sender(), now), hop.pauses.oldest());
  }

  /** Takes batches out of the lines of a next hop: those of one sender's domain, or all. */
  private List<DueBatch> takeOut(NextHopState hop, @Nullable String domain) {
    List<DueBatch> out = new ArrayList<>();
    for (NextHopBacklog backlog : new NextHopBacklog[] {hop.own, hop.nullSender}) {
      if (backlog != null) {
        backlog.removeAll(domain, out);
      }
    }
    removed(hop, out.size());
    return out;
  }

  /** Takes a waiting batch out of its line; false when it is not there. */
  public boolean withdraw(BatchKey key, String hopKey, String sender) {
    NextHopState hop = hops.find(hopKey);
    NextHopBacklog backlog = hop == null ? null : hop.backlog(sender);
    if (hop == null || backlog == null || !backlog.remove(key, sender)) {
      return false;
    }
    removed(hop, 1);
    settle(hop);
    forgetIfBare(hop);
    return true;
  }

  /** Lets a paused next hop be tried at once, because an admin orders it. */
  public void wake(String hopKey, Instant now) {
    NextHopState hop = hops.find(hopKey);
    if (hop != null) {
      hop.pauses.wake(now);
    }
  }

  // The store.

  /** Whether a query of the store by time would find hardly any mail a place. */
  public boolean isFull() {
    return window.isFull(WINDOW / 4 * 3);
  }

  /** Notes that batches for a next hop went to the store because no place was free. */
  public void moreInStore(String hop) {
    moreInStore(hops.get(hop));
  }

  private void moreInStore(NextHopState hop) {
    hop.moreInStore = true;
    settle(hop);
  }

  /** Next hops whose lines have become short while the store has more, at most {@code most}. */
  public List<String> hopsToRefill(int most) {
    return window.isFull(WINDOW / 8 * 7) ? List.of() : hops.toRefill(most);
  }

  /** Rows to read for a next hop, so that those in hand and a line's worth of others are among. */
  public int rowsToRead(String hopKey) {
    NextHopState hop = hops.find(hopKey);
    int inHand = hop == null ? 0 : hop.ready + hop.running;
    return inHand
        + Math.min(READY_PER_HOP, 2 * Math.max(1, window.allowance(BatchState.QUEUED, 1)));
  }

  /** The store has no more for a next hop. */
  public void storeIsEmpty(String hopKey) {
    NextHopState hop = hops.find(hopKey);
    if (hop != null) {
      hop.moreInStore = false;
      settle(hop);
      forgetIfBare(hop);
    }
  }

  /** Forgets old failures, and wakes next hops that wait for an address with a free slot. */
  public void sweep(Instant now) {
    addresses.wakeAll(slots.settings.deliveriesPerHop());
    if (now.isBefore(nextSweep)) {
      return;
    }
    nextSweep = now.plusSeconds(60);
    for (NextHopState hop : hops.all()) {
      if (hop.pauses.removeOld(slots.settings, hop.isIdle(), now)) {
        hops.pauseEnded();
      }
      settle(hop);
      forgetIfBare(hop);
    }
  }
}
