package org.sealwax.router.certs.acme;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * All that is known about one certificate, kept over restarts: what {@link RenewalRules} decides
 * by.
 *
 * @param issued the certificate in hand; empty: none, or not one for this configuration
 * @param window the time that the authority suggests for its renewal (RFC 9773)
 * @param askWindowAt when to ask for it again
 * @param failures orders that failed since the last one that did not
 * @param failure why the last one failed; empty: it did not
 * @param failedSince the first of these failures
 * @param orderAt not before this time, after a failure
 */
public record RenewalState(
    Optional<IssuedFacts> issued,
    Optional<RenewalWindow> window,
    Instant askWindowAt,
    int failures,
    String failure,
    Instant failedSince,
    Instant orderAt) {
  /** Before the first order. */
  public static final RenewalState NEW =
      new RenewalState(
          Optional.empty(), Optional.empty(), Instant.EPOCH, 0, "", Instant.EPOCH, Instant.EPOCH);

  /**
   * A certificate in hand.
   *
   * @param begin of its validity
   * @param end of its validity
   * @param spread from 0 to 1, a property of the certificate: where in an interval of time it is
   *     renewed. A fixed number per certificate, so that asking again does not move the time
   */
  public record IssuedFacts(Instant begin, Instant end, double spread) {
    /** How long it is valid. */
    Duration lifetime() {
      return Duration.between(begin, end);
    }

    /** The time after a part of its lifetime. */
    Instant after(double part) {
      return begin.plusMillis((long) (lifetime().toMillis() * part));
    }
  }

  /**
   * When the authority wants a certificate renewed.
   *
   * @param start of the interval
   * @param end of the interval
   */
  public record RenewalWindow(Instant start, Instant end) {}

  /** {@return the same, as after a start with another certificate, or none, in hand} */
  RenewalState holding(Optional<IssuedFacts> other) {
    return other.equals(issued)
        ? this
        : new RenewalState(
            other, Optional.empty(), Instant.EPOCH, failures, failure, failedSince, orderAt);
  }
}
