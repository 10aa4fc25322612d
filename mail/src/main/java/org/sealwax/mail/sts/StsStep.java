package org.sealwax.mail.sts;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Evidence;

/**
 * One step of the MTA-STS state of a domain: stored state, announcement and time lead to the policy
 * in force, or to a fetch; a fetch leads to the next stored state. Pure.
 *
 * @param memory to keep from now on
 * @param next what to do
 * @param lost an {@code enforce} policy that has just ended although the domain did not revoke it,
 *     or null: the ledger remembers its hosts
 */
public record StsStep(StsMemory memory, StsAction next, @Nullable LostPolicy lost) {
  /** The least between two failed fetches (RFC 8461 3.3). */
  public static final Duration LEAST_GAP = Duration.ofMinutes(5);

  /** The most between two failed fetches: a host that is back is found within the hour. */
  public static final Duration MOST_GAP = Duration.ofHours(1);

  /** A policy in force is fetched again within this time (RFC 8461 3.3, 10.2). */
  public static final Duration REFRESH = Duration.ofHours(24);

  /** Doublings of the gap that matter. */
  private static final int MAX_DOUBLINGS = 8;

  /** What to do. */
  public sealed interface StsAction {
    /**
     * The state in force.
     *
     * @param state for the evidence
     * @param expires when it must be asked again at the latest, or null
     */
    record StateHolds(Evidence.StsState state, @Nullable Instant expires) implements StsAction {}

    /**
     * The policy is to be fetched, and the outcome handed to {@link StsStep#fetched} or {@link
     * StsStep#failed}.
     *
     * @param id that is announced
     */
    record FetchPolicy(String id) implements StsAction {}
  }

  /**
   * A policy that ended without being revoked.
   *
   * @param fetched the policy
   * @param why whether its record was gone, or only its renewal failed
   */
  public record LostPolicy(StsMemory.FetchedPolicy fetched, PolicyEnd why) {}

  /** How a policy ended. */
  public enum PolicyEnd {
    /** It could not be fetched again before it expired. */
    REFRESH_FAILED,
    /** The record is gone from the DNS, and mode {@code none} was never served. */
    RECORD_GONE
  }

  /**
   * {@return what holds for a delivery now, or that a fetch must come first}
   *
   * @param memory what is remembered
   * @param lookup the present answer of the DNS
   * @param firstContactWait how long mail waits at first contact
   * @param now the current time
   */
  public static StsStep decide(
      StsMemory memory, StsLookup lookup, FirstContactWait firstContactWait, Instant now) {
    return switch (lookup) {
      case StsLookup.NoRecordAnswer s -> silent(memory, s.why(), firstContactWait, now);
      case StsLookup.RecordAnswer s ->
          switch (s.record()) {
            case StsRecord.Announced a ->
                announced(memory.withLookup(), a.id(), firstContactWait, now);
            case StsRecord.None n -> recordGone(memory, "no _mta-sts record", now);
            case StsRecord.Several m ->
                recordGone(
                    memory, m.count() + " _mta-sts records; more than one count as none", now);
            case StsRecord.Malformed m ->
                recordGone(memory, "its _mta-sts record is malformed: " + m.why(), now);
          };
    };
  }

  /**
   * {@return whether a stored policy is to be fetched now without a delivery: in the background
   * when its time has come, and before a failure becomes permanent (RFC 8461 5.1)}
   *
   * @param memory what is remembered
   * @param lookup the present answer of the DNS
   * @param firstContactWait how long mail waits at first contact
   * @param now the current time
   */
  public static StsStep renew(
      StsMemory memory, StsLookup lookup, FirstContactWait firstContactWait, Instant now) {
    StsMemory.FetchedPolicy fetched = memory.fetched();
    StsStep usual = decide(memory, lookup, firstContactWait, now);
    if (fetched == null || usual.next() instanceof StsAction.FetchPolicy || usual.lost() != null) {
      return usual;
    }
    boolean there =
        switch (lookup) {
          // HTTPS authenticates the policy, whatever the result of the look-up.
          case StsLookup.NoRecordAnswer s -> true;
          // A domain that removed its record gives up MTA-STS; its policy is not prolonged.
          case StsLookup.RecordAnswer s -> s.record() instanceof StsRecord.Announced;
        };
    boolean soon =
        now.isBefore(fetched.fetched().plus(LEAST_GAP)) && !now.isBefore(fetched.fetched())
            || mustWait(memory, firstContactWait, now);
    if (!there || soon) {
      return new StsStep(
          usual.memory().withRefresh(now.plus(there ? LEAST_GAP : REFRESH)), usual.next(), null);
    }
    return new StsStep(memory, new StsAction.FetchPolicy(fetched.id()), null);
  }

  /**
   * After a fetch that brought a policy.
   *
   * @param id the id that the record announces
   * @param policy the policy
   * @param now the current time
   * @param jitter from 0 to 1: spreads the renewals of policies that came in together
   * @return what to remember, and what holds now
   */
  public static StsStep fetched(String id, StsPolicy policy, Instant now, double jitter) {
    StsMemory.FetchedPolicy fetched = new StsMemory.FetchedPolicy(id, policy, now);
    Duration half = policy.maxAge().dividedBy(2);
    Duration most = half.compareTo(REFRESH) < 0 ? half : REFRESH;
    Instant refresh =
        most.compareTo(LEAST_GAP) < 0
            ? null
            : now.plusMillis((long) (most.toMillis() * (0.75 + 0.25 * jitter)));
    return new StsStep(
        new StsMemory(fetched, refresh, null, 0, null, null, ""), settled(fetched), null);
  }

  /**
   * After a fetch that brought none.
   *
   * @param memory what is remembered
   * @param why the reason in words, for logs
   * @param firstContactWait how long mail waits at first contact
   * @param now the current time
   * @return what to remember, and what holds now
   */
  public static StsStep failed(
      StsMemory memory, String why, FirstContactWait firstContactWait, Instant now) {
    Instant since = memory.fetchSince();
    return missed(
        memory, why, since == null || memory.isInvalid() ? now : since, firstContactWait, now);
  }

  /**
   * After a fetch by verified HTTPS that was answered with no policy: none counts at once, except
   * for one that is kept and in force. Waiting would change nothing, and only the domain's owner
   * can have caused it.
   *
   * @param memory what is remembered
   * @param why the reason in words, for logs
   * @param firstContactWait how long mail waits at first contact
   * @param now the current time
   * @return what to remember, and what holds now
   */
  public static StsStep invalid(
      StsMemory memory, String why, FirstContactWait firstContactWait, Instant now) {
    return missed(memory, why, StsMemory.INVALID, firstContactWait, now);
  }

  private static StsStep missed(
      StsMemory memory, String why, Instant since, FirstContactWait firstContactWait, Instant now) {
    StsMemory after =
        new StsMemory(
            memory.fetched(),
            memory.fetched() == null ? null : now.plus(gap(memory.failures() + 1)),
            now,
            memory.failures() + 1,
            since,
            memory.lookupSince(),
            why);
    return unfetched(after, firstContactWait, now);
  }

  private static StsAction.StateHolds settled(StsMemory.FetchedPolicy fetched) {
    return new StsAction.StateHolds(fetched.state(), fetched.expires());
  }

  private static StsStep announced(
      StsMemory memory, String id, FirstContactWait firstContactWait, Instant now) {
    StsMemory.FetchedPolicy live = memory.live(now);
    if (live != null && live.id().equals(id)) {
      return new StsStep(memory, settled(live), null);
    }
    return mustWait(memory, firstContactWait, now)
        ? unfetched(memory, firstContactWait, now)
        : new StsStep(memory, new StsAction.FetchPolicy(id), null);
  }

  /** A fetch failed a moment ago. A clock that went back does not prolong this. */
  private static boolean mustWait(
      StsMemory memory, FirstContactWait firstContactWait, Instant now) {
    Instant tried = memory.tried();
    return tried != null
        && !now.isBefore(tried)
        && now.isBefore(nextTry(memory, firstContactWait, tried));
  }

  private static Instant nextTry(
      StsMemory memory, FirstContactWait firstContactWait, Instant tried) {
    Instant next = tried.plus(gap(memory.failures()));
    Instant since = memory.fetchSince();
    if (memory.fetched() != null || since == null) {
      return next;
    }
    // The end of the hold causes a fetch, however long the gap is by then.
    Instant soonest = tried.plus(LEAST_GAP);
    Instant end = since.plus(firstContactWait.fetch());
    Instant wanted = end.isAfter(soonest) ? end : soonest;
    return wanted.isBefore(next) && tried.isBefore(end) ? wanted : next;
  }

  private static Duration gap(int failures) {
    Duration gap = LEAST_GAP.multipliedBy(1L << Math.clamp(failures - 1, 0, MAX_DOUBLINGS));
    return gap.compareTo(MOST_GAP) > 0 ? MOST_GAP : gap;
  }

  /** Announced, and not available now. */
  private static StsStep unfetched(
      StsMemory memory, FirstContactWait firstContactWait, Instant now) {
    StsMemory.FetchedPolicy live = memory.live(now);
    if (live != null) {
      return new StsStep(memory, settled(live), null);
    }
    LostPolicy lost = lost(memory, PolicyEnd.REFRESH_FAILED);
    if (lost != null) {
      // The ledger records its hosts from now on; until it has them, the policy counts.
      return new StsStep(memory.withoutKept(), settled(lost.fetched()), lost);
    }
    Instant since = memory.fetchSince() == null ? now : memory.fetchSince();
    Instant tried = memory.tried() == null ? now : memory.tried();
    if (memory.isInvalid()) {
      return new StsStep(
          memory.withoutKept(),
          new StsAction.StateHolds(
              new Evidence.StsState.Absent("announced, but unusable: " + memory.failure(), true),
              nextTry(memory, firstContactWait, tried)),
          null);
    }
    Instant end = since.plus(firstContactWait.fetch());
    // A wait too short for another fetch ends by the clock, any other with the fetch at its end.
    boolean brief = firstContactWait.fetch().compareTo(LEAST_GAP) < 0;
    if (brief && now.isBefore(end)) {
      return new StsStep(memory, new StsAction.StateHolds(unfetchable(memory, end), end), null);
    }
    if (!brief && tried.isBefore(end)) {
      Instant next = nextTry(memory, firstContactWait, tried);
      return new StsStep(
          memory,
          new StsAction.StateHolds(unfetchable(memory, next.isAfter(end) ? next : end), next),
          null);
    }
    return new StsStep(
        memory.withoutKept(),
        new StsAction.StateHolds(
            new Evidence.StsState.Absent(
                "announced, but its policy could not be fetched since "
                    + since.truncatedTo(ChronoUnit.SECONDS)
                    + ": "
                    + memory.failure()),
            nextTry(memory, firstContactWait, tried)),
        null);
  }

  private static Evidence.StsState.Pending unfetchable(StsMemory memory, Instant until) {
    return new Evidence.StsState.Pending(
        "its policy cannot be fetched: " + memory.failure(), until);
  }

  private static StsStep silent(
      StsMemory memory, String why, FirstContactWait firstContactWait, Instant now) {
    StsMemory.FetchedPolicy live = memory.live(now);
    if (live != null) {
      return new StsStep(memory, settled(live), null);
    }
    String problem = "_mta-sts cannot be looked up: " + why;
    LostPolicy lost = lost(memory, PolicyEnd.REFRESH_FAILED);
    Instant since = memory.lookupSince() == null ? now : memory.lookupSince();
    StsMemory after = memory.withoutKept().withLookupFailure(since, problem);
    if (lost != null) {
      return new StsStep(after, settled(lost.fetched()), lost);
    }
    Instant end = since.plus(firstContactWait.lookup());
    return now.isBefore(end)
        ? new StsStep(
            after, new StsAction.StateHolds(new Evidence.StsState.Pending(problem, end), end), null)
        : new StsStep(
            after,
            new StsAction.StateHolds(
                new Evidence.StsState.Absent(
                    problem + ", since " + since.truncatedTo(ChronoUnit.SECONDS)),
                null),
            null);
  }

  private static StsStep recordGone(StsMemory memory, String why, Instant now) {
    StsMemory.FetchedPolicy live = memory.live(now);
    if (live != null) {
      // RFC 8461 §3.3: a policy that is valid applies although nothing announces it any more.
      return new StsStep(memory.withLookup(), settled(live), null);
    }
    LostPolicy lost = lost(memory, PolicyEnd.RECORD_GONE);
    return new StsStep(
        StsMemory.EMPTY,
        lost == null
            ? new StsAction.StateHolds(new Evidence.StsState.Absent(why), null)
            : settled(lost.fetched()),
        lost);
  }

  private static @Nullable LostPolicy lost(StsMemory memory, PolicyEnd why) {
    StsMemory.FetchedPolicy fetched = memory.fetched();
    return fetched != null && fetched.policy().mode() == StsPolicy.Mode.ENFORCE
        ? new LostPolicy(fetched, why)
        : null;
  }
}
