package org.sealwax.mail.dmarc;

import java.util.Locale;
import java.util.Optional;

/**
 * What the owner of a domain requests for mail that fails (RFC 9989 section 4.7); stricter is
 * later.
 */
public enum DmarcPolicy {
  /** No preference. */
  NONE,
  /** Such mail is suspicious. */
  QUARANTINE,
  /** Such mail is not from the domain. */
  REJECT;

  /** {@return the word of a record} */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The policy of a word, in any case. */
  static Optional<DmarcPolicy> of(String word) {
    for (DmarcPolicy policy : values()) {
      if (policy.text().equalsIgnoreCase(word)) {
        return Optional.of(policy);
      }
    }
    return Optional.empty();
  }

  /** One level below (RFC 9989 section 4.7, tag {@code t}). */
  DmarcPolicy inTestMode() {
    return this == REJECT ? QUARANTINE : NONE;
  }

  /** The less strict of two. */
  DmarcPolicy milder(DmarcPolicy other) {
    return compareTo(other) < 0 ? this : other;
  }
}
