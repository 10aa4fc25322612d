package org.sealwax.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.spool.ShareKey;

/**
 * Who is next: the window of work that is in memory, and what is remembered of next hops. Not
 * thread-safe, no clock, no store: the queue asks under its lock.
 *
 * <p><b>Fair.</b> Next hops take turns; within a next hop, senders take turns. One sender's hundred
 * thousand messages fill that sender's line and no other's.
 *
 * <p><b>Bounded.</b> A line holds at most {@link #READY_PER_SENDER}, a next hop {@link
 * #READY_PER_HOP}; what is more goes back to the store, and is fetched by next hop when the line
 * gets short. Idle next hops are forgotten.
 *
 * <p><b>Dead sites.</b> When a round finds that the next hop itself cannot be reached, and nobody
 * else got through since that round began, the next hop is left alone for a while that doubles from
 * failure to failure. After it one message goes ahead as a probe, and the others wait for what it
 * finds.
 */
final class Traffic {
  /** Shares for one next hop in memory. */
  static final int READY_PER_HOP = 400;

  /** Of these, shares of one sender, unless it is alone there. */
  static final int READY_PER_SENDER = 100;

  /** Dead sites that are remembered; beyond it the oldest is tried again early. */
  static final int MOST_DEAD = 10_000;

  /** Rounds toward a next hop that has not shown yet that it answers. */
  private static final int FIRST_ROUNDS = 5;

  /** How long the others wait for what a probe finds. */
  private static final Duration PROBE_WAIT = Duration.ofMinutes(2);

  /** When a share that found no place looks again, if nobody fetches it before. */
  static final Duration LOOK_AGAIN = Duration.ofMinutes(10);

  /** A dead site's failures are forgotten after this much longer than its rest. */
  private static final Duration REMEMBER = Duration.ofHours(1);

  private final Map<String, Hop> hops = new LinkedHashMap<>();
  private final ArrayDeque<Hop> turns = new ArrayDeque<>();
  private int ready;
  private int dead;

  /** A share with its turn to come. */
  static final class Ready {
    final ShareKey key;
    final String hop;
    final String sender;
    @Nullable Hot hot;

    Ready(ShareKey key, String hop, String sender, @Nullable Hot hot) {
      this.key = key;
      this.hop = hop;
      this.sender = sender;
      this.hot = hot;
    }
  }

  /** Whether a share found a place. */
  sealed interface Offer {
    /** It will be its turn. */
    record Taken() implements Offer {}

    /** No place now: back to the store. */
    record Crowded() implements Offer {}

    /** The next hop is left alone. */
    record Shut(Instant until, Duration spread, Cause cause) implements Offer {}
  }

  /** How a round went for its next hop. */
  enum Spoke {
    /** It answered, whatever it said about the mail. */
    ANSWERED,
    /** It could not be reached. */
    DEAD
  }

  private static final class Hop {
    final String key;
    final Map<String, ArrayDeque<Ready>> lines = new LinkedHashMap<>();
    final ArrayDeque<String> senders = new ArrayDeque<>();
    int ready;
    int running;
    int limit = FIRST_ROUNDS;
    boolean queuedForTurn;
    boolean moreInStore;
    int failures;
    @Nullable Instant restsUntil;
    Duration rest = Duration.ZERO;
    @Nullable Cause cause;
    @Nullable Instant lastAnswer;

    Hop(String key) {
      this.key = key;
    }
  }

  int ready() {
    return ready;
  }

  int hops() {
    return hops.size();
  }

  int dead() {
    return dead;
  }

  /** What {@link #offer} would say, as far as it can be known beforehand. */
  Offer wouldOffer(String hop, String sender, Instant now) {
    Hop known = hops.get(hop);
    return known == null ? new Offer.Taken() : place(known, sender, now);
  }

  /** Whether a next hop is a dead site that is still left alone then. */
  boolean rests(String hop, Instant then) {
    Hop known = hops.get(hop);
    return known != null && known.restsUntil != null && known.restsUntil.isAfter(then);
  }

  private static Offer place(Hop hop, String sender, Instant now) {
    Instant rests = hop.restsUntil;
    Cause cause = hop.cause;
    if (rests != null && cause != null) {
      if (rests.isAfter(now)) {
        return new Offer.Shut(rests, hop.rest, cause);
      }
      if (hop.running + hop.ready > 0) {
        return new Offer.Shut(now.plus(PROBE_WAIT), PROBE_WAIT, cause);
      }
    }
    ArrayDeque<Ready> line = hop.lines.get(sender);
    if (hop.ready >= READY_PER_HOP || line != null && line.size() >= READY_PER_SENDER) {
      return new Offer.Crowded();
    }
    return new Offer.Taken();
  }

  /** Puts a share into its line, if there is place. */
  Offer offer(Ready share, Instant now) {
    Hop hop = hops.computeIfAbsent(share.hop, Hop::new);
    Offer place = place(hop, share.sender, now);
    switch (place) {
      case Offer.Taken t -> {
        ArrayDeque<Ready> line = hop.lines.get(share.sender);
        if (line == null) {
          line = new ArrayDeque<>(4);
          hop.lines.put(share.sender, line);
          hop.senders.add(share.sender);
        }
        line.add(share);
        hop.ready++;
        ready++;
        takeTurn(hop);
      }
      case Offer.Crowded c -> hop.moreInStore = true;
      case Offer.Shut s -> {}
    }
    return place;
  }

  /** Notes that shares for a next hop went to the store for want of place. */
  void moreInStore(String hop) {
    hops.computeIfAbsent(hop, Hop::new).moreInStore = true;
  }

  private void takeTurn(Hop hop) {
    if (!hop.queuedForTurn && hop.ready > 0 && hop.running < limit(hop)) {
      hop.queuedForTurn = true;
      turns.add(hop);
    }
  }

  private static int limit(Hop hop) {
    return hop.restsUntil == null ? hop.limit : 1;
  }

  /** The next share whose round may begin, or null. */
  @Nullable Ready next() {
    Hop hop = turns.poll();
    if (hop == null) {
      return null;
    }
    hop.queuedForTurn = false;
    String sender = hop.senders.remove();
    ArrayDeque<Ready> line = java.util.Objects.requireNonNull(hop.lines.get(sender));
    Ready share = line.remove();
    if (line.isEmpty()) {
      hop.lines.remove(sender);
    } else {
      hop.senders.add(sender);
    }
    hop.ready--;
    ready--;
    hop.running++;
    takeTurn(hop);
    return share;
  }

  /** Takes a waiting share out of its line; false when it is not there. */
  boolean withdraw(ShareKey key, String hopKey, String sender) {
    Hop hop = hops.get(hopKey);
    ArrayDeque<Ready> line = hop == null ? null : hop.lines.get(sender);
    if (hop == null || line == null || !line.removeIf(r -> r.key.equals(key))) {
      return false;
    }
    hop.ready--;
    ready--;
    if (line.isEmpty()) {
      hop.lines.remove(sender);
      hop.senders.remove(sender);
    }
    if (hop.ready == 0 && hop.queuedForTurn) {
      turns.remove(hop);
      hop.queuedForTurn = false;
    }
    forgetIfIdle(hop, null);
    return true;
  }

  /** A round that did not come about: nothing was learned. */
  void gaveUp(String hopKey) {
    Hop hop = hops.get(hopKey);
    if (hop != null) {
      hop.running--;
      takeTurn(hop);
      forgetIfIdle(hop, null);
    }
  }

  /**
   * A round ended.
   *
   * @param cause of the trouble when DEAD
   * @param chance for the jitter of the rest
   * @return shares that were in line and must go back to the store
   */
  List<Ready> ended(
      String hopKey,
      Instant began,
      Spoke spoke,
      @Nullable Cause cause,
      QueueSettings settings,
      Instant now,
      double chance) {
    Hop hop = hops.get(hopKey);
    if (hop == null) {
      return List.of();
    }
    hop.running--;
    List<Ready> back = List.of();
    switch (spoke) {
      case ANSWERED -> {
        if (hop.restsUntil != null) {
          hop.restsUntil = null;
          hop.cause = null;
          hop.limit = FIRST_ROUNDS;
          hop.moreInStore = true;
          dead--;
        }
        hop.failures = 0;
        hop.lastAnswer = now;
        hop.limit = Math.min(hop.limit + 1, settings.deliveriesPerHop());
      }
      case DEAD -> {
        Instant answered = hop.lastAnswer;
        if (answered != null && !answered.isBefore(began)) {
          hop.limit = Math.max(1, hop.limit / 2);
        } else if (hop.restsUntil == null || !hop.restsUntil.isAfter(now)) {
          rest(hop, java.util.Objects.requireNonNull(cause), settings, now, chance);
          back = empty(hop);
        }
      }
    }
    takeTurn(hop);
    forgetIfIdle(hop, now);
    return back;
  }

  private void rest(Hop hop, Cause cause, QueueSettings settings, Instant now, double chance) {
    if (hop.restsUntil == null) {
      dead++;
    }
    hop.failures = Math.min(hop.failures + 1, 30);
    long most = settings.deadSiteMost().toMillis();
    long wait = settings.deadSiteFirst().toMillis();
    for (int i = 1; i < hop.failures && wait < most; i++) {
      wait *= 2;
    }
    wait = Math.min(wait, most);
    hop.rest = Duration.ofMillis(Math.max(1, (long) (wait * (0.8 + 0.4 * chance))));
    hop.restsUntil = now.plus(hop.rest);
    hop.cause = cause;
    hop.limit = FIRST_ROUNDS;
    if (dead > MOST_DEAD) {
      forgetOldestDead(hop);
    }
  }

  private void forgetOldestDead(Hop but) {
    for (Iterator<Hop> i = hops.values().iterator(); i.hasNext(); ) {
      Hop hop = i.next();
      if (hop != but && hop.restsUntil != null && hop.running == 0 && hop.ready == 0) {
        i.remove();
        dead--;
        return;
      }
    }
  }

  private List<Ready> empty(Hop hop) {
    List<Ready> back = new ArrayList<>();
    hop.lines.values().forEach(back::addAll);
    hop.lines.clear();
    hop.senders.clear();
    ready -= hop.ready;
    hop.ready = 0;
    if (hop.queuedForTurn) {
      turns.remove(hop);
      hop.queuedForTurn = false;
    }
    return back;
  }

  private void forgetIfIdle(Hop hop, @Nullable Instant now) {
    Instant rests = hop.restsUntil;
    boolean old = rests != null && now != null && rests.plus(REMEMBER).isBefore(now);
    if (hop.running == 0 && hop.ready == 0 && !hop.moreInStore && (rests == null || old)) {
      hops.remove(hop.key);
      if (rests != null) {
        dead--;
      }
    }
  }

  /** Forgets dead sites whose rest is long over. */
  void forgetOld(Instant now) {
    for (Hop hop : List.copyOf(hops.values())) {
      forgetIfIdle(hop, now);
    }
  }

  /** Next hops whose lines have become short while the store has more, at most {@code limit}. */
  List<String> hungry(int limit) {
    List<String> found = new ArrayList<>();
    for (Hop hop : hops.values()) {
      if (hop.moreInStore && hop.restsUntil == null && hop.ready < READY_PER_HOP / 4) {
        found.add(hop.key);
        if (found.size() == limit) {
          break;
        }
      }
    }
    return found;
  }

  /** The store has no more for a next hop. */
  void exhausted(String hopKey) {
    Hop hop = hops.get(hopKey);
    if (hop != null) {
      hop.moreInStore = false;
      forgetIfIdle(hop, null);
    }
  }

  /** Lets a next hop be tried at once, because a person says so. */
  void wake(String hopKey, Instant now) {
    Hop hop = hops.get(hopKey);
    if (hop != null && hop.restsUntil != null) {
      hop.restsUntil = now;
    }
  }
}
