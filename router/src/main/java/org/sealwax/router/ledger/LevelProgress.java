package org.sealwax.router.ledger;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * Evidence for a level so far.
 *
 * @param sessions counted
 * @param days distinct ones (UTC)
 * @param lastDay the last of them, counted from 1970-01-01
 * @param today sessions counted on it
 * @param resolutions separate ones
 * @param until the end of the last one's time to live
 */
public record LevelProgress(
    int sessions, int days, long lastDay, int today, int resolutions, Instant until) {
  static final LevelProgress NONE = new LevelProgress(0, 0, Long.MIN_VALUE, 0, 0, Instant.EPOCH);

  /** Where counting stops: far beyond every setting. */
  static final int ENOUGH = 1_000_000;

  /** A cached answer's end is computed again each time, and by whole seconds. */
  private static final long SAME_RESOLUTION = 5;

  /** Whether two answers that expire at these times are one answer, from a cache. */
  static boolean isSameResolution(Instant one, Instant other) {
    return Math.abs(one.getEpochSecond() - other.getEpochSecond()) <= SAME_RESOLUTION;
  }

  static long day(Instant at) {
    return Math.floorDiv(at.getEpochSecond(), TimeUnit.DAYS.toSeconds(1));
  }

  /** One more session. */
  LevelProgress counted(Instant now, Instant resolvedUntil, LedgerSettings settings) {
    long day = day(now);
    if (day == lastDay && today >= settings.perDay() || sessions >= ENOUGH) {
      return this;
    }
    boolean same = isSameResolution(resolvedUntil, until);
    return new LevelProgress(
        sessions + 1,
        day == lastDay ? days : days + 1,
        day,
        day == lastDay ? today + 1 : 1,
        same ? resolutions : resolutions + 1,
        same ? until : resolvedUntil);
  }

  boolean isEnough(LedgerSettings settings) {
    return sessions >= settings.sessions()
        && days >= settings.days()
        && resolutions >= settings.resolutions();
  }
}
