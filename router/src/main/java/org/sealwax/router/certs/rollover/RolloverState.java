package org.sealwax.router.certs.rollover;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How far the rollover is. All times are measured ({@link org.sealwax.mail.net.SteadyClock#now}).
 *
 * @param phase the phase
 * @param current the key in force; empty before it was seen for the first time
 * @param other before the load the next key, after it the old one; empty when idle
 * @param since when this phase began
 * @param agreed when all servers last answered, and all as they should; empty: since the phase
 *     began not yet, or one did not
 * @param ttl the longest time to live since all servers answered, that time included
 * @param horizon until when a cache may have what was seen so far, doubled
 * @param release when the present wait ends, if all servers agree until then
 * @param aborting whether the new key is given up
 * @param ended when the last rollover ended, or the first key was seen
 */
public record RolloverState(
    Phase phase,
    Optional<KeyDigest> current,
    Optional<KeyDigest> other,
    Instant since,
    Optional<Instant> agreed,
    Duration ttl,
    Instant horizon,
    Optional<Instant> release,
    boolean aborting,
    Instant ended) {
  /** In their order. */
  public enum Phase {
    /** One key. */
    IDLE,
    /** The record of the next key is not yet seen everywhere. */
    PUBLISH,
    /** It is seen everywhere, and caches may have the former records. */
    SPREAD,
    /** A certificate for the next key is needed. */
    CERTIFY,
    /** The next pair is offered to the server. */
    LOAD,
    /** The next pair is in force; the old one may be needed by caches, tickets and backups. */
    DRAIN,
    /** The record of the key that goes is to be removed. */
    WITHDRAW,
    /** It is removed everywhere, and caches may have it. */
    EXPIRE;

    /** {@return whether the other key has not been in force} */
    boolean isBeforeLoad() {
      return this == PUBLISH || this == SPREAD || this == CERTIFY || this == LOAD;
    }
  }

  /** Checks that there is another key when there must be one. */
  public RolloverState {
    if ((phase == Phase.IDLE) != other.isEmpty()
        || (phase != Phase.IDLE && current.isEmpty())
        || (current.isPresent() && current.equals(other))) {
      throw new IllegalArgumentException(phase + " " + current + " " + other);
    }
  }

  /** {@return the state of a server that never had a rollover} */
  public static RolloverState initial(Instant now) {
    return new RolloverState(
        Phase.IDLE,
        Optional.empty(),
        Optional.empty(),
        now,
        Optional.empty(),
        Duration.ZERO,
        now,
        Optional.empty(),
        false,
        now);
  }

  /**
   * {@return the key whose pair is to be in force}
   *
   * @param looked whether the servers were asked since the start of the process: the state may be
   *     one from a backup, and the record of the next key is gone
   */
  public Optional<KeyDigest> offered(boolean looked) {
    return phase == Phase.LOAD && looked ? other : current;
  }

  RolloverState restarted(Instant now) {
    return new RolloverState(
        phase, current, other, now, agreed, ttl, horizon, release, aborting, ended);
  }

  RolloverState in(Phase next, Instant now) {
    return next == phase
        ? this
        : new RolloverState(
            next, current, other, now, agreed, ttl, horizon, release, aborting, ended);
  }

  RolloverState seen(Duration longest, Instant until) {
    return new RolloverState(
        phase, current, other, since, agreed, longest, until, release, aborting, ended);
  }

  RolloverState agreed(Instant now, Instant until) {
    return new RolloverState(
        phase,
        current,
        other,
        since,
        Optional.of(now),
        ttl,
        horizon,
        Optional.of(until),
        aborting,
        ended);
  }

  RolloverState disagreed() {
    return new RolloverState(
        phase,
        current,
        other,
        since,
        Optional.empty(),
        ttl,
        horizon,
        Optional.empty(),
        aborting,
        ended);
  }

  RolloverState swapped(Phase next, Instant now) {
    return new RolloverState(
            next, other, current, now, agreed, ttl, horizon, release, aborting, ended)
        .disagreed();
  }

  RolloverState idle(Instant now, Optional<KeyDigest> key, Instant end) {
    return new RolloverState(
            Phase.IDLE, key, Optional.empty(), now, agreed, ttl, horizon, release, false, end)
        .disagreed();
  }

  RolloverState begun(KeyDigest next, Instant now) {
    return new RolloverState(
            Phase.PUBLISH,
            current,
            Optional.of(next),
            now,
            agreed,
            ttl,
            horizon,
            release,
            false,
            ended)
        .disagreed();
  }

  RolloverState abortedIn(Phase next, Instant now) {
    return new RolloverState(next, current, other, now, agreed, ttl, horizon, release, true, ended)
        .disagreed();
  }
}
