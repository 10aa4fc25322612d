package org.sealwax.mail.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.tls.verdict.TlsVersion;

/**
 * The rungs that differ for us, and the bounds: as data.
 *
 * @param rungs TLS rungs from the top, {@link Rung#FULL} first; rungs that would offer the same as
 *     the one above (no hybrid to leave out, no ticket or certificate) are absent
 * @param hold how long broken TLS keeps mail from clear text; zero or more
 */
public record Ladder(List<Rung> rungs, Duration hold) {
  /** Connections to one host in one delivery: enough to learn, too few to annoy. */
  public static final int PER_HOST = 3;

  /** Connections in one delivery over all hosts. */
  public static final int PER_DELIVERY = 8;

  /** Hosts per delivery: each can have one connection, and one is left for clear text. */
  public static final int HOSTS = PER_DELIVERY - 1;

  /** Half an hour outlasts a restart or a botched renewal, and most mail can wait that long. */
  public static final Duration DEFAULT_HOLD = Duration.ofMinutes(30);

  /** Two failures of the full offer this far apart before a demand for TLS accepts a downgrade. */
  public static final Duration FULL_FAILURES_APART = Duration.ofMinutes(5);

  /** How long "this rung is broken there" is believed. */
  public static final Duration NEGATIVE_MEMORY = Duration.ofHours(20);

  /** How long "this host does TLS" is believed without seeing it again. */
  public static final Duration POSITIVE_MEMORY = Duration.ofDays(7);

  /** Copies and checks. */
  public Ladder {
    rungs = List.copyOf(rungs);
    if (rungs.isEmpty() || rungs.getFirst() != Rung.FULL || rungs.contains(Rung.CLEAR)) {
      throw new IllegalArgumentException("a ladder has TLS rungs, the full offer first");
    }
    for (int i = 1; i < rungs.size(); i++) {
      if (!rungs.get(i).isBelow(rungs.get(i - 1))) {
        throw new IllegalArgumentException("rungs go down");
      }
    }
    if (hold.isNegative()) {
      throw new IllegalArgumentException("a hold is not negative");
    }
  }

  /**
   * The ladder of one configuration.
   *
   * @param hybrid whether the full offer has the post-quantum hybrid
   * @param extras whether it has a ticket or a client certificate
   */
  public static Ladder of(boolean hybrid, boolean extras, Duration hold) {
    List<Rung> rungs = new ArrayList<>(5);
    rungs.add(Rung.FULL);
    if (hybrid) {
      rungs.add(Rung.CLASSICAL);
    }
    if (extras) {
      rungs.add(Rung.BARE);
    }
    rungs.add(Rung.TLS12);
    rungs.add(Rung.COMPATIBLE);
    return new Ladder(rungs, hold);
  }

  /** Where to begin at a host. */
  public Rung first(Requirement requirement, HostMemory memory) {
    if (requirement.encryption() == Requirement.Encryption.NEVER) {
      return Rung.CLEAR;
    }
    for (Rung rung : rungs) {
      if (fits(requirement, rung) && !isKnownBroken(memory, rung)) {
        return mayStandOn(requirement, memory, rung) ? rung : Rung.FULL;
      }
    }
    return Rung.FULL;
  }

  /** The next connection's rung at the same host, still with TLS; empty when there is none. */
  public Optional<Rung> below(Requirement requirement, LadderState state) {
    // Where clear text may come at the end of this delivery, one connection is kept for it, and
    // the hosts share the others.
    boolean reserve = state.keepsOne() || clearTextIsDue(requirement, state);
    int perHost =
        reserve
            ? Math.max(1, Math.min(PER_HOST - 1, (PER_DELIVERY - 1) / state.hosts()))
            : PER_HOST;
    int inAll = reserve ? PER_DELIVERY - 1 : PER_DELIVERY;
    // The last rung has its turn before plaintext, whatever the others have had.
    Rung last = last(requirement);
    boolean lastIsDue = last.isBelow(state.rung()) && !hasBroken(requirement, state.memory());
    if (state.inDelivery() >= inAll
        || state.atHost() >= (reserve && lastIsDue ? PER_HOST - 1 : perHost)) {
      return Optional.empty();
    }
    if (lastIsDue && reserve && state.atHost() >= perHost - 1) {
      return mayStandOn(requirement, state.memory(), last) ? Optional.of(last) : Optional.empty();
    }
    // A rung that broke lately is passed over on the way down, also at a host that has shown it:
    // else the bound on connections would end every delivery before the last rung.
    for (Rung rung : rungs) {
      if (rung.isBelow(state.rung())
          && fits(requirement, rung)
          && !state.memory().broken().containsKey(rung)) {
        return mayStandOn(requirement, state.memory(), rung) ? Optional.of(rung) : Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** The rung that offers the most of what is old. */
  private Rung last(Requirement requirement) {
    return rungs.reversed().stream()
        .filter(rung -> fits(requirement, rung))
        .findFirst()
        .orElse(Rung.FULL);
  }

  /** Whether the last rung has broken at a host lately, so that no TLS is left to be tried. */
  public boolean hasBroken(Requirement requirement, HostMemory memory) {
    return memory.broken().containsKey(last(requirement));
  }

  /** Whether one more connection to any host is within the bound. */
  public static boolean hasRoom(int inDelivery) {
    return inDelivery < PER_DELIVERY;
  }

  /**
   * Whether broken TLS may be followed by plaintext in this delivery: the requirement allows it,
   * TLS at the host was broken before this delivery began, and the hold since then is over. The
   * hold is the host's, not the message's: mail that comes later does not wait it out again.
   */
  public boolean clearTextIsDue(Requirement requirement, LadderState state) {
    return requirement.clearText() != Requirement.ClearText.NEVER
        && requirement.encryption() != Requirement.Encryption.ALWAYS
        && isKnownBefore(state)
        && !state.now().isBefore(holdEnds(state));
  }

  private static boolean isKnownBefore(LadderState state) {
    Instant since = state.memory().brokenSince();
    return since != null && since.isBefore(state.deliveryBegan());
  }

  /** When the hold of the host ends. */
  public Instant holdEnds(LadderState state) {
    Instant since = state.memory().brokenSince();
    return (since == null ? state.deliveryBegan() : since).plus(hold);
  }

  /** Whether a rung can meet the floor of a requirement. */
  public static boolean fits(Requirement requirement, Rung rung) {
    return rung != Rung.TLS12 || requirement.floor().lowest().compareTo(TlsVersion.TLS_1_2) <= 0;
  }

  /** Negative memory counts only above everything the host has shown. */
  private static boolean isKnownBroken(HostMemory memory, Rung rung) {
    Rung shown = memory.shown();
    return memory.broken().containsKey(rung) && (shown == null || shown.isBelow(rung));
  }

  /**
   * Where TLS is demanded, a rung below one that the host has shown needs two failures of the full
   * offer some minutes apart: one disturbed handshake must not buy anybody a downgrade.
   */
  private static boolean mayStandOn(Requirement requirement, HostMemory memory, Rung rung) {
    Rung shown = memory.shown();
    if (!requirement.demandsTls() || shown == null || !rung.isBelow(shown)) {
      return true;
    }
    Instant first = memory.fullFailedFirst();
    Instant last = memory.fullFailedLast();
    return first != null && last != null && !last.isBefore(first.plus(FULL_FAILURES_APART));
  }
}
