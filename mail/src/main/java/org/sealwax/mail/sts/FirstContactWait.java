package org.sealwax.mail.sts;

import java.time.Duration;
import org.sealwax.mail.settings.Setting;

/**
 * How long mail waits at first contact for a policy of which nothing is known yet, although the RFC
 * would let it go at once (RFC 8461 3.3, 10.2).
 *
 * @param fetch for a policy that is announced and cannot be fetched; after it, and one more fetch,
 *     mail goes as if there were none. A policy host is asked every five minutes at the most, so
 *     within a wait of less there is no other fetch
 * @param lookup while the look-up of the record fails
 */
public record FirstContactWait(
    @Setting(
            name = "first_contact_hold",
            fallback = "30m",
            mostHalfOf = "queue.lifetime",
            restart = true,
            doc =
                "Maximum wait of mail for an announced policy that was never fetched; then delivery"
                    + " continues as without a policy. At most half of [queue] lifetime, also by"
                    + " default. With less than five minutes the policy host is not queried"
                    + " again.")
        Duration fetch,
    @Setting(
            name = "lookup_hold",
            fallback = "4h",
            mostHalfOf = "queue.lifetime",
            restart = true,
            doc =
                "Maximum wait of mail while the look-up of _mta-sts fails and no policy is cached."
                    + " At most half of [queue] lifetime, also by default.")
        Duration lookup) {
  /**
   * Half an hour: a host that restarts is back, and an attacker must keep the disturbance up as
   * long.
   */
  public static final Duration FETCH = Duration.ofMinutes(30);

  /** Four hours: the time in which a DNS failure is usually repaired. */
  public static final Duration LOOKUP = Duration.ofHours(4);

  /** Checks ranges: zero is the RFC to the letter, which waits for nothing. */
  public FirstContactWait {
    if (fetch.isNegative() || lookup.isNegative()) {
      throw new IllegalArgumentException("a wait is not negative");
    }
  }

  /**
   * Half an hour and four hours.
   *
   * @return the defaults
   */
  public static FirstContactWait defaults() {
    return new FirstContactWait(FETCH, LOOKUP);
  }
}
