package org.sealwax.mail.dmarc;

import java.util.Locale;

/** The result of a DMARC check (RFC 9989 section 5.3; the words of RFC 8601 registries). */
public enum DmarcResult {
  /** No policy applies to the domain in From. */
  NONE,
  /** An authenticated identity is aligned with the domain in From. */
  PASS,
  /** None is. */
  FAIL,
  /** A look-up failed: a later check may have another result. */
  TEMPERROR,
  /** From has not exactly one domain. */
  PERMERROR;

  /** {@return the word for Authentication-Results} */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
