package org.sealwax.mail.dmarc;

import org.sealwax.mail.address.Domain;

/**
 * A domain for which SPF or DKIM has a result.
 *
 * @param mechanism which of them
 * @param domain the domain of MAIL FROM, or the {@code d=} of a signature
 */
public record AuthenticatedIdentifier(Mechanism mechanism, Domain domain) {
  /** What authenticates (RFC 9989 section 4.3). */
  public enum Mechanism {
    /** The domain of MAIL FROM. */
    SPF,
    /** The domain of a signature. */
    DKIM
  }
}
