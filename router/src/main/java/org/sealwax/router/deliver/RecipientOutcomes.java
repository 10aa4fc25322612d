package org.sealwax.router.deliver;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;

/**
 * The outcomes of a round so far: the recipients that are settled, those that still wait, and why
 * the waiting ones were not delivered yet. Each recipient is settled exactly once. One thread owns
 * it.
 */
final class RecipientOutcomes {
  private final Map<Long, Outcome> settled = new LinkedHashMap<>();
  private final Map<Long, Recipient> open = new LinkedHashMap<>();
  private final Map<Long, FailureCause> defer = new HashMap<>();
  private final Map<Long, FailureCause> deferralCauses = new HashMap<>();
  private @Nullable FailureCause lastCause;

  /** Why each host was passed over, for what may be concluded from all of them together. */
  private final List<FailureCause> passed = new ArrayList<>();

  private boolean endedOtherwise;
  private boolean hostsLeft;
  private @Nullable Instant soonest;

  RecipientOutcomes(Collection<Recipient> recipients) {
    for (Recipient recipient : recipients) {
      open.put(recipient.key(), recipient);
    }
  }

  /** The recipients that still wait, in order. */
  List<Recipient> open() {
    return new ArrayList<>(open.values());
  }

  boolean isDone() {
    return open.isEmpty();
  }

  /** Whether another round has nothing to do: every recipient was delivered or refused. */
  boolean isFinal() {
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

  /** Settles a recipient that waits, and returns it. */
  Recipient settle(long key, Outcome outcome) {
    Recipient recipient = open.remove(key);
    if (recipient == null) {
      throw new IllegalStateException("recipient settled twice");
    }
    settled.put(key, outcome);
    return recipient;
  }

  /** Settles all recipients that wait. */
  void settleAll(Outcome outcome) {
    for (Recipient recipient : open()) {
      settle(recipient.key(), outcome);
    }
  }

  /**
   * A host deferred this recipient. The reply of the first such host is kept: hosts come in the
   * domain's own order, and a reply about a recipient is worth more than a failure of a later host.
   */
  void defer(long key, FailureCause cause) {
    if (!open.containsKey(key)) {
      throw new IllegalStateException("put off and settled");
    }
    defer.putIfAbsent(key, cause);
  }

  /** The keys of the recipients that a host of this round has put off. */
  Set<Long> deferred() {
    return Collections.unmodifiableSet(defer.keySet());
  }

  /**
   * A host refused this recipient for a reason on our side that another connection may not have; if
   * none is made in this round, this is why the recipient waits.
   */
  void deferralCauses(long key, FailureCause cause) {
    deferralCauses.put(key, cause);
  }

  /** Adds the cause of skipping one host; a failed policy outlasts an unreachable host. */
  void hostSkipped(FailureCause cause) {
    passed.add(cause);
    Instant until = cause.until();
    if (until != null && (soonest == null || until.isBefore(soonest))) {
      soonest = until;
    }
    if (lastCause == null || !FailureTable.isPolicyFailure(lastCause)) {
      lastCause = cause;
    }
  }

  /** The same, but permanent: for the delivery as a whole. */
  void endAllWith(FailureCause cause) {
    endedOtherwise = true;
    lastCause = cause;
  }

  /** Whether the next hop has hosts that had no turn yet. */
  void hostsLeft(boolean left) {
    hostsLeft = left;
  }

  /**
   * The same for mail with REQUIRETLS: when every host has shown that it cannot have it, the mail
   * is refused, except recipients that a host could defer by name (RFC 8689 4.2.1).
   */
  Map<Long, Outcome> endRequiringTls(FailureCause otherwise) {
    FailureCause refusal = endedOtherwise || hostsLeft ? null : FailureTable.requireTls(passed);
    if (refusal != null) {
      for (Recipient recipient : open()) {
        if (!defer.containsKey(recipient.key())) {
          settle(recipient.key(), new Outcome.Refused(refusal));
        }
      }
    }
    return end(otherwise);
  }

  /**
   * The end of the round: a recipient that still waits is deferred for its own cause, or else the
   * last one.
   */
  Map<Long, Outcome> end(FailureCause otherwise) {
    if (isDone()) {
      return settled;
    }
    FailureCause last = lastCause == null ? otherwise : lastCause;
    FailureCause common =
        endedOtherwise ? last : busy(last.withExtent(extent(last)).until(soonest));
    for (Recipient recipient : open()) {
      FailureCause own = deferralCauses.getOrDefault(recipient.key(), common);
      settle(recipient.key(), new Outcome.Deferred(defer.getOrDefault(recipient.key(), own)));
    }
    return settled;
  }

  /**
   * One host that let us begin a transaction shows that the next hop is there, whatever befell us
   * at the others.
   */
  private FailureCause.Extent extent(FailureCause last) {
    return last.scope() != FailureCause.Extent.NEXT_HOP
        ? last.scope()
        : passed.stream()
            .map(FailureCause::scope)
            .filter(scope -> scope != FailureCause.Extent.NEXT_HOP)
            .findFirst()
            .orElse(FailureCause.Extent.NEXT_HOP);
  }

  /** A host that was not tried for want of a slot: nothing is known before it was. */
  private FailureCause busy(FailureCause otherwise) {
    return passed.stream().filter(FailureCause::isBusy).findFirst().orElse(otherwise);
  }
}
