package org.sealwax.router.deliver;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.Addressee;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.Outcome;

/**
 * What a round has come to so far: who is settled, who still waits, and why the waiting ones were
 * not delivered yet. Each recipient is settled exactly once. One thread owns it.
 */
final class Outcomes {
  private final Map<Long, Outcome> settled = new LinkedHashMap<>();
  private final Map<Long, Addressee> open = new LinkedHashMap<>();
  private final Map<Long, Cause> putOff = new HashMap<>();
  private final Map<Long, Cause> notYet = new HashMap<>();
  private @Nullable Cause lastCause;

  /** Why each host was passed over, for what may be concluded from all of them together. */
  private final List<Cause> passed = new ArrayList<>();

  private boolean endedOtherwise;
  private @Nullable Instant soonest;

  Outcomes(Collection<Addressee> recipients) {
    for (Addressee addressee : recipients) {
      open.put(addressee.key(), addressee);
    }
  }

  /** Who still waits, in order. */
  List<Addressee> open() {
    return new ArrayList<>(open.values());
  }

  boolean isDone() {
    return open.isEmpty();
  }

  /** Whether another round has nothing to do: everybody was delivered or refused. */
  boolean leavesNobody() {
    if (!isDone()) {
      return false;
    }
    for (Outcome outcome : settled.values()) {
      if (outcome instanceof Outcome.Deferred) {
        return false;
      }
    }
    return true;
  }

  void settle(Addressee addressee, Outcome outcome) {
    if (open.remove(addressee.key()) == null) {
      throw new IllegalStateException("recipient settled twice");
    }
    settled.put(addressee.key(), outcome);
  }

  /** Settles all who wait. */
  void settleAll(Outcome outcome) {
    for (Addressee addressee : open()) {
      settle(addressee, outcome);
    }
  }

  /**
   * A host put this recipient off by name. What the first such host said is kept: hosts come in the
   * domain's own order, and what is said about a recipient is worth more than what befell a host
   * after it.
   */
  void putOff(Addressee addressee, Cause cause) {
    if (!open.containsKey(addressee.key())) {
      throw new IllegalStateException("put off and settled");
    }
    putOff.putIfAbsent(addressee.key(), cause);
  }

  /** Whether a host of this round has put this recipient off. */
  boolean isPutOff(Addressee addressee) {
    return putOff.containsKey(addressee.key());
  }

  /**
   * A host refused this recipient for a reason of ours that another connection may not have; if
   * none is made in this round, this is why the recipient waits.
   */
  void notYet(Addressee addressee, Cause cause) {
    notYet.put(addressee.key(), cause);
  }

  /** Why those who wait could not be served at one host; a broken policy outlasts a dead host. */
  void passedOver(Cause cause) {
    passed.add(cause);
    Instant until = cause.until();
    if (until != null && (soonest == null || until.isBefore(soonest))) {
      soonest = until;
    }
    if (lastCause == null || !Trouble.isPolicys(lastCause)) {
      lastCause = cause;
    }
  }

  /** The same, but for good: said about the delivery as a whole. */
  void endsWith(Cause cause) {
    endedOtherwise = true;
    lastCause = cause;
  }

  /**
   * The same for mail with REQUIRETLS: when every host has shown that it cannot have it, the mail
   * is refused, except for whom a host that could put off by name (RFC 8689 4.2.1).
   */
  Map<Long, Outcome> endRequiringTls(Cause otherwise) {
    Cause refusal = endedOtherwise ? null : Trouble.requireTls(passed);
    if (refusal != null) {
      for (Addressee addressee : open()) {
        if (!isPutOff(addressee)) {
          settle(addressee, new Outcome.Refused(refusal));
        }
      }
    }
    return end(otherwise);
  }

  /** The end of the round: who still waits is deferred for its own cause, or else the last one. */
  Map<Long, Outcome> end(Cause otherwise) {
    if (isDone()) {
      return settled;
    }
    Cause last = lastCause == null ? otherwise : lastCause;
    Cause common = endedOtherwise ? last : busy(last.within(extent(last)).until(soonest));
    for (Addressee addressee : open()) {
      Cause own = notYet.getOrDefault(addressee.key(), common);
      settle(addressee, new Outcome.Deferred(putOff.getOrDefault(addressee.key(), own)));
    }
    return settled;
  }

  /**
   * One host that let us begin a transaction shows that the next hop is there, whatever befell us
   * at the others.
   */
  private Cause.Extent extent(Cause last) {
    return last.scope() != Cause.Extent.NEXT_HOP
        ? last.scope()
        : passed.stream()
            .map(Cause::scope)
            .filter(scope -> scope != Cause.Extent.NEXT_HOP)
            .findFirst()
            .orElse(Cause.Extent.NEXT_HOP);
  }

  /** A host that was not tried for want of a slot: nothing is known before it was. */
  private Cause busy(Cause otherwise) {
    return passed.stream().filter(Cause::isBusy).findFirst().orElse(otherwise);
  }
}
