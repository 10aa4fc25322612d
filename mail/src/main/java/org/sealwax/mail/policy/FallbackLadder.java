package org.sealwax.mail.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * The fallback steps of one configuration and the limits on connections, as data.
 *
 * @param steps TLS steps from the top, {@link FallbackStep#FULL} first; steps that would offer the
 *     same as the one above (no hybrid to leave out, no ticket or certificate) are absent
 * @param hold how long broken TLS keeps mail from plaintext; zero or more
 */
public record FallbackLadder(List<FallbackStep> steps, Duration hold) {
  /**
   * Connections to one host in one delivery: enough to find a working step, few enough not to
   * burden it.
   */
  public static final int PER_HOST = 3;

  /** Connections in one delivery over all hosts. */
  public static final int PER_DELIVERY = 8;

  /** Hosts per delivery: each can have one connection, and one is left for plaintext. */
  public static final int HOSTS = PER_DELIVERY - 1;

  /**
   * Half an hour is longer than a restart or a failed renewal, and most mail can wait that long.
   */
  public static final Duration DEFAULT_HOLD = Duration.ofMinutes(30);

  /** Two failures of the full offer this far apart before a demand for TLS accepts a downgrade. */
  public static final Duration FULL_FAILURES_APART = Duration.ofMinutes(5);

  /** Time for which a fallback step counts as broken at a host. */
  public static final Duration NEGATIVE_MEMORY = Duration.ofHours(20);

  /** Time for which a host counts as one that supports TLS without a new handshake. */
  public static final Duration POSITIVE_MEMORY = Duration.ofDays(7);

  /** Copies and checks. */
  public FallbackLadder {
    steps = List.copyOf(steps);
    if (steps.isEmpty()
        || steps.getFirst() != FallbackStep.FULL
        || steps.contains(FallbackStep.CLEAR)) {
      throw new IllegalArgumentException("a fallback ladder begins with the full TLS offer");
    }
    for (int i = 1; i < steps.size(); i++) {
      if (!steps.get(i).isBelow(steps.get(i - 1))) {
        throw new IllegalArgumentException("fallback steps must descend");
      }
    }
    if (hold.isNegative()) {
      throw new IllegalArgumentException("a hold cannot be negative");
    }
  }

  /**
   * {@return the ladder of one configuration}
   *
   * @param hybrid whether the full offer has the post-quantum hybrid
   * @param extras whether it has a ticket or a client certificate
   * @param hold how long plaintext waits after TLS first failed
   */
  public static FallbackLadder of(boolean hybrid, boolean extras, Duration hold) {
    List<FallbackStep> steps = new ArrayList<>(5);
    steps.add(FallbackStep.FULL);
    if (hybrid) {
      steps.add(FallbackStep.CLASSICAL);
    }
    if (extras) {
      steps.add(FallbackStep.BARE);
    }
    steps.add(FallbackStep.TLS12);
    steps.add(FallbackStep.COMPATIBLE);
    return new FallbackLadder(steps, hold);
  }

  /**
   * {@return where to begin at a host}
   *
   * @param requirement what must hold
   * @param memory what is remembered
   */
  public FallbackStep first(Requirement requirement, HostMemory memory) {
    if (requirement.encryption() == Requirement.TlsUse.NEVER) {
      return FallbackStep.CLEAR;
    }
    for (FallbackStep step : steps) {
      if (fits(requirement, step) && !isKnownBroken(memory, step)) {
        return mayStandOn(requirement, memory, step) ? step : FallbackStep.FULL;
      }
    }
    return FallbackStep.FULL;
  }

  /**
   * {@return the next connection's fallback step at the same host, still with TLS; empty when there
   * is none}
   *
   * @param requirement what must hold
   * @param state the state of the fallback at this host
   */
  public Optional<FallbackStep> nextBelow(Requirement requirement, FallbackState state) {
    // Where plaintext may come at the end of this delivery, one connection is kept for it, and
    // the hosts share the others.
    boolean reserve = state.keepsOne() || isPlaintextDue(requirement, state);
    int perHost =
        reserve
            ? Math.max(1, Math.min(PER_HOST - 1, (PER_DELIVERY - 1) / state.hosts()))
            : PER_HOST;
    int inAll = reserve ? PER_DELIVERY - 1 : PER_DELIVERY;
    // The last step is tried before plaintext, however many connections the others used.
    FallbackStep last = last(requirement);
    boolean lastIsDue = last.isBelow(state.step()) && !hasBroken(requirement, state.memory());
    if (state.inDelivery() >= inAll
        || state.atHost() >= (reserve && lastIsDue ? PER_HOST - 1 : perHost)) {
      return Optional.empty();
    }
    if (lastIsDue && reserve && state.atHost() >= perHost - 1) {
      return mayStandOn(requirement, state.memory(), last) ? Optional.of(last) : Optional.empty();
    }
    // A step that failed recently is skipped on the way down, also at a host that has shown it:
    // else the bound on connections would end every delivery before the last step.
    for (FallbackStep step : steps) {
      if (step.isBelow(state.step())
          && fits(requirement, step)
          && !state.memory().broken().containsKey(step)) {
        return mayStandOn(requirement, state.memory(), step) ? Optional.of(step) : Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** The step that offers the most of the old algorithms. */
  private FallbackStep last(Requirement requirement) {
    return steps.reversed().stream()
        .filter(step -> fits(requirement, step))
        .findFirst()
        .orElse(FallbackStep.FULL);
  }

  /**
   * {@return whether the last fallback step has failed at a host recently, so that no TLS step is
   * left}
   *
   * @param requirement what must hold
   * @param memory what is remembered
   */
  public boolean hasBroken(Requirement requirement, HostMemory memory) {
    return memory.broken().containsKey(last(requirement));
  }

  /**
   * {@return whether one more connection to any host is within the bound}
   *
   * @param inDelivery connections opened in this delivery
   */
  public static boolean hasConnectionsLeft(int inDelivery) {
    return inDelivery < PER_DELIVERY;
  }

  /**
   * {@return whether broken TLS may be followed by plaintext in this delivery: the requirement
   * allows it, TLS at the host was broken before this delivery began, and the hold since then is
   * over} The hold is the host's, not the message's: mail that comes later does not wait again.
   *
   * @param requirement what must hold
   * @param state the state of the fallback at this host
   */
  public boolean isPlaintextDue(Requirement requirement, FallbackState state) {
    return requirement.plaintextFallback() != Requirement.PlaintextFallback.NEVER
        && requirement.encryption() != Requirement.TlsUse.ALWAYS
        && isKnownBefore(state)
        && !state.now().isBefore(holdEnds(state));
  }

  private static boolean isKnownBefore(FallbackState state) {
    Instant since = state.memory().brokenSince();
    return since != null && since.isBefore(state.deliveryBegan());
  }

  /**
   * {@return when the hold of the host ends}
   *
   * @param state the state of the fallback at this host
   */
  public Instant holdEnds(FallbackState state) {
    Instant since = state.memory().brokenSince();
    return (since == null ? state.deliveryBegan() : since).plus(hold);
  }

  /**
   * {@return whether a fallback step can meet the floor of a requirement}
   *
   * @param requirement what must hold
   * @param step the fallback step
   */
  public static boolean fits(Requirement requirement, FallbackStep step) {
    return step != FallbackStep.TLS12
        || requirement.floor().lowest().compareTo(TlsVersion.TLS_1_2) <= 0;
  }

  /** A broken step counts only above the strongest step that worked at the host. */
  private static boolean isKnownBroken(HostMemory memory, FallbackStep step) {
    FallbackStep shown = memory.strongest();
    return memory.broken().containsKey(step) && (shown == null || shown.isBelow(step));
  }

  /**
   * Where TLS is demanded, a step below one that worked at the host needs two failures of the full
   * offer some minutes apart: one disturbed handshake must not give an attacker a downgrade.
   */
  private static boolean mayStandOn(Requirement requirement, HostMemory memory, FallbackStep step) {
    FallbackStep shown = memory.strongest();
    if (!requirement.demandsTls() || shown == null || !step.isBelow(shown)) {
      return true;
    }
    Instant first = memory.fullFailedFirst();
    Instant last = memory.fullFailedLast();
    return first != null && last != null && !last.isBefore(first.plus(FULL_FAILURES_APART));
  }
}
