package org.sealwax.router.feedback;

import java.util.Locale;
import java.util.Optional;

/** Kinds of reports. */
public enum FeedbackKind {
  /** Delivery status notifications (RFC 3464) to rewritten senders. */
  BOUNCE,
  /** Abuse reports (RFC 5965). */
  ABUSE,
  /** DMARC aggregate reports (RFC 9990). */
  DMARC;

  /** For the store, metrics and display: {@code bounce}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<FeedbackKind> of(String word) {
    for (FeedbackKind kind : values()) {
      if (kind.word().equals(word)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
