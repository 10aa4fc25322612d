package org.sealwax.router.certs.acme;

import java.time.Duration;
import java.util.Optional;
import org.sealwax.router.certs.acme.RenewalState.IssuedFacts;
import org.sealwax.router.certs.acme.RenewalState.RenewalWindow;

/** The end of a step: of an order, or of the question for a renewal window. */
public sealed interface RenewalAnswer {
  /** A certificate was issued, checked and stored. */
  record Issued(IssuedFacts facts) implements RenewalAnswer {}

  /**
   * There is no certificate.
   *
   * @param why for the log and the admin
   * @param retryAfter what the authority asked for
   */
  record Failed(String why, Optional<Duration> retryAfter) implements RenewalAnswer {}

  /**
   * The authority suggests a time.
   *
   * @param retryAfter when to ask again
   */
  record Window(RenewalWindow window, Optional<Duration> retryAfter) implements RenewalAnswer {}

  /**
   * It suggests none: it does not support this, or its answer cannot be used.
   *
   * @param retryAfter when to ask again
   */
  record NoWindow(Optional<Duration> retryAfter) implements RenewalAnswer {}
}
