package org.sealwax.router.certs;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.sealwax.mail.tls.Identity;

/** What the dates of a certificate mean for an admin. */
public final class CertificateDates {
  /** Renewals come when a third of the lifetime is left; what has a quarter was not renewed. */
  private static final int SOON_PART = 4;

  /** No certificate expires soon before that, however long it was valid. */
  private static final Duration SOON = Duration.ofDays(14);

  private CertificateDates() {}

  /** {@return what an admin should know; empty: nothing} */
  public static Optional<String> notice(Identity identity, Instant now) {
    Instant end = identity.expires();
    Instant begin = identity.leaf().getNotBefore().toInstant();
    if (now.isAfter(end)) {
      return Optional.of(identity.name() + ": the certificate expired on " + end);
    }
    if (now.isBefore(begin)) {
      return Optional.of(identity.name() + ": the certificate is valid only from " + begin);
    }
    Duration part = Duration.between(begin, end).dividedBy(SOON_PART);
    Duration soon = part.compareTo(SOON) < 0 ? part : SOON;
    return now.plus(soon).isAfter(end)
        ? Optional.of(identity.name() + ": the certificate expires soon, on " + end)
        : Optional.empty();
  }
}
