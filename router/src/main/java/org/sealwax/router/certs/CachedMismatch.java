package org.sealwax.router.certs;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * TLSA records that a refused pair did not match, and that senders may still have in a cache when
 * the servers have others: RFC 7671 8.1 has the new records published for so long before the key
 * changes.
 *
 * @param ttl their longest time to live when they were seen last
 * @param since when every server had records that match; null: one has none yet
 */
record CachedMismatch(Duration ttl, @Nullable Instant since) {
  /**
   * {@return what is known after a judgement; null: the pair was never refused for its records}
   *
   * @param former what was known before
   */
  static @Nullable CachedMismatch after(
      @Nullable CachedMismatch former,
      LoadDecision decision,
      PublishedNames published,
      Instant now) {
    if (decision.because().stream().anyMatch(PairDefect.NoTlsaMatch.class::isInstance)) {
      return new CachedMismatch(published.longestTtl(), null);
    }
    if (former == null || !decision.isLoaded()) {
      return former;
    }
    Instant since = former.since;
    return since == null || now.isBefore(since) ? new CachedMismatch(former.ttl, now) : former;
  }

  /** {@return whether a sender may have them: for twice their time to live, as in a rollover} */
  boolean isIn(Instant now) {
    return now.isBefore(until());
  }

  /** {@return until when} */
  Instant until() {
    return since == null ? Instant.MAX : since.plus(ttl.multipliedBy(2));
  }
}
