package org.sealwax.router.dkim;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;

/** Where a key is in its life, by the rows of the configuration. Pure. */
sealed interface KeyTimes {
  /** After the last mail of a key has left, receivers may still verify it for so long. */
  Duration KEPT = Duration.ofDays(7);

  /** A key with its row. */
  record LoadedKey(DkimRow row, DkimSigningKey key) {
    private Instant begin() {
      return row.from().orElse(Instant.MIN);
    }

    private boolean signsFor(LoadedKey other) {
      return row.domain().equals(other.row.domain()) && key.algorithm() == other.key.algorithm();
    }
  }

  /** It will sign. */
  record Waiting(Instant from) implements KeyTimes {}

  /** It signs. */
  record Signing() implements KeyTimes {}

  /**
   * It no longer signs.
   *
   * @param since its end, or the begin of the key that signs instead
   * @param successor the selector of that key; empty: the row has ended
   */
  record Ended(Instant since, Optional<Domain> successor) implements KeyTimes {}

  /**
   * {@return the key that signs for the domain of this one, with its algorithm: the newest in
   * force, of equal ones the last}
   *
   * @param all in the order of the configuration
   */
  static Optional<LoadedKey> inForce(LoadedKey key, List<LoadedKey> all, Instant now) {
    return all.stream()
        .filter(k -> k.signsFor(key) && k.row().isInForce(now))
        .sorted(Comparator.comparing(LoadedKey::begin))
        .reduce((_, last) -> last);
  }

  /** {@return where the key is} */
  static KeyTimes of(LoadedKey key, List<LoadedKey> all, Instant now) {
    DkimRow row = key.row();
    if (row.until().filter(until -> !now.isBefore(until)).isPresent()) {
      return new Ended(row.until().get(), Optional.empty());
    }
    if (row.from().filter(now::isBefore).isPresent()) {
      return new Waiting(row.from().get());
    }
    LoadedKey signs = inForce(key, all, now).orElse(key);
    return signs.equals(key)
        ? new Signing()
        : new Ended(signs.row().from().orElse(Instant.EPOCH), Optional.of(signs.row().selector()));
  }
}
