package org.sealwax.mail.sts;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.policy.Evidence;

/**
 * The stored MTA-STS state of one domain; {@link StsStep} decides what follows from it.
 *
 * @param fetched the last policy that was fetched, in force or past its time, or null
 * @param refresh when it is fetched again without being asked, or null
 * @param tried when a fetch failed last, or null
 * @param failures fetches that failed in a row
 * @param fetchSince when fetching began to fail, or null; {@link #INVALID} when the last fetch was
 *     answered, and with no policy
 * @param lookupSince when the look-up of {@code _mta-sts} began to fail with nothing to hold on to,
 *     or null
 * @param failure the last one in words for people; empty for none
 */
public record StsMemory(
    @Nullable FetchedPolicy fetched,
    @Nullable Instant refresh,
    @Nullable Instant tried,
    int failures,
    @Nullable Instant fetchSince,
    @Nullable Instant lookupSince,
    String failure) {
  /** Nothing. */
  public static final StsMemory EMPTY = new StsMemory(null, null, null, 0, null, null, "");

  /** Stands for "served, and no valid policy": mail does not wait then. */
  static final Instant INVALID = Instant.EPOCH;

  /**
   * The shortest life of a policy: one whose {@code max_age} is less holds for the mail of one
   * minute, so that its host is not asked for every single message.
   */
  public static final Duration LEAST_LIFE = Duration.ofMinutes(1);

  /**
   * A policy that was fetched.
   *
   * @param id that was announced when it was
   * @param policy itself
   * @param fetched when
   */
  public record FetchedPolicy(String id, StsPolicy policy, Instant fetched) {
    /** {@return when it ends unless it is fetched again (RFC 8461 3.2, max_age)} */
    public Instant expires() {
      Duration life = policy.maxAge();
      return fetched.plus(life.compareTo(LEAST_LIFE) < 0 ? LEAST_LIFE : life);
    }

    /**
     * {@return whether it is in force}
     *
     * @param now the current time
     */
    public boolean isLive(Instant now) {
      return now.isBefore(expires());
    }

    /** {@return its state for senders} */
    public Evidence.StsState state() {
      return switch (policy.mode()) {
        case ENFORCE -> new Evidence.StsState.Enforce(id, policy.mx());
        case TESTING -> new Evidence.StsState.Testing(id, policy.mx());
        case NONE -> new Evidence.StsState.Absent("its policy " + id + " has mode none");
      };
    }
  }

  /** Whether the domain serves something that is not a policy, as far as known. */
  boolean isInvalid() {
    return INVALID.equals(fetchSince);
  }

  /** {@return whether there is nothing worth keeping} */
  public boolean isEmpty() {
    return equals(EMPTY);
  }

  /**
   * {@return a policy that is in force, or null}
   *
   * @param now the current time
   */
  public @Nullable FetchedPolicy live(Instant now) {
    return fetched != null && fetched.isLive(now) ? fetched : null;
  }

  StsMemory withRefresh(@Nullable Instant at) {
    return new StsMemory(fetched, at, tried, failures, fetchSince, lookupSince, failure);
  }

  StsMemory withoutKept() {
    return new StsMemory(null, null, tried, failures, fetchSince, lookupSince, failure);
  }

  StsMemory withLookupFailure(Instant since, String what) {
    return new StsMemory(fetched, refresh, tried, failures, fetchSince, since, what);
  }

  /** The domain has been looked up: the earlier failure is over. */
  StsMemory withLookup() {
    return lookupSince == null
        ? this
        : new StsMemory(fetched, refresh, tried, failures, fetchSince, null, failure);
  }
}
