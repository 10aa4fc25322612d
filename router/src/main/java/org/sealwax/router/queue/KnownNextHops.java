package org.sealwax.router.queue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The next hops that the scheduler remembers, and those for which the store has more. Those with
 * nothing in line and in rounds have their bound, {@link Scheduler#MOST_HOPS}, of which {@link
 * Scheduler#MOST_PAUSED} may be paused; the one that was not asked about for longest is forgotten
 * first. Pure and mutable; part of {@link Scheduler}.
 */
final class KnownNextHops {
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
