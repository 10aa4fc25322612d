package org.sealwax.lab.judge;

import java.util.Locale;
import java.util.Optional;

/** What a sender chose where the standards leave a choice (RFC 7435 3). */
public enum Profile {
  /** Clear text, and unverified certificates, where no policy forbids them. */
  OPPORTUNISTIC,
  /** TLS everywhere, verified or not. */
  STRICT,
  /** Verified TLS everywhere. */
  VERIFIED;

  /** The word for command line and JSON. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The profile of this word. */
  public static Optional<Profile> read(String word) {
    for (Profile each : values()) {
      if (each.word().equals(word)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }
}
