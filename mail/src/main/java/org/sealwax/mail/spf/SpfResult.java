package org.sealwax.mail.spf;

import java.util.Locale;

/** The result of an SPF check (RFC 7208 2.6). */
public enum SpfResult {
  /** There is no domain to check, or it publishes no record. */
  NONE,
  /** The domain does not say whether the client may send. */
  NEUTRAL,
  /** The client may send for the domain. */
  PASS,
  /** The client is not authorized. */
  FAIL,
  /** The client is probably not authorized. */
  SOFTFAIL,
  /** A look-up failed: a later check may have another result. */
  TEMPERROR,
  /** The record of the domain has an error, or is over a limit. */
  PERMERROR;

  /** {@return the word of RFC 8601 section 2.7.2} */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
