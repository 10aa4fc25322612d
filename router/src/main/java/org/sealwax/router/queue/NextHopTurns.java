package org.sealwax.router.queue;

import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.DeliverySlots.MxAddresses;
import org.sealwax.router.queue.KnownNextHops.NextHopBacklog;
import org.sealwax.router.queue.KnownNextHops.NextHopPauses;

/**
 * The turns of the backlogs, for each {@link SlotClass}. New ones go ahead once: sender domains in
 * turn, and of each the newest first; but one turn in four is for those that wait, and one for the
 * oldest new one. Pure and mutable; part of {@link Scheduler}.
 */
final class NextHopTurns {
  /** Sender domains that are asked for a new backlog before the others have their turn. */
  private static final int DOMAINS_TRIED = 4;

  private static final class ClassTurns {
    final SlotClass slotClass;
    final LinkedHashSet<NextHopBacklog> waiting = new LinkedHashSet<>();

    /** Backlogs that came to be, by the domain of their sender, the newest first. */
    final LinkedHashMap<String, LinkedHashSet<NextHopBacklog>> arrivals = new LinkedHashMap<>();

    int picks;

    ClassTurns(SlotClass slotClass) {
      this.slotClass = slotClass;
    }
  }

  private final List<ClassTurns> classes =
      Arrays.stream(SlotClass.values()).map(ClassTurns::new).toList();
  private int turn;

  private ClassTurns of(SlotClass slotClass) {
    return classes.get(slotClass.ordinal());
  }

  /** Puts a backlog where its next turn in a class comes, unless it is there. */
  void enter(NextHopBacklog backlog, SlotClass slotClass) {
    if (backlog.placedAs == slotClass) {
      return;
    }
    leave(backlog);
    backlog.placedAs = slotClass;
    if (backlog.served) {
      backlog.place = of(slotClass).waiting;
      backlog.place.addLast(backlog);
      return;
    }
    backlog.domain = NextHopPauses.domain(backlog.firstSender());
    LinkedHashMap<String, LinkedHashSet<NextHopBacklog>> arrivals = of(slotClass).arrivals;
    LinkedHashSet<NextHopBacklog> ofDomain = arrivals.get(backlog.domain);
    if (ofDomain == null) {
      ofDomain = new LinkedHashSet<>(2);
      arrivals.putFirst(backlog.domain, ofDomain);
    }
    backlog.isArrival = true;
    backlog.place = ofDomain;
    ofDomain.addFirst(backlog);
  }

  /** Puts it among those that wait for this address. */
  void park(NextHopBacklog backlog, MxAddresses.MxAddress address) {
    if (!backlog.isParked) {
      leave(backlog);
      backlog.isParked = true;
      backlog.place = address.waiting;
      address.waiting.add(backlog);
    }
  }

  /** Takes it out of where it stands. */
  void leave(NextHopBacklog backlog) {
    LinkedHashSet<NextHopBacklog> place = backlog.place;
    if (place == null) {
      return;
    }
    place.remove(backlog);
    if (backlog.isArrival && place.isEmpty() && backlog.placedAs != null) {
      of(backlog.placedAs).arrivals.remove(backlog.domain);
    }
    backlog.place = null;
    backlog.placedAs = null;
    backlog.isParked = false;
    backlog.isArrival = false;
  }

  /** The backlog whose turn it is of those that may begin a round; null when none may. */
  @Nullable NextHopBacklog next(DeliverySlots slots, Instant now) {
    for (int i = 0; i < classes.size(); i++) {
      int at = (turn + i) % classes.size();
      NextHopBacklog backlog = pick(classes.get(at), slots, now);
      if (backlog != null) {
        turn = (at + 1) % classes.size();
        return backlog;
      }
    }
    return null;
  }

  private static @Nullable NextHopBacklog pick(ClassTurns of, DeliverySlots slots, Instant now) {
    NextHopBacklog first = of.waiting.isEmpty() ? null : of.waiting.getFirst();
    if (first != null && !slots.mayBegin(first, of.slotClass, now)) {
      first = null;
    }
    int pick = of.picks & 3;
    NextHopBacklog found = pick == 0 ? first : null;
    if (found == null) {
      found = arrival(of, pick == 1, slots, now);
    }
    if (found == null) {
      found = first;
    }
    if (found != null) {
      of.picks++;
    }
    return found;
  }

  /**
   * A new one of the sender domain whose turn it is; if it is not permitted to begin, of one after
   * it.
   */
  private static @Nullable NextHopBacklog arrival(
      ClassTurns of, boolean oldest, DeliverySlots slots, Instant now) {
    for (int i = Math.min(DOMAINS_TRIED, of.arrivals.size()); i > 0; i--) {
      Map.Entry<String, LinkedHashSet<NextHopBacklog>> next =
          Objects.requireNonNull(of.arrivals.pollFirstEntry());
      LinkedHashSet<NextHopBacklog> ofDomain = next.getValue();
      of.arrivals.putLast(next.getKey(), ofDomain);
      NextHopBacklog backlog = oldest ? ofDomain.getLast() : ofDomain.getFirst();
      if (slots.mayBegin(backlog, of.slotClass, now)) {
        return backlog;
      }
      backlog = ofDomain.getFirst();
      if (oldest && slots.mayBegin(backlog, of.slotClass, now)) {
        return backlog;
      }
    }
    return null;
  }

  /** The backlog that waits longest for a turn, in the class that may wait longest. */
  @Nullable NextHopBacklog last() {
    for (ClassTurns of : classes.reversed()) {
      if (!of.waiting.isEmpty()) {
        return of.waiting.getLast();
      }
      if (!of.arrivals.isEmpty()) {
        return of.arrivals.lastEntry().getValue().getLast();
      }
    }
    return null;
  }
}
