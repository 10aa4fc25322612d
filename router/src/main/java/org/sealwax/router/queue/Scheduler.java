package org.sealwax.router.queue;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;

/**
 * Decides whose round begins next. Pure: events and the time go in, actions come out; no lock, no
 * store, no clock, no thread. {@link Queue} calls it under its lock and carries out its actions.
 *
 * <p><b>Turns.</b> Next hops take turns, and within a next hop senders do. Mail for a next hop at
 * which nothing runs and nothing waits goes ahead once: sender domains in turn, and of each the
 * newest first in three of four turns. After that the next hop waits for its turn like the others.
 *
 * <p><b>Slots.</b> Rounds need one of {@link Limits#deliveries} slots. {@link SlotClass} says how
 * many of them mail may take that others make us write, next hops that never answered, and slow
 * ones. The last fifth is for mail that came within {@link #NEW} to a next hop at which nothing
 * runs, so that it finds a slot whatever the backlog does; half of it for one sender's domain. A
 * next hop has one round until a host of it has greeted us (while slots are scarce: until it has
 * answered one), then {@value #FIRST_ROUNDS}, and one more for each round that it answers. An MX
 * address has at most {@link Limits#perHop} rounds, however many next hops lead to it.
 *
 * <p><b>Window.</b> At most {@link #WINDOW} batches are in line or in a round. The fuller it is,
 * the fewer one next hop may have in line; what was tried before gets at most half of it and what
 * comes from the store at most seven eighths, so that new mail always finds a place. What finds
 * none goes to the store, and is fetched by next hop when the line gets short.
 *
 * <p><b>Pauses.</b> A next hop to which nothing can be delivered is left alone, from {@link
 * Limits#pauseFirst} doubling to {@link Limits#pauseMost}, unless the failure is known to end
 * sooner. Then the oldest message that is known to wait goes as a probe. A failure after MAIL
 * pauses the next hop only when an unrelated message meets it too, before any other got through. A
 * host that slows down a sender's domain pauses the pair of next hop and domain.
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

  /** How long the others wait for what a probe finds. */
  static final Duration PROBE_WAIT = Duration.ofMinutes(2);

  /** When a batch that found no place looks again, if it is not fetched before. */
  static final Duration RETRY_WHEN_FULL = Duration.ofMinutes(10);

  /** One slot in so many is kept for new mail to idle next hops. */
  static final int KEPT = 5;

  /** Sender domains that are asked for a new line before the others have their turn. */
  private static final int DOMAINS_TRIED = 4;

  private static final SlotClass[] SLOT_CLASSES = SlotClass.values();

  /**
   * Bounds that an admin sets.
   *
   * @param deliveries rounds at the same time
   * @param perHop rounds toward one next hop, and at one MX address
   * @param pauseFirst how long a next hop is left alone at first
   * @param pauseMost how long at most
   */
  public record Limits(int deliveries, int perHop, Duration pauseFirst, Duration pauseMost) {
    static Limits of(QueueSettings settings) {
      return new Limits(
          settings.deliveries(),
          settings.deliveriesPerHop(),
          settings.deadSiteFirst(),
          settings.deadSiteMost());
    }
  }

  /** A batch that waits for a slot. */
  public static final class ReadyBatch {
    final BatchKey key;
    final String hop;
    final String sender;
    final BatchState state;
    @Nullable LoadedBatch loaded;

    /**
     * A batch.
     *
     * @param sender the reverse-path's text; empty for the null sender
     * @param state FRESH when it was accepted just now, else where it stood in the store
     */
    public ReadyBatch(BatchKey key, String hop, String sender, BatchState state) {
      this.key = key;
      this.hop = hop;
      this.sender = sender;
      this.state = state;
    }

    /** Identifies it. */
    public BatchKey key() {
      return key;
    }

    /** The key of its next hop. */
    public String hop() {
      return hop;
    }

    private boolean hasNullSender() {
      return sender.isEmpty();
    }
  }

  /** The answer if a batch found a place. */
  public sealed interface Admission {
    /**
     * It will be its turn.
     *
     * @param evicted a batch that lost its place for it and goes back to the store, or null
     */
    record Admitted(@Nullable ReadyBatch evicted) implements Admission {}

    /** No place now: back to the store. */
    record NoPlace() implements Admission {}

    /**
     * The next hop is left alone, or the pair of it and the sender's domain.
     *
     * @param until when that ends
     * @param spread how long after it the batches may be spread
     */
    record Paused(Instant until, Duration spread, FailureCause cause) implements Admission {}
  }

  /**
   * Batches that lost their place in memory, and go back to the store.
   *
   * @param batches those
   * @param pause until when, and why; null exactly when there are none
   * @param probe which of them is to come first, or null
   */
  public record ReturnedBatches(
      List<ReadyBatch> batches, Admission.@Nullable Paused pause, @Nullable BatchKey probe) {
    static final ReturnedBatches NONE = new ReturnedBatches(List.of(), null, null);

    private static ReturnedBatches of(
        List<ReadyBatch> batches, Admission.@Nullable Paused pause, @Nullable BatchKey probe) {
      return batches.isEmpty() ? NONE : new ReturnedBatches(batches, pause, probe);
    }
  }

  /**
   * A batch that probes its next hop, without regard to its own retry time.
   *
   * @param hop the next hop's key
   * @param key the batch
   */
  public record HopProbe(String hop, BatchKey key) {}

  /** A round under way. */
  public static final class RunningRound {
    final ReadyBatch slotClass;
    private final HopState hop;
    private final Instant began;
    private final @Nullable Duration patience;
    private final boolean knownBefore;
    private SlotClass slots;
    private @Nullable Address address;
    private @Nullable InetAddress busyAt;
    private boolean greeted;
    private boolean aged;
    private @Nullable String keptFor;
    private boolean ended;

    private RunningRound(
        ReadyBatch batch,
        HopState hop,
        SlotClass slots,
        Instant began,
        @Nullable Duration patience) {
      this.slotClass = batch;
      this.hop = hop;
      this.slots = slots;
      this.began = began;
      this.patience = patience;
      this.knownBefore = hop.greeted;
    }

    /** What it carries. */
    public ReadyBatch slotClass() {
      return slotClass;
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
   * Mail that waits for one next hop: mail with a sender and mail with the null sender are two
   * backlogs.
   */
  private static final class HopBacklog {
    final HopState hop;
    final boolean nullSender;
    final LinkedHashMap<String, ArrayDeque<ReadyBatch>> bySender = new LinkedHashMap<>(2);
    int ready;
    Instant since = Instant.MIN;
    boolean served;
    @Nullable LinkedHashSet<HopBacklog> place;
    @Nullable SlotClass placedAs;
    String domain = "";
    boolean isParked;
    boolean isArrival;

    HopBacklog(HopState hop, boolean nullSender) {
      this.hop = hop;
      this.nullSender = nullSender;
    }
  }

  private static final class HopState {
    final String key;
    @Nullable HopBacklog own;
    @Nullable HopBacklog nullSender;
    int ready;
    int running;
    int limit = FIRST_ROUNDS;
    boolean greeted;
    boolean answered;
    // Until it has answered a round in time: a host that greets at once may be slow later.
    boolean slow = true;
    boolean moreInStore;
    int aged;
    final NextHopPauses pauses = new NextHopPauses();
    @Nullable Address busy;
    @Nullable Address woken;

    /** The other line toward the same next hop ({@link SchedulingKey}); the limit is for both. */
    @Nullable HopState besides;

    HopState(String key) {
      this.key = key;
    }

    boolean isIdle() {
      return ready == 0 && running == 0;
    }

    int runningTowardIt() {
      HopState other = besides;
      return other == null ? running : running + other.running;
    }
  }

  private static final class Address {
    final InetAddress at;
    int running;
    final LinkedHashSet<HopBacklog> waiting = new LinkedHashSet<>(2);

    Address(InetAddress at) {
      this.at = at;
    }
  }

  private final LinkedHashMap<String, HopState> hops = new LinkedHashMap<>(64, 0.75f, true);
  private final Map<InetAddress, Address> addresses = new HashMap<>();

  /** Lines that came to be, by batch and by the domain of their sender, the newest first. */
  private final Map<SlotClass, LinkedHashMap<String, LinkedHashSet<HopBacklog>>> arrivals =
      new EnumMap<>(SlotClass.class);

  private final Map<SlotClass, LinkedHashSet<HopBacklog>> turns = new EnumMap<>(SlotClass.class);
  private final LinkedHashSet<HopState> hopsToRefill = new LinkedHashSet<>();
  private final LinkedHashSet<RunningRound> young = new LinkedHashSet<>();
  private final List<HopProbe> probes = new ArrayList<>();
  private final Map<String, Integer> keptBy = new HashMap<>();
  private final int[] taken = new int[SLOT_CLASSES.length];
  private final int[] picks = new int[SLOT_CLASSES.length];
  private Limits limits;
  private int turn;
  private int ready;
  private int running;
  private int reserved;
  private int kept;
  private int paused;
  private int active;
  private Instant nextSweep = Instant.MIN;

  /** With nothing in it. */
  public Scheduler(Limits limits) {
    this.limits = limits;
    for (SlotClass slotClass : SLOT_CLASSES) {
      arrivals.put(slotClass, new LinkedHashMap<>());
      turns.put(slotClass, new LinkedHashSet<>());
    }
  }

  /** Puts other bounds in force. */
  public void use(Limits other) {
    limits = other;
    hops.values().forEach(this::settle);
  }

  /** Batches in line. */
  public int ready() {
    return ready;
  }

  /** Rounds under way. */
  public int running() {
    return running;
  }

  /** Next hops known. */
  public int hops() {
    return hops.size();
  }

  /** Next hops left alone. */
  public int paused() {
    return paused;
  }

  /** Whether a next hop is still left alone then. */
  public boolean isPaused(String hop, Instant then) {
    HopState known = hops.get(hop);
    return known != null && known.pauses.isPaused(then);
  }

  // Mail comes.

  /**
   * What {@link #offer} of a batch that is being accepted would say; when it would be taken, its
   * place is reserved until {@link #offer} or {@link #release}.
   */
  public Admission reserve(String hop, String sender, Instant now) {
    HopState known = hops.get(hop);
    Admission admission = known == null ? place() : place(known, sender, BatchState.FRESH, now);
    if (admission instanceof Admission.Admitted) {
      reserved++;
    }
    return admission;
  }

  /** Gives a reserved place back. */
  public void release() {
    reserved--;
  }

  /** Puts a batch into its line, if there is place; one that is FRESH gives its reservation up. */
  public Admission offer(ReadyBatch batch, Instant now) {
    if (batch.state == BatchState.FRESH) {
      reserved--;
    }
    HopState hop = hop(batch.hop);
    Admission place = place(hop, batch.sender, batch.state, now);
    switch (place) {
      case Admission.Admitted t -> {
        BatchKey oldest = hop.pauses.oldest();
        if (oldest != null && !oldest.equals(batch.key)) {
          hop.pauses.addWaiting(batch.key);
          probes.add(new HopProbe(hop.key, java.util.Objects.requireNonNull(hop.pauses.oldest())));
          return hop.pauses.forProbe(now);
        }
        ReadyBatch evicted = fill() >= WINDOW ? evict() : null;
        add(hop, batch, now);
        return evicted == null ? t : new Admission.Admitted(evicted);
      }
      case Admission.NoPlace c -> moreInStore(hop);
      case Admission.Paused p -> {
        hop.pauses.addWaiting(batch.key);
        if (batch.key.equals(hop.pauses.oldest())) {
          return new Admission.Paused(p.until(), Duration.ZERO, p.cause());
        }
      }
    }
    forgetIfBare(hop);
    return place;
  }

  /** The batch that {@link #probes} asked for: it goes at once, unless another is on its way. */
  public boolean offerProbe(ReadyBatch batch, Instant now) {
    HopState hop = hops.get(batch.hop);
    if (hop == null || !hop.isIdle() || !hop.pauses.isPaused() || hop.pauses.isPaused(now)) {
      return false;
    }
    add(hop, batch, now);
    return true;
  }

  /** The batch that {@link #probes} asked for is gone: any other may go. */
  public void noProbe(HopProbe probe) {
    HopState hop = hops.get(probe.hop());
    if (hop != null) {
      hop.pauses.batchRemoved(probe.key());
    }
  }

  /** Batches that are to be offered as probes; each is offered once. */
  public List<HopProbe> probes() {
    if (probes.isEmpty()) {
      return List.of();
    }
    List<HopProbe> out = List.copyOf(probes);
    probes.clear();
    return out;
  }

  private void add(HopState hop, ReadyBatch batch, Instant now) {
    HopBacklog backlog = batch.hasNullSender() ? hop.nullSender : hop.own;
    if (backlog == null) {
      backlog = new HopBacklog(hop, batch.hasNullSender());
      if (backlog.nullSender) {
        hop.nullSender = backlog;
      } else {
        hop.own = backlog;
      }
    }
    if (hop.isIdle()) {
      active++;
    }
    if (backlog.ready == 0) {
      backlog.since = now;
      // What comes from the store is backlog.
      backlog.served = batch.state != BatchState.FRESH;
    }
    backlog.bySender.computeIfAbsent(batch.sender, k -> new ArrayDeque<>(2)).add(batch);
    backlog.ready++;
    hop.ready++;
    ready++;
    enqueue(backlog);
  }

  private HopState hop(String key) {
    HopState known = hops.get(key);
    if (known == null) {
      known = new HopState(key);
      HopState other = hops.get(SchedulingKey.besides(key));
      if (other != null) {
        known.besides = other;
        other.besides = known;
      }
      hops.put(key, known);
      if (hops.size() > MOST_HOPS + active) {
        forgetOne(known);
      }
    }
    return known;
  }

  /** Forgets one next hop with nothing in hand: the one that was not asked about for longest. */
  private void forgetOne(HopState but) {
    HopState found = null;
    for (HopState hop : hops.values()) {
      if (hop != but && hop.isIdle()) {
        found = hop;
        break;
      }
    }
    if (found != null) {
      forget(found);
    }
  }

  private void forget(HopState hop) {
    hops.remove(hop.key);
    hopsToRefill.remove(hop);
    HopState other = hop.besides;
    if (other != null) {
      other.besides = null;
    }
    if (hop.pauses.isPaused()) {
      paused--;
    }
  }

  /** A next hop of which nothing is known that matters later is not kept. */
  private void forgetIfBare(HopState hop) {
    if (!hop.isIdle()) {
      return;
    }
    passOn(hop);
    hop.own = null;
    hop.nullSender = null;
    if (!hop.greeted && !hop.moreInStore && hop.pauses.isForgettable()) {
      forget(hop);
    }
  }

  // Places in the window.

  private int fill() {
    return ready + running + reserved;
  }

  private Admission place(HopState hop, String sender, BatchState state, Instant now) {
    Admission.Paused pause = hop.pauses.of(sender, now);
    if (pause != null) {
      return pause;
    }
    if (hop.pauses.isPaused() && !hop.isIdle()) {
      return hop.pauses.forProbe(now);
    }
    HopBacklog backlog = sender.isEmpty() ? hop.nullSender : hop.own;
    int waiting = backlog == null ? 0 : backlog.ready;
    ArrayDeque<ReadyBatch> ofSender = backlog == null ? null : backlog.bySender.get(sender);
    if (waiting >= allowance(state, waiting)
        || ofSender != null && ofSender.size() >= READY_PER_SENDER) {
      return new Admission.NoPlace();
    }
    return new Admission.Admitted(null);
  }

  /** At a next hop of which nothing is known. */
  private Admission place() {
    return allowance(BatchState.FRESH, 0) > 0
        ? new Admission.Admitted(null)
        : new Admission.NoPlace();
  }

  /** Batches in line that one next hop may have now. */
  private int allowance(BatchState state, int waiting) {
    int fill = fill();
    int most =
        switch (state) {
          case FRESH -> WINDOW;
          case QUEUED, HELD -> WINDOW / 8 * 7;
          case DEFERRED -> WINDOW / 2;
        };
    if (fill >= most) {
      // A new message is worth the place of one that waits behind others.
      return state == BatchState.FRESH && waiting == 0 && canEvict() ? 1 : 0;
    }
    return fill < WINDOW / 4
        ? READY_PER_HOP
        : fill < WINDOW / 2 ? READY_PER_HOP / 10 : fill < WINDOW / 4 * 3 ? 4 : 1;
  }

  private boolean canEvict() {
    return victim() != null;
  }

  /** The line that waits longest for a turn in the slot class that may wait longest. */
  private @Nullable HopBacklog victim() {
    for (int i = SLOT_CLASSES.length - 1; i >= 0; i--) {
      LinkedHashSet<HopBacklog> set = turns.get(SLOT_CLASSES[i]);
      if (set != null && !set.isEmpty()) {
        return set.getLast();
      }
      LinkedHashMap<String, LinkedHashSet<HopBacklog>> fresh = arrivals.get(SLOT_CLASSES[i]);
      if (fresh != null && !fresh.isEmpty()) {
        return fresh.lastEntry().getValue().getLast();
      }
    }
    return null;
  }

  private @Nullable ReadyBatch evict() {
    HopBacklog backlog = victim();
    if (backlog == null) {
      return null;
    }
    Map.Entry<String, ArrayDeque<ReadyBatch>> last = backlog.bySender.lastEntry();
    ReadyBatch batch = last.getValue().removeLast();
    if (last.getValue().isEmpty()) {
      backlog.bySender.remove(last.getKey());
    }
    removed(backlog);
    backlog.hop.moreInStore = true;
    settle(backlog.hop);
    forgetIfBare(backlog.hop);
    return batch;
  }

  private void removed(HopBacklog backlog) {
    backlog.ready--;
    backlog.hop.ready--;
    ready--;
    if (backlog.hop.isIdle()) {
      active--;
    }
  }

  // Turns.

  /** Puts a line where its next turn comes, or takes it out when it may have none. */
  private void enqueue(HopBacklog backlog) {
    HopState hop = backlog.hop;
    if (backlog.ready == 0
        || hop.running >= limit(hop)
        || hop.runningTowardIt() >= limits.perHop()) {
      leave(backlog);
      return;
    }
    Address busy = hop.busy;
    if (busy != null && busy.running >= limits.perHop()) {
      if (!backlog.isParked) {
        leave(backlog);
        backlog.isParked = true;
        backlog.place = busy.waiting;
        busy.waiting.add(backlog);
      }
      return;
    }
    if (busy != null) {
      hop.busy = null;
    }
    SlotClass slotClass = SlotClass.of(backlog.nullSender, hop.greeted, hop.slow);
    if (backlog.placedAs == slotClass) {
      return;
    }
    leave(backlog);
    backlog.placedAs = slotClass;
    if (backlog.served) {
      LinkedHashSet<HopBacklog> waiting = java.util.Objects.requireNonNull(turns.get(slotClass));
      backlog.place = waiting;
      waiting.addLast(backlog);
      return;
    }
    backlog.domain = NextHopPauses.domain(backlog.bySender.firstEntry().getKey());
    LinkedHashMap<String, LinkedHashSet<HopBacklog>> fresh =
        java.util.Objects.requireNonNull(arrivals.get(slotClass));
    LinkedHashSet<HopBacklog> ofDomain = fresh.get(backlog.domain);
    if (ofDomain == null) {
      ofDomain = new LinkedHashSet<>(2);
      fresh.putFirst(backlog.domain, ofDomain);
    }
    backlog.isArrival = true;
    backlog.place = ofDomain;
    ofDomain.addFirst(backlog);
  }

  private void leave(HopBacklog backlog) {
    LinkedHashSet<HopBacklog> place = backlog.place;
    if (place == null) {
      return;
    }
    place.remove(backlog);
    SlotClass slotClass = backlog.placedAs;
    if (backlog.isArrival && place.isEmpty() && slotClass != null) {
      java.util.Objects.requireNonNull(arrivals.get(slotClass)).remove(backlog.domain);
    }
    backlog.place = null;
    backlog.placedAs = null;
    backlog.isParked = false;
    backlog.isArrival = false;
  }

  private int limit(HopState hop) {
    boolean one = !hop.greeted || hop.pauses.isPaused() || !hop.answered && isScarce();
    return one ? 1 : Math.min(hop.limit, limits.perHop());
  }

  private void settleBesides(HopState hop) {
    HopState other = hop.besides;
    if (other != null) {
      settle(other);
    }
  }

  /** What a change at a next hop means for its lines, and for fetching more. */
  private void settle(HopState hop) {
    if (hop.own != null) {
      enqueue(hop.own);
    }
    if (hop.nullSender != null) {
      enqueue(hop.nullSender);
    }
    boolean isShort = hop.ready < Math.max(1, allowance(BatchState.QUEUED, 1) / 8);
    if (hop.moreInStore && !hop.pauses.isPaused() && isShort) {
      hopsToRefill.add(hop);
    } else {
      hopsToRefill.remove(hop);
    }
  }

  /** The next round that may begin now, or null. */
  public @Nullable RunningRound next(Instant now) {
    age(now);
    if (ready == 0 || running >= limits.deliveries()) {
      return null;
    }
    for (int i = 0; i < SLOT_CLASSES.length; i++) {
      SlotClass slotClass = SLOT_CLASSES[(turn + i) % SLOT_CLASSES.length];
      HopBacklog backlog = pick(slotClass, now);
      if (backlog != null) {
        turn = (turn + i + 1) % SLOT_CLASSES.length;
        return begin(backlog, slotClass, now);
      }
    }
    return null;
  }

  /** New lines go ahead, but one turn in four is for those that wait, and one for the oldest. */
  private @Nullable HopBacklog pick(SlotClass slotClass, Instant now) {
    LinkedHashSet<HopBacklog> waiting = java.util.Objects.requireNonNull(turns.get(slotClass));
    HopBacklog first = waiting.isEmpty() ? null : waiting.getFirst();
    int pick = picks[slotClass.ordinal()] & 3;
    HopBacklog found = pick == 0 && mayBegin(first, slotClass, now) ? first : null;
    if (found == null) {
      found = arrival(slotClass, pick == 1, now);
    }
    if (found == null && mayBegin(first, slotClass, now)) {
      found = first;
    }
    if (found != null) {
      picks[slotClass.ordinal()]++;
    }
    return found;
  }

  /** A new line of the sender domain whose turn it is; if it may not begin, of one after it. */
  private @Nullable HopBacklog arrival(SlotClass slotClass, boolean oldest, Instant now) {
    LinkedHashMap<String, LinkedHashSet<HopBacklog>> fresh =
        java.util.Objects.requireNonNull(arrivals.get(slotClass));
    for (int i = Math.min(DOMAINS_TRIED, fresh.size()); i > 0; i--) {
      Map.Entry<String, LinkedHashSet<HopBacklog>> next =
          java.util.Objects.requireNonNull(fresh.pollFirstEntry());
      LinkedHashSet<HopBacklog> ofDomain = next.getValue();
      fresh.putLast(next.getKey(), ofDomain);
      HopBacklog backlog = oldest ? ofDomain.getLast() : ofDomain.getFirst();
      if (mayBegin(backlog, slotClass, now)) {
        return backlog;
      }
      backlog = ofDomain.getFirst();
      if (oldest && mayBegin(backlog, slotClass, now)) {
        return backlog;
      }
    }
    return null;
  }

  private boolean mayBegin(@Nullable HopBacklog backlog, SlotClass slotClass, Instant now) {
    if (backlog == null) {
      return false;
    }
    boolean isNew = isNew(backlog, now);
    boolean mayFindOut = isNew || slotClass != SlotClass.UNANSWERED || mayFindOut();
    return hasSlot(slotClass, isNew) && mayFindOut
        || isNew
            && kept < kept()
            && keptBy.getOrDefault(backlog.domain, 0) < Math.max(1, kept() / 2);
  }

  /**
   * Whether more hosts may be found out from the backlog: a host that greets us and then is slow
   * leaves the one class for the other, and both together have their bound.
   */
  private boolean mayFindOut() {
    return taken[SlotClass.UNANSWERED.ordinal()] + taken[SlotClass.SLOW.ordinal()]
        < SlotClass.UNANSWERED.most(limits.deliveries()) + SlotClass.SLOW.most(limits.deliveries());
  }

  /** Slots that are kept for new mail to idle next hops. */
  private int kept() {
    return limits.deliveries() / KEPT;
  }

  private boolean isNew(HopBacklog backlog, Instant now) {
    return !backlog.nullSender
        && !backlog.served
        && backlog.hop.running == 0
        && !backlog.hop.pauses.isPaused()
        && backlog.since.plus(NEW).isAfter(now);
  }

  /** Whether there is a slot besides those that are kept. */
  private boolean hasSlot(SlotClass slotClass, boolean isNew) {
    return running - kept < limits.deliveries() - kept() && hasPart(slotClass, isNew);
  }

  private boolean hasPart(SlotClass slotClass, boolean isNew) {
    int used = taken[slotClass.ordinal()];
    if (slotClass == SlotClass.NULL_SENDER || slotClass == SlotClass.NULL_SENDER_UNANSWERED) {
      int all =
          taken[SlotClass.NULL_SENDER.ordinal()]
              + taken[SlotClass.NULL_SENDER_UNANSWERED.ordinal()];
      if (all >= SlotClass.NULL_SENDER.most(limits.deliveries())) {
        return false;
      }
    }
    int most = slotClass.most(limits.deliveries());
    return used < (isNew && slotClass == SlotClass.UNANSWERED ? 2 * most : most);
  }

  private RunningRound begin(HopBacklog backlog, SlotClass slotClass, Instant now) {
    HopState hop = backlog.hop;
    leave(backlog);
    Map.Entry<String, ArrayDeque<ReadyBatch>> next =
        java.util.Objects.requireNonNull(backlog.bySender.pollFirstEntry());
    ReadyBatch mail = next.getValue().remove();
    if (!next.getValue().isEmpty()) {
      backlog.bySender.putLast(next.getKey(), next.getValue());
    }
    RunningRound round = new RunningRound(mail, hop, slotClass, now, patience(hop));
    if (!hasSlot(slotClass, isNew(backlog, now))) {
      round.keptFor = backlog.domain;
      kept++;
      keptBy.merge(backlog.domain, 1, Integer::sum);
    }
    backlog.served = true;
    backlog.ready--;
    hop.ready--;
    ready--;
    hop.running++;
    running++;
    taken[slotClass.ordinal()]++;
    young.add(round);
    settle(hop);
    settleBesides(hop);
    return round;
  }

  /**
   * Doubles with each failure, as the pause does: a host that greets late is reached all the same.
   */
  private @Nullable Duration patience(HopState hop) {
    return hop.greeted || !isScarce()
        ? null
        : SHORT_PATIENCE.multipliedBy(1L << Math.min(hop.pauses.failures(), 10));
  }

  private boolean isScarce() {
    return 2 * running >= limits.deliveries()
        || isHalfTaken(SlotClass.UNANSWERED)
        || isHalfTaken(SlotClass.NULL_SENDER_UNANSWERED);
  }

  private boolean isHalfTaken(SlotClass slotClass) {
    return 2 * taken[slotClass.ordinal()] >= slotClass.most(limits.deliveries());
  }

  /** Next hops whose rounds have lasted long by now are slow ones. */
  private void age(Instant now) {
    while (!young.isEmpty() && isOld(young.getFirst(), now)) {
      RunningRound oldest = young.removeFirst();
      if (oldest.hop.greeted) {
        aged(oldest);
      }
    }
  }

  private static boolean isOld(RunningRound round, Instant now) {
    return !round.began.plus(SLOW).isAfter(now);
  }

  private void aged(RunningRound round) {
    HopState hop = round.hop;
    round.aged = true;
    hop.aged++;
    hop.slow = true;
    settle(hop);
    recount(round);
  }

  private void recount(RunningRound round) {
    SlotClass slotClass =
        SlotClass.of(round.slotClass.hasNullSender(), round.hop.greeted, round.hop.slow);
    taken[round.slots.ordinal()]--;
    taken[slotClass.ordinal()]++;
    round.slots = slotClass;
  }

  // What a round shows.

  /** A host greeted us in a round. */
  public void greeted(RunningRound round, Instant now) {
    if (round.ended || round.greeted) {
      return;
    }
    round.greeted = true;
    round.hop.greeted = true;
    if (isOld(round, now) && !round.aged) {
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
    leaveAddress(round);
    if (round.ended) {
      return List.of();
    }
    List<InetAddress> free = new ArrayList<>(all.size());
    for (InetAddress at : all) {
      Address known = addresses.get(at);
      if (known == null || known.running < limits.perHop()) {
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
  public void connected(RunningRound round, InetAddress at) {
    if (!round.ended && (round.address == null || !round.address.at.equals(at))) {
      leaveAddress(round);
      use(round, at);
    }
  }

  private void use(RunningRound round, InetAddress at) {
    Address address = addresses.computeIfAbsent(at, Address::new);
    address.running++;
    round.address = address;
  }

  private void leaveAddress(RunningRound round) {
    Address address = round.address;
    if (address != null) {
      round.address = null;
      address.running--;
      wake(address, address.running == 0 ? limits.perHop() : 1);
    }
  }

  /** A next hop that was woken for an address and needs it no more: the next one's turn. */
  private void passOn(HopState hop) {
    Address address = hop.woken;
    if (address != null) {
      hop.woken = null;
      wake(address, 1);
    }
  }

  private void wake(Address address, int most) {
    for (int i = 0; i < most && !address.waiting.isEmpty(); i++) {
      HopBacklog backlog = address.waiting.getFirst();
      leave(backlog);
      backlog.hop.busy = null;
      backlog.hop.woken = address;
      enqueue(backlog);
    }
    if (address.running == 0 && address.waiting.isEmpty()) {
      addresses.remove(address.at);
    }
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
    HopState hop = round.hop;
    round.ended = true;
    young.remove(round);
    hop.running--;
    running--;
    taken[round.slots.ordinal()]--;
    if (round.aged) {
      hop.aged--;
    }
    String keptFor = round.keptFor;
    if (keptFor != null) {
      kept--;
      int left = keptBy.getOrDefault(keptFor, 0) - 1;
      if (left > 0) {
        keptBy.put(keptFor, left);
      } else {
        keptBy.remove(keptFor);
      }
    }
    if (hop.isIdle()) {
      active--;
    }
    leaveAddress(round);
    passOn(hop);
    ReturnedBatches returned =
        switch (result) {
          case RoundResult.Answered a -> {
            unpaused(hop, hop.pauses.answered(round.slotClass.sender, now));
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
    settleBesides(hop);
    settle(hop);
    forgetIfBare(hop);
    return returned;
  }

  private void answers(RunningRound round, int limit, Instant now) {
    HopState hop = round.hop;
    hop.greeted = true;
    hop.answered = true;
    hop.slow = hop.aged > 0 || isOld(round, now);
    hop.limit = Math.clamp(limit, 1, Math.max(1, limits.perHop()));
  }

  private void unpaused(HopState hop, boolean was) {
    if (was) {
      paused--;
      hop.limit = FIRST_ROUNDS;
      hop.moreInStore = true;
    }
  }

  private void putBack(RunningRound round, Instant now) {
    HopState hop = round.hop;
    InetAddress at = round.busyAt;
    Address address = at == null ? null : addresses.get(at);
    hop.busy = address != null && address.running >= limits.perHop() ? address : null;
    ReadyBatch batch = round.slotClass;
    add(hop, batch, now);
    HopBacklog backlog = batch.hasNullSender() ? hop.nullSender : hop.own;
    if (backlog != null) {
      // It keeps its place before others of its sender, and has had its turn.
      ArrayDeque<ReadyBatch> ofSender = backlog.bySender.get(batch.sender);
      if (ofSender != null && ofSender.size() > 1) {
        ofSender.addFirst(ofSender.removeLast());
      }
      leave(backlog);
      backlog.served = true;
      enqueue(backlog);
    }
  }

  private ReturnedBatches unreachable(
      RunningRound round, FailureCause cause, Instant now, double chance) {
    HopState hop = round.hop;
    if (hop.pauses.isAnsweredSince(round.began)) {
      hop.limit = Math.max(1, hop.limit / 2);
      return ReturnedBatches.NONE;
    }
    return pause(round, cause, now, chance);
  }

  private ReturnedBatches failedAfterMail(
      RunningRound round, RoundResult.FailedAfterMail failure, Instant now, double chance) {
    HopState hop = round.hop;
    String sender = round.slotClass.sender;
    boolean isTheHop = hop.pauses.isNextHopAtFault(sender, failure, round.began, limits, now);
    if (!isTheHop) {
      // A probe that failed for its own sake must not keep the others from being tried.
      unpaused(hop, hop.pauses.end());
    }
    answers(round, hop.limit, now);
    return isTheHop ? pause(round, failure.cause(), now, chance) : ReturnedBatches.NONE;
  }

  private ReturnedBatches senderSlowed(
      RunningRound round, FailureCause cause, Instant now, double chance) {
    HopState hop = round.hop;
    unpaused(hop, hop.pauses.end());
    answers(round, hop.limit, now);
    Admission.Paused pause = hop.pauses.slow(round.slotClass.sender, cause, limits, now, chance);
    return ReturnedBatches.of(
        takeOut(hop, NextHopPauses.domain(round.slotClass.sender)), pause, null);
  }

  private ReturnedBatches pause(
      RunningRound round, FailureCause cause, Instant now, double chance) {
    HopState hop = round.hop;
    boolean was = hop.pauses.isPaused();
    hop.pauses.begin(cause, limits, now, chance);
    hop.pauses.addWaiting(round.slotClass.key);
    hop.limit = FIRST_ROUNDS;
    List<ReadyBatch> out = takeOut(hop, null);
    out.forEach(r -> hop.pauses.addWaiting(r.key));
    if (!was && ++paused > MOST_PAUSED) {
      forgetOnePaused(hop);
    }
    return ReturnedBatches.of(out, hop.pauses.of(round.slotClass.sender, now), hop.pauses.oldest());
  }

  private void forgetOnePaused(HopState but) {
    for (HopState hop : hops.values()) {
      if (hop != but && hop.pauses.isPaused() && hop.isIdle()) {
        forget(hop);
        return;
      }
    }
  }

  /** Takes batches out of the lines of a next hop: those of one sender's domain, or all. */
  private List<ReadyBatch> takeOut(HopState hop, @Nullable String domain) {
    List<ReadyBatch> out = new ArrayList<>();
    for (HopBacklog backlog : new HopBacklog[] {hop.own, hop.nullSender}) {
      if (backlog == null || backlog.ready == 0) {
        continue;
      }
      for (Iterator<Map.Entry<String, ArrayDeque<ReadyBatch>>> i =
              backlog.bySender.entrySet().iterator();
          i.hasNext(); ) {
        Map.Entry<String, ArrayDeque<ReadyBatch>> entry = i.next();
        if (domain == null || NextHopPauses.domain(entry.getKey()).equals(domain)) {
          out.addAll(entry.getValue());
          entry.getValue().forEach(r -> removed(backlog));
          i.remove();
        }
      }
    }
    return out;
  }

  /** Takes a waiting batch out of its line; false when it is not there. */
  public boolean withdraw(BatchKey key, String hopKey, String sender) {
    HopState hop = hops.get(hopKey);
    HopBacklog backlog = hop == null ? null : sender.isEmpty() ? hop.nullSender : hop.own;
    ArrayDeque<ReadyBatch> ofSender = backlog == null ? null : backlog.bySender.get(sender);
    if (hop == null
        || backlog == null
        || ofSender == null
        || !ofSender.removeIf(r -> r.key.equals(key))) {
      return false;
    }
    if (ofSender.isEmpty()) {
      backlog.bySender.remove(sender);
    }
    removed(backlog);
    settle(hop);
    forgetIfBare(hop);
    return true;
  }

  /** Lets a paused next hop be tried at once, because an admin orders it. */
  public void wake(String hopKey, Instant now) {
    HopState hop = hops.get(hopKey);
    if (hop != null) {
      hop.pauses.wake(now);
    }
  }

  // The store.

  /** Whether a query of the store by time would find hardly any mail a place. */
  public boolean isFull() {
    return fill() >= WINDOW / 4 * 3;
  }

  /** Notes that batches for a next hop went to the store for want of a place. */
  public void moreInStore(String hop) {
    moreInStore(hop(hop));
  }

  private void moreInStore(HopState hop) {
    hop.moreInStore = true;
    settle(hop);
  }

  /** Next hops whose lines have become short while the store has more, at most {@code most}. */
  public List<String> hopsToRefill(int most) {
    if (hopsToRefill.isEmpty() || fill() >= WINDOW / 8 * 7) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (int i = Math.min(most, hopsToRefill.size()); i > 0; i--) {
      HopState hop = hopsToRefill.removeFirst();
      hopsToRefill.addLast(hop);
      found.add(hop.key);
    }
    return found;
  }

  /** Rows to read for a next hop, so that those in hand and a line's worth of others are among. */
  public int rowsToRead(String hopKey) {
    HopState hop = hops.get(hopKey);
    int inHand = hop == null ? 0 : hop.ready + hop.running;
    return inHand + Math.min(READY_PER_HOP, 2 * Math.max(1, allowance(BatchState.QUEUED, 1)));
  }

  /** The store has no more for a next hop. */
  public void storeIsEmpty(String hopKey) {
    HopState hop = hops.get(hopKey);
    if (hop != null) {
      hop.moreInStore = false;
      settle(hop);
      forgetIfBare(hop);
    }
  }

  /** Forgets old failures, and wakes next hops that wait for an address with a free slot. */
  public void sweep(Instant now) {
    for (Address address : List.copyOf(addresses.values())) {
      if (!address.waiting.isEmpty()) {
        wake(address, limits.perHop() - address.running);
      }
    }
    if (now.isBefore(nextSweep)) {
      return;
    }
    nextSweep = now.plusSeconds(60);
    for (HopState hop : List.copyOf(hops.values())) {
      if (hop.pauses.removeOld(limits, hop.isIdle(), now)) {
        paused--;
      }
      settle(hop);
      forgetIfBare(hop);
    }
  }
}
