package org.sealwax.router.certs.rollover;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.certs.rollover.PublishedKeys.ServerAnswer;
import org.sealwax.router.certs.rollover.RolloverAction.NameChange;
import org.sealwax.router.certs.rollover.RolloverState.Phase;

/**
 * Decides about a rollover. Functions of their arguments:
 *
 * <pre>
 * IDLE ─ begin ─► PUBLISH ─ seen everywhere ─► SPREAD ─ caches ─► CERTIFY ─► LOAD ─ in force ─► DRAIN
 *   ▲                ▲ ─────────── not seen everywhere any more ──────────────┘                   │
 *   │                                                                      tickets, backups, caches
 *   └─ destroyed ─ EXPIRE ◄─ removed everywhere ─ WITHDRAW ◄──────────────────────────────────────┘
 * </pre>
 *
 * An abort before the load goes to WITHDRAW; in DRAIN it loads the old pair again.
 */
public final class RolloverMachine {
  private final RolloverWaits waits;

  /** Decides with these waits. */
  public RolloverMachine(RolloverWaits waits) {
    this.waits = waits;
  }

  /**
   * What is known at one time.
   *
   * @param published what the servers show; empty: they were not asked now
   * @param inForce the key of the pair that clients get; empty when there is none yet
   * @param certified whether a certificate for the other key is in hand that can be loaded
   */
  public record RolloverFacts(
      Optional<PublishedKeys> published, Optional<KeyDigest> inForce, boolean certified) {}

  /**
   * A decision.
   *
   * @param state to be stored before the action
   * @param action what to do
   */
  public record RolloverDecision(RolloverState state, RolloverAction action) {}

  /** A command that the state does not allow. */
  public static final class RolloverRefusal extends Exception {
    /** States why. */
    public RolloverRefusal(String reason) {
      super(reason);
    }
  }

  /**
   * {@return what a command to start leads to, without a change: a key may be made}
   *
   * @throws RolloverRefusal when the records of the current key are not all published, or a
   *     rollover is in progress
   */
  public RolloverAction start(RolloverState state, PublishedKeys published) throws RolloverRefusal {
    KeyDigest current = state.current().orElse(null);
    if (state.phase() != Phase.IDLE) {
      throw new RolloverRefusal("a rollover is in progress");
    }
    if (current == null) {
      throw new RolloverRefusal("no certificate is in force");
    }
    Optional<String> lacking = published.lacking(current);
    if (lacking.isPresent()) {
      throw new RolloverRefusal(
          "the record of the current key (3 1 1 "
              + current.hex()
              + ") must be published first: "
              + lacking.get());
    }
    return new RolloverAction.CreateKey();
  }

  /** {@return the state after the next key was stored} */
  public RolloverState begin(RolloverState state, KeyDigest next, Instant now) {
    return state.begun(next, now);
  }

  /** {@return the state after the other key was destroyed} */
  public RolloverState destroyed(RolloverState state, Instant now) {
    return state.idle(now, state.current(), state.aborting() ? state.ended() : now);
  }

  /**
   * {@return the state after an abort}
   *
   * @throws RolloverRefusal when there is nothing to abort, or the old record is being removed
   */
  public RolloverState abort(RolloverState state, Instant now) throws RolloverRefusal {
    if (state.phase() == Phase.IDLE || state.aborting()) {
      throw new RolloverRefusal("no rollover to abort");
    }
    if (state.phase().isBeforeLoad()) {
      return state.abortedIn(Phase.WITHDRAW, now);
    }
    if (state.phase() == Phase.DRAIN) {
      return state.abortedIn(Phase.LOAD, now);
    }
    throw new RolloverRefusal("the record of the old key is being removed; this is finished first");
  }

  /** {@return the time from one query of the servers to the next} */
  public Duration look(RolloverState state) {
    return switch (state.phase()) {
      case IDLE -> RolloverWaits.IDLE_LOOK;
      case DRAIN -> waits.drainLook(state.ttl());
      case PUBLISH, SPREAD, CERTIFY, LOAD, WITHDRAW, EXPIRE -> waits.look(state.ttl());
    };
  }

  /** {@return what to store and to do} */
  public RolloverDecision decide(RolloverState former, RolloverFacts facts, Instant now) {
    RolloverState state = followed(former, facts, now);
    PublishedKeys published = facts.published().orElse(null);
    if (published == null) {
      return new RolloverDecision(state, withoutLook(state, facts));
    }
    Duration ttl = published.ttl();
    // Until now, servers may have given what they showed at the last query.
    Duration longest = ttl.compareTo(state.ttl()) > 0 ? ttl : state.ttl();
    Instant horizon = later(state.horizon(), now.plus(waits.caches(longest)));
    // A server that is silent to us may still give out what it had before.
    RolloverState seen = state.seen(published.unanswered().isPresent() ? longest : ttl, horizon);
    return switch (seen.phase()) {
      case IDLE -> new RolloverDecision(seen, new RolloverAction.Await(""));
      case PUBLISH, SPREAD, CERTIFY, LOAD -> beforeLoad(seen, published, facts, now);
      case DRAIN -> drain(seen, published, now);
      case WITHDRAW, EXPIRE -> afterDrain(seen, published, facts, now);
    };
  }

  /** What all servers agreed on lasts until now, or begins now. */
  private RolloverState agreed(RolloverState state, Instant now) {
    boolean gap =
        state
            .agreed()
            .filter(at -> !at.plus(waits.gap(state.ttl())).isBefore(now) && !at.isAfter(now))
            .isEmpty();
    return state.agreed(now, gap ? state.horizon() : state.release().orElse(state.horizon()));
  }

  /** The pair in force is a fact, also when it was loaded for another reason. */
  private static RolloverState followed(RolloverState state, RolloverFacts facts, Instant now) {
    Optional<KeyDigest> inForce = facts.inForce();
    if (inForce.isEmpty() || inForce.equals(state.current())) {
      return state;
    }
    if (state.phase() == Phase.IDLE) {
      return state.idle(now, inForce, state.current().isEmpty() ? now : state.ended());
    }
    if (inForce.equals(state.other()) && state.phase().isBeforeLoad()) {
      return state.swapped(Phase.DRAIN, now);
    }
    // Not yet what is offered, or no longer: what was waited for since the load begins again.
    return state.phase() == Phase.DRAIN ? state.restarted(now) : state;
  }

  private static RolloverAction withoutLook(RolloverState state, RolloverFacts facts) {
    return state.phase() == Phase.CERTIFY && !facts.certified()
        ? new RolloverAction.Certify(state.other().orElseThrow())
        : new RolloverAction.Await("the next query of the name servers");
  }

  private static Instant text(Instant time) {
    return time.truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  private RolloverDecision beforeLoad(
      RolloverState state, PublishedKeys published, RolloverFacts facts, Instant now) {
    KeyDigest current = state.current().orElseThrow();
    KeyDigest next = state.other().orElseThrow();
    Optional<String> problem = published.lacking(current).or(() -> published.lacking(next));
    if (problem.isPresent()) {
      // Where no record of the current key is, one of the next would make DANE a demand that this
      // server does not meet.
      List<NameChange> changes =
          changes(published, a -> a.has(current) && !a.has(next), next, true);
      return disagreed(state.in(Phase.PUBLISH, now), changes, problem.get());
    }
    if (published.unanswered().isPresent()) {
      return new RolloverDecision(state, new RolloverAction.Await(published.unanswered().get()));
    }
    RolloverState spread = agreed(state, now);
    Instant release = spread.release().orElseThrow();
    if (now.isBefore(release)) {
      return new RolloverDecision(
          spread.in(Phase.SPREAD, now), new RolloverAction.Await("caches, until " + text(release)));
    }
    return facts.certified()
        ? new RolloverDecision(
            spread.in(Phase.LOAD, now), new RolloverAction.Await("the load of the next pair"))
        : new RolloverDecision(spread.in(Phase.CERTIFY, now), new RolloverAction.Certify(next));
  }

  private RolloverDecision drain(RolloverState state, PublishedKeys published, Instant now) {
    Instant end = state.since().plus(waits.drain(published.ttl()));
    if (now.isBefore(end)) {
      return new RolloverDecision(
          state, new RolloverAction.Await("caches, tickets and backups, until " + text(end)));
    }
    return new RolloverDecision(
        state.in(Phase.WITHDRAW, now),
        new RolloverAction.Await("the next query of the name servers"));
  }

  private RolloverDecision afterDrain(
      RolloverState state, PublishedKeys published, RolloverFacts facts, Instant now) {
    KeyDigest current = state.current().orElseThrow();
    KeyDigest old = state.other().orElseThrow();
    if (!facts.inForce().equals(state.current())) {
      return new RolloverDecision(
          state, new RolloverAction.Await("another key than " + current.hex() + " is in force"));
    }
    Optional<String> problem = published.having(old);
    if (problem.isPresent()) {
      List<NameChange> changes = changes(published, a -> a.has(current) && a.has(old), old, false);
      return disagreed(state.in(Phase.WITHDRAW, now), changes, problem.get());
    }
    if (published.unanswered().isPresent()) {
      return new RolloverDecision(state, new RolloverAction.Await(published.unanswered().get()));
    }
    RolloverState expiring = agreed(state, now).in(Phase.EXPIRE, now);
    Instant release = expiring.release().orElseThrow();
    return new RolloverDecision(
        expiring,
        now.isBefore(release)
            ? new RolloverAction.Await("caches, until " + text(release))
            : new RolloverAction.Destroy(old));
  }

  private static RolloverDecision disagreed(
      RolloverState state, List<NameChange> changes, String problem) {
    return new RolloverDecision(
        state.disagreed(),
        changes.isEmpty()
            ? new RolloverAction.Await(problem)
            : new RolloverAction.Update(changes, problem));
  }

  /** One for each name, by the first of its servers that needs it. */
  private static List<NameChange> changes(
      PublishedKeys published, Predicate<ServerAnswer> needed, KeyDigest key, boolean adds) {
    Map<Domain, NameChange> changes = new LinkedHashMap<>();
    for (ServerAnswer answer : published.answers()) {
      if (answer.isKnown() && needed.test(answer)) {
        changes.putIfAbsent(
            answer.owner(),
            new NameChange(
                answer.owner(), answer.records().records(), answer.records().ttl(), key, adds));
      }
    }
    return new ArrayList<>(changes.values());
  }
}
