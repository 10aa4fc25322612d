package org.sealwax.router.ledger;

import java.time.Duration;

/**
 * The evidence that makes a level, and the loss of a level.
 *
 * @param sessions counted sessions that a level needs
 * @param days distinct days (UTC) on which they were
 * @param perDay sessions counted per domain and day at most
 * @param resolutions separate look-ups of the MX set at least
 * @param hostDays distinct days on which each host of the MX set must have been seen
 * @param greetUnseen whether hosts that no delivery needs are greeted for that
 * @param hold how long every path must show less before that is accepted
 * @param regression whether it is accepted at all without the admin
 * @param decay a level that is not seen for so long falls away
 * @param domains rows at most
 */
public record LedgerSettings(
    int sessions,
    int days,
    int perDay,
    int resolutions,
    int hostDays,
    boolean greetUnseen,
    Duration hold,
    Regression regression,
    Duration decay,
    int domains) {
  /** The treatment of a domain that shows less than it did. */
  public enum Regression {
    /** Accept it after the hold, when it is theirs. */
    HOLD,
    /** Wait for the admin's word. */
    ASK
  }

  /** Two days outlast a weekend's mishap and most attacks on a path; mail lives five. */
  public static final Duration DEFAULT_HOLD = Duration.ofDays(2);

  /** A shorter hold would end before the queue has tried often enough to know. */
  public static final Duration SHORTEST_HOLD = Duration.ofHours(1);

  /** Rows that fit into the space that docs/operating.md promises. */
  public static final int DEFAULT_DOMAINS = 100_000;

  /** More than one server can need. */
  public static final int MOST_DOMAINS = 10_000_000;

  /** Checks ranges. */
  public LedgerSettings {
    if (sessions < 1 || days < 1 || perDay < 1 || resolutions < 1 || hostDays < 1) {
      throw new IllegalArgumentException("counts are positive");
    }
    if (hold.compareTo(SHORTEST_HOLD) < 0) {
      throw new IllegalArgumentException("a hold is at least an hour");
    }
    if (decay.compareTo(hold) <= 0) {
      throw new IllegalArgumentException("decay is longer than the hold");
    }
    if (domains < 1 || domains > MOST_DOMAINS) {
      throw new IllegalArgumentException("domains are from 1 to " + MOST_DOMAINS);
    }
  }

  /** The defaults of docs/policy.md. */
  public static LedgerSettings defaults() {
    return new LedgerSettings(
        20, 7, 4, 2, 2, true, DEFAULT_HOLD, Regression.HOLD, Duration.ofDays(180), DEFAULT_DOMAINS);
  }
}
