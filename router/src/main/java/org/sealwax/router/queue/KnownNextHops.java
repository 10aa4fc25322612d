package org.sealwax.router.queue;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.DueBatch;

/**
 * The next hops that the scheduler remembers, and those for which the store has more. Those with
 * nothing in line and in rounds have their bound, {@link Scheduler#MOST_HOPS}, of which {@link
 * Scheduler#MOST_PAUSED} may be paused; the one that was not asked about for longest is forgotten
 * first. Pure and mutable; part of {@link Scheduler}.
 */
final class KnownNextHops {
  /**
   * A next hop as the scheduler knows it: its mail in line, its rounds, and what they showed. Pure
   * and mutable.
   */
  static final class NextHopState {
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

  /**
   * Mail in line for one next hop, whose senders have turns: mail with a sender and mail with the
   * null sender are two backlogs.
   */
  static final class NextHopBacklog {
    final NextHopState hop;
    final boolean nullSender;
    private final LinkedHashMap<String, ArrayDeque<DueBatch>> bySender = new LinkedHashMap<>(2);
    int ready;

    /** Since when mail is in line without a break. */
    Instant since = Instant.MIN;

    /** Whether it went ahead as new mail, and has its turns like the others since. */
    boolean served;

    // Where it stands, which NextHopTurns keeps.
    @Nullable LinkedHashSet<NextHopBacklog> place;
    @Nullable SlotClass placedAs;
    String domain = "";
    boolean isParked;
    boolean isArrival;

    NextHopBacklog(NextHopState hop, boolean nullSender) {
      this.hop = hop;
      this.nullSender = nullSender;
    }

    /** Batches of one sender. */
    int ready(String sender) {
      ArrayDeque<DueBatch> ofSender = bySender.get(sender);
      return ofSender == null ? 0 : ofSender.size();
    }

    /** The sender whose turn it is. */
    String firstSender() {
      return bySender.firstEntry().getKey();
    }

    void add(DueBatch batch) {
      bySender.computeIfAbsent(batch.sender(), k -> new ArrayDeque<>(2)).add(batch);
      count(1);
    }

    /** Puts the batch that was added last before the others of its sender. */
    void moveToFront(String sender) {
      ArrayDeque<DueBatch> ofSender = bySender.get(sender);
      if (ofSender != null && ofSender.size() > 1) {
        ofSender.addFirst(ofSender.removeLast());
      }
    }

    /** Takes the batch whose turn it is. */
    DueBatch removeFirst() {
      Map.Entry<String, ArrayDeque<DueBatch>> next =
          Objects.requireNonNull(bySender.pollFirstEntry());
      DueBatch batch = next.getValue().remove();
      if (!next.getValue().isEmpty()) {
        bySender.putLast(next.getKey(), next.getValue());
      }
      count(-1);
      return batch;
    }

    /** Takes the batch that would wait longest. */
    DueBatch removeLast() {
      Map.Entry<String, ArrayDeque<DueBatch>> last = bySender.lastEntry();
      DueBatch batch = last.getValue().removeLast();
      if (last.getValue().isEmpty()) {
        bySender.remove(last.getKey());
      }
      count(-1);
      return batch;
    }

    /** Takes one batch; false when it is not there. */
    boolean remove(BatchKey key, String sender) {
      ArrayDeque<DueBatch> ofSender = bySender.get(sender);
      if (ofSender == null || !ofSender.removeIf(r -> r.key().equals(key))) {
        return false;
      }
      if (ofSender.isEmpty()) {
        bySender.remove(sender);
      }
      count(-1);
      return true;
    }

    /** Takes the batches of one sender's domain, or all when it is null. */
    void removeAll(@Nullable String domain, List<DueBatch> into) {
      Iterator<Map.Entry<String, ArrayDeque<DueBatch>>> entries = bySender.entrySet().iterator();
      while (entries.hasNext()) {
        Map.Entry<String, ArrayDeque<DueBatch>> entry = entries.next();
        if (domain == null || NextHopPauses.domain(entry.getKey()).equals(domain)) {
          into.addAll(entry.getValue());
          count(-entry.getValue().size());
          entries.remove();
        }
      }
    }

    private void count(int more) {
      ready += more;
      hop.ready += more;
    }
  }

  private final LinkedHashMap<String, NextHopState> hops = new LinkedHashMap<>(64, 0.75f, true);
  private final LinkedHashSet<NextHopState> toRefill = new LinkedHashSet<>();
  private int paused;
  private int active;

  int size() {
    return hops.size();
  }

  int paused() {
    return paused;
  }

  List<NextHopState> all() {
    return List.copyOf(hops.values());
  }

  /** One that is known, or null. */
  @Nullable NextHopState find(String key) {
    return hops.get(key);
  }

  /** One that is known from now on. */
  NextHopState get(String key) {
    NextHopState known = hops.get(key);
    if (known == null) {
      known = new NextHopState(key);
      NextHopState other = hops.get(SchedulingKey.besides(key));
      if (other != null) {
        known.besides = other;
        other.besides = known;
      }
      hops.put(key, known);
      if (hops.size() > Scheduler.MOST_HOPS + active) {
        forgetOne(known, false);
      }
    }
    return known;
  }

  /** A next hop gets its first batch, or loses its last one. */
  void activity(boolean begins) {
    active += begins ? 1 : -1;
  }

  void paused(NextHopState hop) {
    if (++paused > Scheduler.MOST_PAUSED) {
      forgetOne(hop, true);
    }
  }

  void pauseEnded() {
    paused--;
  }

  private void forgetOne(NextHopState but, boolean isPaused) {
    for (NextHopState hop : hops.values()) {
      if (hop != but && hop.isIdle() && (!isPaused || hop.pauses.isPaused())) {
        forget(hop);
        return;
      }
    }
  }

  void forget(NextHopState hop) {
    hops.remove(hop.key);
    toRefill.remove(hop);
    NextHopState other = hop.besides;
    if (other != null) {
      other.besides = null;
    }
    if (hop.pauses.isPaused()) {
      paused--;
    }
  }

  /** Notes whether mail is to be fetched for it. */
  void refill(NextHopState hop, boolean needed) {
    if (needed) {
      toRefill.add(hop);
    } else {
      toRefill.remove(hop);
    }
  }

  /** Those for which mail is to be fetched, in turns. */
  List<String> toRefill(int most) {
    if (toRefill.isEmpty()) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (int i = Math.min(most, toRefill.size()); i > 0; i--) {
      NextHopState hop = toRefill.removeFirst();
      toRefill.addLast(hop);
      found.add(hop.key);
    }
    return found;
  }
}
