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
import org.sealwax.router.spool.ShareKey;
import org.sealwax.router.spool.ShareState;

/**
 * Decides whose round begins next. Pure: events and the time go in, actions come out; no lock, no
 * store, no clock, no thread. {@link Queue} calls it under its lock and carries out what it says.
 *
 * <p><b>Turns.</b> Next hops take turns, and within a next hop senders do. Mail for a next hop at
 * which nothing runs and nothing waits goes ahead once: sender domains in turn, and of each the
 * newest first in three of four turns. After that the next hop waits for its turn like the others.
 *
 * <p><b>Slots.</b> Rounds need one of {@link Limits#deliveries} slots. {@link SlotShare} says how
 * many of them mail may take that strangers make us write, next hops that never answered, and slow
 * ones. The last fifth is for mail that came within {@link #NEW} to a next hop at which nothing
 * runs, so that it finds a slot whatever the backlog does; half of it for one sender's domain. A
 * next hop has one round until a host of it has greeted us (while slots are scarce: until it has
 * answered one), then {@value #FIRST_ROUNDS}, and one more for each round that it answers. An MX
 * address has at most {@link Limits#perHop} rounds, however many next hops lead to it.
 *
 * <p><b>Window.</b> At most {@link #WINDOW} shares are in line or in a round. The fuller it is, the
 * fewer one next hop may have in line; what was tried before gets at most half of it and what comes
 * from the store at most seven eighths, so that new mail always finds a place. What finds none goes
 * to the store, and is fetched by next hop when the line gets short.
 *
 * <p><b>Pauses.</b> A next hop to which nothing can be delivered is left alone, from {@link
 * Limits#pauseFirst} doubling to {@link Limits#pauseMost}, unless the trouble is known to end
 * sooner. Then the oldest message that is known to wait goes as a probe. A failure after MAIL
 * pauses the next hop only when an unrelated message meets it too, before any other got through. A
 * host that slows down a sender's domain pauses the pair of next hop and domain.
 *
 * <p><b>Cost.</b> Every call takes constant time, but for lines that are emptied by a pause and for
 * {@link #sweep}. Memory is bounded by the window and by {@link #MOST_HOPS}.
 */
public final class Scheduler {
  /** Shares in line and in rounds at most. */
  public static final int WINDOW = 3000;

  /** Shares for one next hop in line. */
  static final int READY_PER_HOP = 400;

  /** Of these, shares of one sender. */
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

  /** How long a host that never greeted us may keep us waiting at first while slots are scarce. */
  static final Duration SHORT_PATIENCE = Duration.ofSeconds(5);

  /** How long the others wait for what a probe finds. */
  static final Duration PROBE_WAIT = Duration.ofMinutes(2);

  /** When a share that found no place looks again, if nobody fetches it before. */
  static final Duration LOOK_AGAIN = Duration.ofMinutes(10);

  /** One slot in so many is kept for new mail to idle next hops. */
  static final int KEPT = 5;

  /** Sender domains that are asked for a new line before the others have their turn. */
  private static final int DOMAINS_TRIED = 4;

  private static final SlotShare[] SHARES = SlotShare.values();

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

  /** A share in line. */
  public static final class Ready {
    final ShareKey key;
    final String hop;
    final String sender;
    final ShareState state;
    @Nullable Hot hot;

    /**
     * A share.
     *
     * @param sender the reverse-path's text; empty for the null sender
     * @param state FRESH when it was accepted just now, else where it stood in the store
     */
    public Ready(ShareKey key, String hop, String sender, ShareState state) {
      this.key = key;
      this.hop = hop;
      this.sender = sender;
      this.state = state;
    }

    /** Identifies it. */
    public ShareKey key() {
      return key;
    }

    /** The key of its next hop. */
    public String hop() {
      return hop;
    }

    private boolean isStrangers() {
      return sender.isEmpty();
    }
  }

  /** Whether a share found a place. */
  public sealed interface Offer {
    /**
     * It will be its turn.
     *
     * @param evicted a share that lost its place for it and goes back to the store, or null
     */
    record Taken(@Nullable Ready evicted) implements Offer {}

    /** No place now: back to the store. */
    record Crowded() implements Offer {}

    /**
     * The next hop is left alone, or the pair of it and the sender's domain.
     *
     * @param until when that ends
     * @param spread how long after it the shares may be spread
     */
    record Paused(Instant until, Duration spread, Cause cause) implements Offer {}
  }

  /**
   * Shares that lost their place in line, and go back to the store.
   *
   * @param shares those
   * @param pause until when, and why; null exactly when there are none
   * @param probe which of them is to come first, or null
   */
  public record Back(List<Ready> shares, Offer.@Nullable Paused pause, @Nullable ShareKey probe) {
    static final Back NONE = new Back(List.of(), null, null);

    private static Back of(
        List<Ready> shares, Offer.@Nullable Paused pause, @Nullable ShareKey probe) {
      return shares.isEmpty() ? NONE : new Back(shares, pause, probe);
    }
  }

  /**
   * A share that is to go as the probe of its next hop, whatever its own time.
   *
   * @param hop the next hop's key
   * @param key the share
   */
  public record Probe(String hop, ShareKey key) {}

  /** A round under way. */
  public static final class Round {
    final Ready share;
    private final Hop hop;
    private final Instant began;
    private final @Nullable Duration patience;
    private final boolean knownBefore;
    private SlotShare slots;
    private @Nullable Address address;
    private @Nullable InetAddress busyAt;
    private boolean greeted;
    private boolean aged;
    private @Nullable String keptFor;
    private boolean ended;

    private Round(
        Ready share, Hop hop, SlotShare slots, Instant began, @Nullable Duration patience) {
      this.share = share;
      this.hop = hop;
      this.slots = slots;
      this.began = began;
      this.patience = patience;
      this.knownBefore = hop.greeted;
    }

    /** What it carries. */
    public Ready share() {
      return share;
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

  /** Mail that waits for one next hop: its own and strangers' are two lines. */
  private static final class HopLine {
    final Hop hop;
    final boolean strangers;
    final LinkedHashMap<String, ArrayDeque<Ready>> bySender = new LinkedHashMap<>(2);
    int ready;
    Instant since = Instant.MIN;
    boolean served;
    @Nullable LinkedHashSet<HopLine> place;
    @Nullable SlotShare placedAs;
    String domain = "";
    boolean isParked;
    boolean isArrival;

    HopLine(Hop hop, boolean strangers) {
      this.hop = hop;
      this.strangers = strangers;
    }
  }

  private static final class Hop {
    final String key;
    @Nullable HopLine own;
    @Nullable HopLine strangers;
    int ready;
    int running;
    int limit = FIRST_ROUNDS;
    boolean greeted;
    boolean answered;
    // Until it has answered a round in time: a host that greets at once may be slow later.
    boolean slow = true;
    boolean moreInStore;
    int aged;
    final HopPauses pauses = new HopPauses();
    @Nullable Address busy;
    @Nullable Address woken;

    Hop(String key) {
      this.key = key;
    }

    boolean isIdle() {
      return ready == 0 && running == 0;
    }
  }

  private static final class Address {
    final InetAddress at;
    int running;
    final LinkedHashSet<HopLine> waiting = new LinkedHashSet<>(2);

    Address(InetAddress at) {
      this.at = at;
    }
  }

  private final LinkedHashMap<String, Hop> hops = new LinkedHashMap<>(64, 0.75f, true);
  private final Map<InetAddress, Address> addresses = new HashMap<>();

  /** Lines that came to be, by share and by the domain of their sender, the newest first. */
  private final Map<SlotShare, LinkedHashMap<String, LinkedHashSet<HopLine>>> arrivals =
      new EnumMap<>(SlotShare.class);

  private final Map<SlotShare, LinkedHashSet<HopLine>> turns = new EnumMap<>(SlotShare.class);
  private final LinkedHashSet<Hop> hungry = new LinkedHashSet<>();
  private final LinkedHashSet<Round> young = new LinkedHashSet<>();
  private final List<Probe> probes = new ArrayList<>();
  private final Map<String, Integer> keptBy = new HashMap<>();
  private final int[] taken = new int[SHARES.length];
  private final int[] picks = new int[SHARES.length];
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
    for (SlotShare share : SHARES) {
      arrivals.put(share, new LinkedHashMap<>());
      turns.put(share, new LinkedHashSet<>());
    }
  }

  /** Puts other bounds in force. */
  public void use(Limits other) {
    limits = other;
    hops.values().forEach(this::settle);
  }

  /** Shares in line. */
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
    Hop known = hops.get(hop);
    return known != null && known.pauses.isPaused(then);
  }

  // Mail comes.

  /**
   * What {@link #offer} of a share that is being accepted would say; when it would be taken, its
   * place is reserved until {@link #offer} or {@link #release}.
   */
  public Offer reserve(String hop, String sender, Instant now) {
    Hop known = hops.get(hop);
    Offer offer = known == null ? place() : place(known, sender, ShareState.FRESH, now);
    if (offer instanceof Offer.Taken) {
      reserved++;
    }
    return offer;
  }

  /** Gives a reserved place back. */
  public void release() {
    reserved--;
  }

  /** Puts a share into its line, if there is place; one that is FRESH gives its reservation up. */
  public Offer offer(Ready share, Instant now) {
    if (share.state == ShareState.FRESH) {
      reserved--;
    }
    Hop hop = hop(share.hop);
    Offer place = place(hop, share.sender, share.state, now);
    switch (place) {
      case Offer.Taken t -> {
        ShareKey oldest = hop.pauses.oldest();
        if (oldest != null && !oldest.equals(share.key)) {
          hop.pauses.waits(share.key);
          probes.add(new Probe(hop.key, java.util.Objects.requireNonNull(hop.pauses.oldest())));
          return hop.pauses.forProbe(now);
        }
        Ready evicted = fill() >= WINDOW ? evict() : null;
        add(hop, share, now);
        return evicted == null ? t : new Offer.Taken(evicted);
      }
      case Offer.Crowded c -> moreInStore(hop);
      case Offer.Paused p -> {
        hop.pauses.waits(share.key);
        if (share.key.equals(hop.pauses.oldest())) {
          return new Offer.Paused(p.until(), Duration.ZERO, p.cause());
        }
      }
    }
    forgetIfBare(hop);
    return place;
  }

  /** The share that {@link #probes} asked for: it goes at once, unless another is on its way. */
  public boolean offerProbe(Ready share, Instant now) {
    Hop hop = hops.get(share.hop);
    if (hop == null || !hop.isIdle() || !hop.pauses.isPaused() || hop.pauses.isPaused(now)) {
      return false;
    }
    add(hop, share, now);
    return true;
  }

  /** The share that {@link #probes} asked for is gone: any other may go. */
  public void noProbe(Probe probe) {
    Hop hop = hops.get(probe.hop());
    if (hop != null) {
      hop.pauses.isGone(probe.key());
    }
  }

  /** Shares that are to be offered as probes; each is told once. */
  public List<Probe> probes() {
    if (probes.isEmpty()) {
      return List.of();
    }
    List<Probe> out = List.copyOf(probes);
    probes.clear();
    return out;
  }

  private void add(Hop hop, Ready share, Instant now) {
    HopLine line = share.isStrangers() ? hop.strangers : hop.own;
    if (line == null) {
      line = new HopLine(hop, share.isStrangers());
      if (line.strangers) {
        hop.strangers = line;
      } else {
        hop.own = line;
      }
    }
    if (hop.isIdle()) {
      active++;
    }
    if (line.ready == 0) {
      line.since = now;
      // What comes from the store is backlog.
      line.served = share.state != ShareState.FRESH;
    }
    line.bySender.computeIfAbsent(share.sender, k -> new ArrayDeque<>(2)).add(share);
    line.ready++;
    hop.ready++;
    ready++;
    enqueue(line);
  }

  private Hop hop(String key) {
    Hop known = hops.get(key);
    if (known == null) {
      known = new Hop(key);
      hops.put(key, known);
      if (hops.size() > MOST_HOPS + active) {
        forgetOne(known);
      }
    }
    return known;
  }

  /** Forgets one next hop with nothing in hand: the one that was not asked about for longest. */
  private void forgetOne(Hop but) {
    Hop found = null;
    for (Hop hop : hops.values()) {
      if (hop != but && hop.isIdle()) {
        found = hop;
        break;
      }
    }
    if (found != null) {
      forget(found);
    }
  }

  private void forget(Hop hop) {
    hops.remove(hop.key);
    hungry.remove(hop);
    if (hop.pauses.isPaused()) {
      paused--;
    }
  }

  /** A next hop of which nothing is known that matters later is not kept. */
  private void forgetIfBare(Hop hop) {
    if (!hop.isIdle()) {
      return;
    }
    passOn(hop);
    hop.own = null;
    hop.strangers = null;
    if (!hop.greeted && !hop.moreInStore && hop.pauses.isBare()) {
      forget(hop);
    }
  }

  // Places in the window.

  private int fill() {
    return ready + running + reserved;
  }

  private Offer place(Hop hop, String sender, ShareState state, Instant now) {
    Offer.Paused pause = hop.pauses.of(sender, now);
    if (pause != null) {
      return pause;
    }
    if (hop.pauses.isPaused() && !hop.isIdle()) {
      return hop.pauses.forProbe(now);
    }
    HopLine line = sender.isEmpty() ? hop.strangers : hop.own;
    int inLine = line == null ? 0 : line.ready;
    ArrayDeque<Ready> ofSender = line == null ? null : line.bySender.get(sender);
    if (inLine >= allowance(state, inLine)
        || ofSender != null && ofSender.size() >= READY_PER_SENDER) {
      return new Offer.Crowded();
    }
    return new Offer.Taken(null);
  }

  /** At a next hop of which nothing is known. */
  private Offer place() {
    return allowance(ShareState.FRESH, 0) > 0 ? new Offer.Taken(null) : new Offer.Crowded();
  }

  /** Shares in line that one next hop may have now. */
  private int allowance(ShareState state, int inLine) {
    int fill = fill();
    int most =
        switch (state) {
          case FRESH -> WINDOW;
          case QUEUED, HELD -> WINDOW / 8 * 7;
          case DEFERRED -> WINDOW / 2;
        };
    if (fill >= most) {
      // A new message is worth the place of one that waits behind others.
      return state == ShareState.FRESH && inLine == 0 && canEvict() ? 1 : 0;
    }
    return fill < WINDOW / 4
        ? READY_PER_HOP
        : fill < WINDOW / 2 ? READY_PER_HOP / 10 : fill < WINDOW / 4 * 3 ? 4 : 1;
  }

  private boolean canEvict() {
    return victim() != null;
  }

  /** The line that waits longest for a turn in the share that may wait longest. */
  private @Nullable HopLine victim() {
    for (int i = SHARES.length - 1; i >= 0; i--) {
      LinkedHashSet<HopLine> set = turns.get(SHARES[i]);
      if (set != null && !set.isEmpty()) {
        return set.getLast();
      }
      LinkedHashMap<String, LinkedHashSet<HopLine>> fresh = arrivals.get(SHARES[i]);
      if (fresh != null && !fresh.isEmpty()) {
        return fresh.lastEntry().getValue().getLast();
      }
    }
    return null;
  }

  private @Nullable Ready evict() {
    HopLine line = victim();
    if (line == null) {
      return null;
    }
    Map.Entry<String, ArrayDeque<Ready>> last = line.bySender.lastEntry();
    Ready share = last.getValue().removeLast();
    if (last.getValue().isEmpty()) {
      line.bySender.remove(last.getKey());
    }
    removed(line);
    line.hop.moreInStore = true;
    settle(line.hop);
    forgetIfBare(line.hop);
    return share;
  }

  private void removed(HopLine line) {
    line.ready--;
    line.hop.ready--;
    ready--;
    if (line.hop.isIdle()) {
      active--;
    }
  }

  // Turns.

  /** Puts a line where its next turn comes, or takes it out when it may have none. */
  private void enqueue(HopLine line) {
    Hop hop = line.hop;
    if (line.ready == 0 || hop.running >= limit(hop)) {
      leave(line);
      return;
    }
    Address busy = hop.busy;
    if (busy != null && busy.running >= limits.perHop()) {
      if (!line.isParked) {
        leave(line);
        line.isParked = true;
        line.place = busy.waiting;
        busy.waiting.add(line);
      }
      return;
    }
    if (busy != null) {
      hop.busy = null;
    }
    SlotShare share = SlotShare.of(line.strangers, hop.greeted, hop.slow);
    if (line.placedAs == share) {
      return;
    }
    leave(line);
    line.placedAs = share;
    if (line.served) {
      LinkedHashSet<HopLine> waiting = java.util.Objects.requireNonNull(turns.get(share));
      line.place = waiting;
      waiting.addLast(line);
      return;
    }
    line.domain = HopPauses.domain(line.bySender.firstEntry().getKey());
    LinkedHashMap<String, LinkedHashSet<HopLine>> fresh =
        java.util.Objects.requireNonNull(arrivals.get(share));
    LinkedHashSet<HopLine> ofDomain = fresh.get(line.domain);
    if (ofDomain == null) {
      ofDomain = new LinkedHashSet<>(2);
      fresh.putFirst(line.domain, ofDomain);
    }
    line.isArrival = true;
    line.place = ofDomain;
    ofDomain.addFirst(line);
  }

  private void leave(HopLine line) {
    LinkedHashSet<HopLine> place = line.place;
    if (place == null) {
      return;
    }
    place.remove(line);
    SlotShare share = line.placedAs;
    if (line.isArrival && place.isEmpty() && share != null) {
      java.util.Objects.requireNonNull(arrivals.get(share)).remove(line.domain);
    }
    line.place = null;
    line.placedAs = null;
    line.isParked = false;
    line.isArrival = false;
  }

  private int limit(Hop hop) {
    boolean one = !hop.greeted || hop.pauses.isPaused() || !hop.answered && isScarce();
    return one ? 1 : Math.min(hop.limit, limits.perHop());
  }

  /** What a change at a next hop means for its lines, and for fetching more. */
  private void settle(Hop hop) {
    if (hop.own != null) {
      enqueue(hop.own);
    }
    if (hop.strangers != null) {
      enqueue(hop.strangers);
    }
    boolean isShort = hop.ready < Math.max(1, allowance(ShareState.QUEUED, 1) / 8);
    if (hop.moreInStore && !hop.pauses.isPaused() && isShort) {
      hungry.add(hop);
    } else {
      hungry.remove(hop);
    }
  }

  /** The next round that may begin now, or null. */
  public @Nullable Round next(Instant now) {
    age(now);
    if (ready == 0 || running >= limits.deliveries()) {
      return null;
    }
    for (int i = 0; i < SHARES.length; i++) {
      SlotShare share = SHARES[(turn + i) % SHARES.length];
      HopLine line = pick(share, now);
      if (line != null) {
        turn = (turn + i + 1) % SHARES.length;
        return begin(line, share, now);
      }
    }
    return null;
  }

  /** New lines go ahead, but one turn in four is for those that wait, and one for the oldest. */
  private @Nullable HopLine pick(SlotShare share, Instant now) {
    LinkedHashSet<HopLine> waiting = java.util.Objects.requireNonNull(turns.get(share));
    HopLine first = waiting.isEmpty() ? null : waiting.getFirst();
    int pick = picks[share.ordinal()] & 3;
    HopLine found = pick == 0 && mayBegin(first, share, now) ? first : null;
    if (found == null) {
      found = arrival(share, pick == 1, now);
    }
    if (found == null && mayBegin(first, share, now)) {
      found = first;
    }
    if (found != null) {
      picks[share.ordinal()]++;
    }
    return found;
  }

  /** A new line of the sender domain whose turn it is; if it may not begin, of one after it. */
  private @Nullable HopLine arrival(SlotShare share, boolean oldest, Instant now) {
    LinkedHashMap<String, LinkedHashSet<HopLine>> fresh =
        java.util.Objects.requireNonNull(arrivals.get(share));
    for (int i = Math.min(DOMAINS_TRIED, fresh.size()); i > 0; i--) {
      Map.Entry<String, LinkedHashSet<HopLine>> next =
          java.util.Objects.requireNonNull(fresh.pollFirstEntry());
      LinkedHashSet<HopLine> ofDomain = next.getValue();
      fresh.putLast(next.getKey(), ofDomain);
      HopLine line = oldest ? ofDomain.getLast() : ofDomain.getFirst();
      if (mayBegin(line, share, now)) {
        return line;
      }
      line = ofDomain.getFirst();
      if (oldest && mayBegin(line, share, now)) {
        return line;
      }
    }
    return null;
  }

  private boolean mayBegin(@Nullable HopLine line, SlotShare share, Instant now) {
    if (line == null) {
      return false;
    }
    boolean isNew = isNew(line, now);
    boolean mayFindOut = isNew || share != SlotShare.UNANSWERED || mayFindOut();
    return hasRoom(share, isNew) && mayFindOut
        || isNew && kept < kept() && keptBy.getOrDefault(line.domain, 0) < Math.max(1, kept() / 2);
  }

  /**
   * Whether more hosts may be found out from the backlog: who greets us and then is slow leaves the
   * one share for the other, and both together have their bound.
   */
  private boolean mayFindOut() {
    return taken[SlotShare.UNANSWERED.ordinal()] + taken[SlotShare.SLOW.ordinal()]
        < SlotShare.UNANSWERED.most(limits.deliveries()) + SlotShare.SLOW.most(limits.deliveries());
  }

  /** Slots that are kept for new mail to idle next hops. */
  private int kept() {
    return limits.deliveries() / KEPT;
  }

  private boolean isNew(HopLine line, Instant now) {
    return !line.strangers
        && !line.served
        && line.hop.running == 0
        && !line.hop.pauses.isPaused()
        && line.since.plus(NEW).isAfter(now);
  }

  /** Whether there is a slot besides those that are kept. */
  private boolean hasRoom(SlotShare share, boolean isNew) {
    return running - kept < limits.deliveries() - kept() && hasPart(share, isNew);
  }

  private boolean hasPart(SlotShare share, boolean isNew) {
    int used = taken[share.ordinal()];
    if (share == SlotShare.STRANGERS || share == SlotShare.STRANGERS_UNANSWERED) {
      int all =
          taken[SlotShare.STRANGERS.ordinal()] + taken[SlotShare.STRANGERS_UNANSWERED.ordinal()];
      if (all >= SlotShare.STRANGERS.most(limits.deliveries())) {
        return false;
      }
    }
    int most = share.most(limits.deliveries());
    return used < (isNew && share == SlotShare.UNANSWERED ? 2 * most : most);
  }

  private Round begin(HopLine line, SlotShare share, Instant now) {
    Hop hop = line.hop;
    leave(line);
    Map.Entry<String, ArrayDeque<Ready>> next =
        java.util.Objects.requireNonNull(line.bySender.pollFirstEntry());
    Ready mail = next.getValue().remove();
    if (!next.getValue().isEmpty()) {
      line.bySender.putLast(next.getKey(), next.getValue());
    }
    Round round = new Round(mail, hop, share, now, patience(hop));
    if (!hasRoom(share, isNew(line, now))) {
      round.keptFor = line.domain;
      kept++;
      keptBy.merge(line.domain, 1, Integer::sum);
    }
    line.served = true;
    line.ready--;
    hop.ready--;
    ready--;
    hop.running++;
    running++;
    taken[share.ordinal()]++;
    young.add(round);
    settle(hop);
    return round;
  }

  /**
   * Doubles with each failure, as the pause does: a host that greets late is reached all the same.
   */
  private @Nullable Duration patience(Hop hop) {
    return hop.greeted || !isScarce()
        ? null
        : SHORT_PATIENCE.multipliedBy(1L << Math.min(hop.pauses.failures(), 10));
  }

  private boolean isScarce() {
    return 2 * running >= limits.deliveries()
        || isHalfTaken(SlotShare.UNANSWERED)
        || isHalfTaken(SlotShare.STRANGERS_UNANSWERED);
  }

  private boolean isHalfTaken(SlotShare share) {
    return 2 * taken[share.ordinal()] >= share.most(limits.deliveries());
  }

  /** Next hops whose rounds have lasted long by now are slow ones. */
  private void age(Instant now) {
    while (!young.isEmpty() && isOld(young.getFirst(), now)) {
      Round oldest = young.removeFirst();
      if (oldest.hop.greeted) {
        aged(oldest);
      }
    }
  }

  private static boolean isOld(Round round, Instant now) {
    return !round.began.plus(SLOW).isAfter(now);
  }

  private void aged(Round round) {
    Hop hop = round.hop;
    round.aged = true;
    hop.aged++;
    hop.slow = true;
    settle(hop);
    recount(round);
  }

  private void recount(Round round) {
    SlotShare share = SlotShare.of(round.share.isStrangers(), round.hop.greeted, round.hop.slow);
    taken[round.slots.ordinal()]--;
    taken[share.ordinal()]++;
    round.slots = share;
  }

  // What a round tells.

  /** A host greeted us in a round. */
  public void greeted(Round round, Instant now) {
    if (round.ended || round.greeted) {
      return;
    }
    round.greeted = true;
    round.hop.greeted = true;
    if (isOld(round, now) && !round.aged) {
      young.remove(round);
      aged(round);
    } else {
      // The round keeps its slot among the unanswered until it ends or is a slow one: who greets us
      // at once and then dawdles must not have the slots of those who do not.
      settle(round.hop);
    }
  }

  /**
   * Which of an MX host's addresses a round may dial now; the first counts as used by it.
   *
   * @param all in the order in which they would be dialled
   */
  public List<InetAddress> free(Round round, List<InetAddress> all) {
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
  public void connected(Round round, InetAddress at) {
    if (!round.ended && (round.address == null || !round.address.at.equals(at))) {
      leaveAddress(round);
      use(round, at);
    }
  }

  private void use(Round round, InetAddress at) {
    Address address = addresses.computeIfAbsent(at, Address::new);
    address.running++;
    round.address = address;
  }

  private void leaveAddress(Round round) {
    Address address = round.address;
    if (address != null) {
      round.address = null;
      address.running--;
      wake(address, address.running == 0 ? limits.perHop() : 1);
    }
  }

  /** A next hop that was woken for an address and needs it no more: the next one's turn. */
  private void passOn(Hop hop) {
    Address address = hop.woken;
    if (address != null) {
      hop.woken = null;
      wake(address, 1);
    }
  }

  private void wake(Address address, int most) {
    for (int i = 0; i < most && !address.waiting.isEmpty(); i++) {
      HopLine line = address.waiting.getFirst();
      leave(line);
      line.hop.busy = null;
      line.hop.woken = address;
      enqueue(line);
    }
    if (address.running == 0 && address.waiting.isEmpty()) {
      addresses.remove(address.at);
    }
  }

  /**
   * A round ended.
   *
   * @param chance from 0.0 to 1.0, for the jitter of a pause
   * @return shares that were in line
   */
  public Back ended(Round round, RoundResult result, Instant now, double chance) {
    if (round.ended) {
      return Back.NONE;
    }
    Hop hop = round.hop;
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
    Back back =
        switch (result) {
          case RoundResult.Answered a -> {
            unpaused(hop, hop.pauses.answered(round.share.sender, now));
            answers(round, hop.limit + 1, now);
            yield Back.NONE;
          }
          case RoundResult.Nothing n -> Back.NONE;
          case RoundResult.Busy b -> {
            putBack(round, now);
            yield Back.NONE;
          }
          case RoundResult.Unreachable u -> unreachable(round, u.cause(), now, chance);
          case RoundResult.FailedAfterMail f -> failedAfterMail(round, f, now, chance);
          case RoundResult.SenderSlowed s -> senderSlowed(round, s.cause(), now, chance);
        };
    settle(hop);
    forgetIfBare(hop);
    return back;
  }

  private void answers(Round round, int limit, Instant now) {
    Hop hop = round.hop;
    hop.greeted = true;
    hop.answered = true;
    hop.slow = hop.aged > 0 || isOld(round, now);
    hop.limit = Math.clamp(limit, 1, Math.max(1, limits.perHop()));
  }

  private void unpaused(Hop hop, boolean was) {
    if (was) {
      paused--;
      hop.limit = FIRST_ROUNDS;
      hop.moreInStore = true;
    }
  }

  private void putBack(Round round, Instant now) {
    Hop hop = round.hop;
    InetAddress at = round.busyAt;
    Address address = at == null ? null : addresses.get(at);
    hop.busy = address != null && address.running >= limits.perHop() ? address : null;
    Ready share = round.share;
    add(hop, share, now);
    HopLine line = share.isStrangers() ? hop.strangers : hop.own;
    if (line != null) {
      // It keeps its place before others of its sender, and has had its turn.
      ArrayDeque<Ready> ofSender = line.bySender.get(share.sender);
      if (ofSender != null && ofSender.size() > 1) {
        ofSender.addFirst(ofSender.removeLast());
      }
      leave(line);
      line.served = true;
      enqueue(line);
    }
  }

  private Back unreachable(Round round, Cause cause, Instant now, double chance) {
    Hop hop = round.hop;
    if (hop.pauses.isAnsweredSince(round.began)) {
      hop.limit = Math.max(1, hop.limit / 2);
      return Back.NONE;
    }
    return pause(round, cause, now, chance);
  }

  private Back failedAfterMail(
      Round round, RoundResult.FailedAfterMail failure, Instant now, double chance) {
    Hop hop = round.hop;
    String sender = round.share.sender;
    boolean isTheHop = hop.pauses.isNotTheMessage(sender, failure, round.began, limits, now);
    if (!isTheHop) {
      // A probe that failed for its own sake must not keep the others from being tried.
      unpaused(hop, hop.pauses.end());
    }
    answers(round, hop.limit, now);
    return isTheHop ? pause(round, failure.cause(), now, chance) : Back.NONE;
  }

  private Back senderSlowed(Round round, Cause cause, Instant now, double chance) {
    Hop hop = round.hop;
    unpaused(hop, hop.pauses.end());
    answers(round, hop.limit, now);
    Offer.Paused pause = hop.pauses.slow(round.share.sender, cause, limits, now, chance);
    return Back.of(takeOut(hop, HopPauses.domain(round.share.sender)), pause, null);
  }

  private Back pause(Round round, Cause cause, Instant now, double chance) {
    Hop hop = round.hop;
    boolean was = hop.pauses.isPaused();
    hop.pauses.begin(cause, limits, now, chance);
    hop.pauses.waits(round.share.key);
    hop.limit = FIRST_ROUNDS;
    List<Ready> out = takeOut(hop, null);
    out.forEach(r -> hop.pauses.waits(r.key));
    if (!was && ++paused > MOST_PAUSED) {
      forgetOnePaused(hop);
    }
    return Back.of(out, hop.pauses.of(round.share.sender, now), hop.pauses.oldest());
  }

  private void forgetOnePaused(Hop but) {
    for (Hop hop : hops.values()) {
      if (hop != but && hop.pauses.isPaused() && hop.isIdle()) {
        forget(hop);
        return;
      }
    }
  }

  /** Takes shares out of the lines of a next hop: those of one sender's domain, or all. */
  private List<Ready> takeOut(Hop hop, @Nullable String domain) {
    List<Ready> out = new ArrayList<>();
    for (HopLine line : new HopLine[] {hop.own, hop.strangers}) {
      if (line == null || line.ready == 0) {
        continue;
      }
      for (Iterator<Map.Entry<String, ArrayDeque<Ready>>> i = line.bySender.entrySet().iterator();
          i.hasNext(); ) {
        Map.Entry<String, ArrayDeque<Ready>> entry = i.next();
        if (domain == null || HopPauses.domain(entry.getKey()).equals(domain)) {
          out.addAll(entry.getValue());
          entry.getValue().forEach(r -> removed(line));
          i.remove();
        }
      }
    }
    return out;
  }

  /** Takes a waiting share out of its line; false when it is not there. */
  public boolean withdraw(ShareKey key, String hopKey, String sender) {
    Hop hop = hops.get(hopKey);
    HopLine line = hop == null ? null : sender.isEmpty() ? hop.strangers : hop.own;
    ArrayDeque<Ready> ofSender = line == null ? null : line.bySender.get(sender);
    if (hop == null
        || line == null
        || ofSender == null
        || !ofSender.removeIf(r -> r.key.equals(key))) {
      return false;
    }
    if (ofSender.isEmpty()) {
      line.bySender.remove(sender);
    }
    removed(line);
    settle(hop);
    forgetIfBare(hop);
    return true;
  }

  /** Lets a paused next hop be tried at once, because a person says so. */
  public void wake(String hopKey, Instant now) {
    Hop hop = hops.get(hopKey);
    if (hop != null) {
      hop.pauses.wake(now);
    }
  }

  // The store.

  /** Whether a look at the store by time would find hardly any mail a place. */
  public boolean isFull() {
    return fill() >= WINDOW / 4 * 3;
  }

  /** Notes that shares for a next hop went to the store for want of a place. */
  public void moreInStore(String hop) {
    moreInStore(hop(hop));
  }

  private void moreInStore(Hop hop) {
    hop.moreInStore = true;
    settle(hop);
  }

  /** Next hops whose lines have become short while the store has more, at most {@code most}. */
  public List<String> hungry(int most) {
    if (hungry.isEmpty() || fill() >= WINDOW / 8 * 7) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (int i = Math.min(most, hungry.size()); i > 0; i--) {
      Hop hop = hungry.removeFirst();
      hungry.addLast(hop);
      found.add(hop.key);
    }
    return found;
  }

  /** Rows to read for a next hop, so that those in hand and a line's worth of others are among. */
  public int wanted(String hopKey) {
    Hop hop = hops.get(hopKey);
    int inHand = hop == null ? 0 : hop.ready + hop.running;
    return inHand + Math.min(READY_PER_HOP, 2 * Math.max(1, allowance(ShareState.QUEUED, 1)));
  }

  /** The store has no more for a next hop. */
  public void exhausted(String hopKey) {
    Hop hop = hops.get(hopKey);
    if (hop != null) {
      hop.moreInStore = false;
      settle(hop);
      forgetIfBare(hop);
    }
  }

  /** Forgets old failures, and gives those a turn that wait for an address with room. */
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
    for (Hop hop : List.copyOf(hops.values())) {
      if (hop.pauses.forgetOld(limits, hop.isIdle(), now)) {
        paused--;
      }
      settle(hop);
      forgetIfBare(hop);
    }
  }
}
