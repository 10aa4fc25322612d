package org.sealwax.policy;

import java.util.Locale;
import java.util.Optional;

/**
 * Postfix's words for common points in the space of requirements, kept because admins and log
 * parsers know them. Ordered from the weakest to the strongest.
 */
public enum Level {
  /** Never TLS. */
  NONE,
  /** TLS if offered, clear text otherwise. */
  MAY,
  /** Always TLS, whoever the peer is. */
  ENCRYPT,
  /** Always TLS, with one of the pinned keys. */
  FINGERPRINT,
  /** Always TLS, with a trusted certificate for the MX host's name, however that was found. */
  VERIFY,
  /** Always TLS, with a trusted certificate for a name that no forged DNS answer could choose. */
  SECURE;

  /** The word in configuration and logs. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The level of a word. */
  public static Optional<Level> ofWord(String word) {
    for (Level level : values()) {
      if (level.word().equals(word)) {
        return Optional.of(level);
      }
    }
    return Optional.empty();
  }

  /** Whether clear text is out of the question at this level. */
  public boolean demandsTls() {
    return compareTo(ENCRYPT) >= 0;
  }
}
