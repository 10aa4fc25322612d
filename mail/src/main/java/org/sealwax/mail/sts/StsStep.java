package org.sealwax.mail.sts;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Evidence;

/**
 * What MTA-STS comes to for one domain now: memory, announcement and time lead to what holds, or to
 * a fetch; a fetch leads to the next memory. Pure.
 *
 * @param memory to keep from now on
 * @param next what to do
 * @param lost an {@code enforce} policy that has just ended although nobody took it back, or null:
 *     the ledger remembers its hosts
 */
public record StsStep(StsMemory memory, StsAction next, @Nullable LostPolicy lost) {
  /** The least between two failed fetches (RFC 8461 3.3). */
  public static final Duration LEAST_GAP = Duration.ofMinutes(5);

  /** The most between two failed fetches: a host that is back is found within the hour. */
  public static final Duration MOST_GAP = Duration.ofHours(1);

  /** A policy in force is fetched anew within this time (RFC 8461 3.3, 10.2). */
  public static final Duration REFRESH = Duration.ofHours(24);

  /** Doublings of the gap that matter. */
  private static final int MAX_DOUBLINGS = 8;

  /** What to do. */
  public sealed interface StsAction {
    /**
     * This holds.
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
   * A policy that ended without being taken back.
   *
   * @param kept it
   * @param why whether its record was gone, or only its renewal failed
   */
  public record LostPolicy(StsMemory.FetchedPolicy kept, PolicyEnd why) {}

  /** How a policy ended. */
  public enum PolicyEnd {
    /** It could not be fetched again in its whole life. */
    REFRESH_FAILED,
    /** The DNS says that there is no record any more, and mode {@code none} was never served. */
    RECORD_GONE
  }

  /**
   * {@return what holds for a delivery now, or that a fetch must come first}
   *
   * @param memory what is remembered
   * @param announcement what the DNS says now
   * @param patience how long mail waits at first contact
   * @param now the current time
   */
  public static StsStep decide(
      StsMemory memory, StsLookup announcement, FirstContactWait patience, Instant now) {
    return switch (announcement) {
      case StsLookup.NoRecordAnswer s -> silent(memory, s.why(), patience, now);
      case StsLookup.RecordAnswer s ->
          switch (s.record()) {
            case StsRecord.Announced a -> announced(memory.withLookup(), a.id(), patience, now);
            case StsRecord.None n -> recordGone(memory, "no _mta-sts record", now);
            case StsRecord.Several m ->
                recordGone(memory, m.count() + " _mta-sts records, which count as none", now);
            case StsRecord.Malformed m ->
                recordGone(memory, "its _mta-sts record is malformed: " + m.why(), now);
          };
    };
  }

  /**
   * {@return whether a policy in memory is to be fetched now although nothing asks for it: in the
   * background when its time has come, and before a failure becomes permanent (RFC 8461 5.1)}
   *
   * @param memory what is remembered
   * @param announcement what the DNS says now
   * @param patience how long mail waits at first contact
   * @param now the current time
   */
  public static StsStep renew(
      StsMemory memory, StsLookup announcement, FirstContactWait patience, Instant now) {
    StsMemory.FetchedPolicy kept = memory.kept();
    StsStep usual = decide(memory, announcement, patience, now);
    if (kept == null || usual.next() instanceof StsAction.FetchPolicy || usual.lost() != null) {
      return usual;
    }
    boolean there =
        switch (announcement) {
          // HTTPS vouches for itself, whatever becomes of the look-up.
          case StsLookup.NoRecordAnswer s -> true;
          // A domain that took its record away is leaving; its policy is not prolonged.
          case StsLookup.RecordAnswer s -> s.record() instanceof StsRecord.Announced;
        };
    boolean soon =
        now.isBefore(kept.fetched().plus(LEAST_GAP)) && !now.isBefore(kept.fetched())
            || mustWait(memory, patience, now);
    if (!there || soon) {
      return new StsStep(
          usual.memory().withRefresh(now.plus(there ? LEAST_GAP : REFRESH)), usual.next(), null);
    }
    return new StsStep(memory, new StsAction.FetchPolicy(kept.id()), null);
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
    StsMemory.FetchedPolicy kept = new StsMemory.FetchedPolicy(id, policy, now);
    Duration half = policy.maxAge().dividedBy(2);
    Duration most = half.compareTo(REFRESH) < 0 ? half : REFRESH;
    Instant refresh =
        most.compareTo(LEAST_GAP) < 0
            ? null
            : now.plusMillis((long) (most.toMillis() * (0.75 + 0.25 * jitter)));
    return new StsStep(new StsMemory(kept, refresh, null, 0, null, null, ""), settled(kept), null);
  }

  /**
   * After a fetch that brought none.
   *
   * @param memory what is remembered
   * @param why the reason in words, for logs
   * @param patience how long mail waits at first contact
   * @param now the current time
   * @return what to remember, and what holds now
   */
  public static StsStep failed(
      StsMemory memory, String why, FirstContactWait patience, Instant now) {
    Instant since = memory.fetchSince();
    return missed(memory, why, since == null || memory.isInvalid() ? now : since, patience, now);
  }

  /**
   * After a fetch by verified HTTPS that was answered with no policy: none counts at once, except
   * for one that is kept and in force. Waiting would change nothing, and nobody but the domain's
   * owner can have caused it.
   *
   * @param memory what is remembered
   * @param why the reason in words, for logs
   * @param patience how long mail waits at first contact
   * @param now the current time
   * @return what to remember, and what holds now
   */
  public static StsStep invalid(
      StsMemory memory, String why, FirstContactWait patience, Instant now) {
    return missed(memory, why, StsMemory.INVALID, patience, now);
  }

  private static StsStep missed(
      StsMemory memory, String why, Instant since, FirstContactWait patience, Instant now) {
    StsMemory after =
        new StsMemory(
            memory.kept(),
            memory.kept() == null ? null : now.plus(gap(memory.failures() + 1)),
            now,
            memory.failures() + 1,
            since,
            memory.lookupSince(),
            why);
    return unfetched(after, patience, now);
  }

  private static StsAction.StateHolds settled(StsMemory.FetchedPolicy kept) {
    return new StsAction.StateHolds(kept.state(), kept.expires());
  }

  private static StsStep announced(
      StsMemory memory, String id, FirstContactWait patience, Instant now) {
    StsMemory.FetchedPolicy live = memory.live(now);
    if (live != null && live.id().equals(id)) {
      return new StsStep(memory, settled(live), null);
    }
    return mustWait(memory, patience, now)
        ? unfetched(memory, patience, now)
        : new StsStep(memory, new StsAction.FetchPolicy(id), null);
  }

  /** A fetch failed a moment ago. A clock that went back does not make the moment long. */
  private static boolean mustWait(StsMemory memory, FirstContactWait patience, Instant now) {
    Instant tried = memory.tried();
    return tried != null && !now.isBefore(tried) && now.isBefore(nextTry(memory, patience, tried));
  }

  private static Instant nextTry(StsMemory memory, FirstContactWait patience, Instant tried) {
    Instant next = tried.plus(gap(memory.failures()));
    Instant since = memory.fetchSince();
    if (memory.kept() != null || since == null) {
      return next;
    }
    // The end of the hold is a time to try, however long the gap has grown.
    Instant soonest = tried.plus(LEAST_GAP);
    Instant end = since.plus(patience.fetch());
    Instant wanted = end.isAfter(soonest) ? end : soonest;
    return wanted.isBefore(next) && tried.isBefore(end) ? wanted : next;
  }

  private static Duration gap(int failures) {
    Duration gap = LEAST_GAP.multipliedBy(1L << Math.clamp(failures - 1, 0, MAX_DOUBLINGS));
    return gap.compareTo(MOST_GAP) > 0 ? MOST_GAP : gap;
  }

  /** Announced, and not to be had now. */
  private static StsStep unfetched(StsMemory memory, FirstContactWait patience, Instant now) {
    StsMemory.FetchedPolicy live = memory.live(now);
    if (live != null) {
      return new StsStep(memory, settled(live), null);
    }
    LostPolicy lost = lost(memory, PolicyEnd.REFRESH_FAILED);
    if (lost != null) {
      // Its hosts are the ledger's from now on; until the ledger has them, the policy speaks.
      return new StsStep(memory.withoutKept(), settled(lost.kept()), lost);
    }
    Instant since = memory.fetchSince() == null ? now : memory.fetchSince();
    Instant tried = memory.tried() == null ? now : memory.tried();
    if (memory.isInvalid()) {
      return new StsStep(
          memory.withoutKept(),
          new StsAction.StateHolds(
              new Evidence.StsState.Absent(
                  "announced, and what it serves is " + memory.failure(), true),
              nextTry(memory, patience, tried)),
          null);
    }
    Instant end = since.plus(patience.fetch());
    // A wait too short for another fetch ends by the clock, any other with the fetch at its end.
    boolean brief = patience.fetch().compareTo(LEAST_GAP) < 0;
    if (brief && now.isBefore(end)) {
      return new StsStep(memory, new StsAction.StateHolds(unfetchable(memory, end), end), null);
    }
    if (!brief && tried.isBefore(end)) {
      Instant next = nextTry(memory, patience, tried);
      return new StsStep(
          memory,
          new StsAction.StateHolds(unfetchable(memory, next.isAfter(end) ? next : end), next),
          null);
    }
    return new StsStep(
        memory.withoutKept(),
        new StsAction.StateHolds(
            new Evidence.StsState.Absent(
                "announced, and its policy could not be fetched since "
                    + since
                    + ": "
                    + memory.failure()),
            nextTry(memory, patience, tried)),
        null);
  }

  private static Evidence.StsState.Pending unfetchable(StsMemory memory, Instant until) {
    return new Evidence.StsState.Pending(
        "its policy cannot be fetched: " + memory.failure(), until);
  }

  private static StsStep silent(
      StsMemory memory, String why, FirstContactWait patience, Instant now) {
    StsMemory.FetchedPolicy live = memory.live(now);
    if (live != null) {
      return new StsStep(memory, settled(live), null);
    }
    String trouble = "_mta-sts cannot be looked up: " + why;
    LostPolicy lost = lost(memory, PolicyEnd.REFRESH_FAILED);
    Instant since = memory.lookupSince() == null ? now : memory.lookupSince();
    StsMemory after = memory.withoutKept().withLookupFailure(since, trouble);
    if (lost != null) {
      return new StsStep(after, settled(lost.kept()), lost);
    }
    Instant end = since.plus(patience.lookup());
    return now.isBefore(end)
        ? new StsStep(
            after, new StsAction.StateHolds(new Evidence.StsState.Pending(trouble, end), end), null)
        : new StsStep(
            after,
            new StsAction.StateHolds(
                new Evidence.StsState.Absent(trouble + ", since " + since), null),
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
            : settled(lost.kept()),
        lost);
  }

  private static @Nullable LostPolicy lost(StsMemory memory, PolicyEnd why) {
    StsMemory.FetchedPolicy kept = memory.kept();
    return kept != null && kept.policy().mode() == StsPolicy.Mode.ENFORCE
        ? new LostPolicy(kept, why)
        : null;
  }
}
