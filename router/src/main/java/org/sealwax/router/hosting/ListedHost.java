package org.sealwax.router.hosting;

import java.time.Instant;
import java.util.Optional;

/**
 * An MX host of a domain, and how far its listing is. All times are measured.
 *
 * @param seen since when it is in the MX records or in the configuration without a break
 * @param listed when the policy listed it first; empty: not listed yet
 * @param safe from when it may be an MX host: no sender has a policy without it; empty: not known
 *     yet, because the TXT record does not announce a policy with it
 * @param published whether it was in the MX records at the last look-up that was answered
 * @param released when the policy may drop it; empty: it is in use
 */
public record ListedHost(
    Instant seen,
    Optional<Instant> listed,
    Optional<Instant> safe,
    boolean published,
    Optional<Instant> released) {
  static ListedHost seenAt(Instant now, boolean published) {
    return new ListedHost(now, Optional.empty(), Optional.empty(), published, Optional.empty());
  }

  ListedHost listedAt(Instant now, Optional<Instant> safeFrom) {
    return new ListedHost(seen, Optional.of(now), safeFrom, published, released);
  }

  ListedHost safeFrom(Instant time) {
    return new ListedHost(seen, listed, Optional.of(time), published, released);
  }

  ListedHost used(boolean inRecords) {
    return new ListedHost(seen, listed, safe, inRecords, Optional.empty());
  }

  ListedHost unused(Instant until) {
    return new ListedHost(seen, listed, safe, false, Optional.of(released.orElse(until)));
  }

  /** {@return whether senders may have a policy without it} */
  public boolean isSafe(Instant now) {
    return safe.filter(at -> !now.isBefore(at)).isPresent();
  }
}
