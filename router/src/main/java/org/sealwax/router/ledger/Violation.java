package org.sealwax.router.ledger;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;

/**
 * A domain shows less than its level, as far as it has been watched; immutable.
 *
 * @param since when that was first seen
 * @param nearUs whether many unrelated domains began it together
 * @param contradicted when a path last kept the level, or plaintext was injected; or null
 * @param run observations since then, all of which show less; or null
 * @param paths the last thing that each path showed
 * @param candidates paths to hosts not known that always show a verified name of their own
 */
record Violation(
    Instant since,
    boolean nearUs,
    @Nullable Instant contradicted,
    @Nullable ObservationRun run,
    Map<HostPath, PathState> paths,
    Map<HostPath, ObservationRun> candidates) {
  /**
   * The last state of a path.
   *
   * @param level its worth
   * @param met whether that kept the level
   * @param at when
   */
  record PathState(ProvenLevel level, boolean met, Instant at) {
    boolean isBelow() {
      return !met && level != ProvenLevel.SILENT;
    }
  }

  /**
   * Observations of one kind without a contrary one in between.
   *
   * @param since the first
   * @param count of those that lie apart
   * @param counted when the last one was counted
   * @param last the last one
   */
  record ObservationRun(Instant since, int count, Instant counted, Instant last) {
    /** Observations that a run needs (docs/policy.md). */
    static final int LEAST = 6;

    static ObservationRun start(Instant now) {
      return new ObservationRun(now, 1, now, now);
    }

    /** One more; after too long a silence without a connection, it begins again. */
    static ObservationRun next(@Nullable ObservationRun run, Instant now, Duration hold) {
      if (run == null || now.isBefore(run.last) || now.isAfter(run.last.plus(longestGap(hold)))) {
        return start(now);
      }
      // A burst of connections is one observation.
      return now.isBefore(run.counted.plus(hold.dividedBy(24)))
          ? new ObservationRun(run.since, run.count, run.counted, now)
          : new ObservationRun(run.since, run.count + 1, now, now);
    }

    private static Duration longestGap(Duration hold) {
      Duration half = hold.dividedBy(2);
      Duration day = Duration.ofDays(1);
      return half.compareTo(day) > 0 ? half : day;
    }

    /** Whether it was watched from the beginning of the hold to its end. */
    boolean isComplete(Instant now, Duration hold, Instant steadySince) {
      Instant end = end(hold, steadySince);
      return count >= LEAST && !now.isBefore(end) && !last.isBefore(end.minus(hold.dividedBy(8)));
    }

    /** The end of the hold; a clock in doubt begins it again. */
    Instant end(Duration hold, Instant steadySince) {
      return (since.isBefore(steadySince) ? steadySince : since).plus(hold);
    }
  }

  /** Copies. */
  Violation {
    paths = Map.copyOf(paths);
    candidates = Map.copyOf(candidates);
  }

  static Violation begins(Instant now) {
    return new Violation(now, false, null, null, Map.of(), Map.of());
  }

  Violation asNearUs() {
    return new Violation(since, true, contradicted, run, paths, candidates);
  }

  Violation with(HostPath path, PathState state) {
    Map<HostPath, PathState> more = new HashMap<>(paths);
    more.put(path, state);
    return new Violation(since, nearUs, contradicted, run, more, candidates);
  }

  /** Something spoke against it: whatever ran so far ran for nothing. */
  Violation contradicted(Instant now) {
    return new Violation(since, nearUs, now, null, paths, candidates);
  }

  Violation below(Instant now, Duration hold) {
    return new Violation(
        since, nearUs, contradicted, ObservationRun.next(run, now, hold), paths, candidates);
  }

  /** A host not known showed a valid certificate for its own name: so it does not show less. */
  Violation candidate(HostPath path, Instant now, Duration hold) {
    Map<HostPath, ObservationRun> more = new HashMap<>(candidates);
    more.put(path, ObservationRun.next(candidates.get(path), now, hold));
    return new Violation(since, nearUs, contradicted, null, paths, more);
  }

  Violation noCandidate(HostPath path) {
    Map<HostPath, ObservationRun> fewer = new HashMap<>(candidates);
    fewer.remove(path);
    return new Violation(since, nearUs, contradicted, run, paths, fewer);
  }

  /** Without what {@code keep} no longer holds. */
  Violation only(
      java.util.function.Predicate<Domain> hosts,
      java.util.function.BiPredicate<HostPath, PathState> keep) {
    Map<HostPath, PathState> fewer = new HashMap<>(paths);
    fewer
        .entrySet()
        .removeIf(e -> !hosts.test(e.getKey().host()) || !keep.test(e.getKey(), e.getValue()));
    Map<HostPath, ObservationRun> left = new HashMap<>(candidates);
    left.keySet().removeIf(path -> !hosts.test(path.host()));
    return new Violation(since, nearUs, contradicted, run, fewer, left);
  }
}
