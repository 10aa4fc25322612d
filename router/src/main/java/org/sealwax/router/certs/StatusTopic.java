package org.sealwax.router.certs;

import java.util.Locale;

/** What a {@link StatusItem} is about. */
public enum StatusTopic {
  /** The router itself. */
  SERVER,
  /** The certificate in force, and one that is refused. */
  CERTIFICATE,
  /** Its key. */
  KEY,
  /** The next renewal. */
  RENEWAL,
  /** The change to another key. */
  ROLLOVER,
  /** TLSA records at one server. */
  TLSA,
  /** The MTA-STS policy. */
  MTA_STS,
  /** TLS reports that were received. */
  REPORTS,
  /** The record of a key for DKIM. */
  DKIM;

  /** {@return the name in JSON: {@code mta_sts}} */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
