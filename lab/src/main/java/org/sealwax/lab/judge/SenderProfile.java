package org.sealwax.lab.judge;

import java.util.Locale;
import java.util.Optional;

/** What a sender chose where the standards leave a choice (RFC 7435 3). */
public enum SenderProfile {
  /** Plaintext, and unverified certificates, where no policy forbids them. */
  OPPORTUNISTIC,
  /** TLS everywhere, verified or not. */
  STRICT,
  /** Verified TLS everywhere. */
  VERIFIED;

  /** The word for command line and JSON. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The profile of this word. */
  public static Optional<SenderProfile> read(String word) {
    for (SenderProfile each : values()) {
      if (each.label().equals(word)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }
}
