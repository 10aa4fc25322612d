package org.sealwax.mail.dns;

import java.time.Instant;
import org.sealwax.mail.address.Domain;

/**
 * A negative trust anchor (RFC 7646): a zone whose DNSSEC is known to be broken, and which is
 * treated as unsigned until a time. DANE does not apply at and below it meanwhile.
 *
 * @param zone at and below which nothing is validated
 * @param owner of the entry, the person responsible for it; not blank
 * @param note why it is there; not blank
 * @param until when it ends
 */
public record NegativeTrustAnchor(Domain zone, String owner, String note, Instant until) {
  /** Checks that owner and note are given. */
  public NegativeTrustAnchor {
    if (owner.isBlank() || note.isBlank()) {
      throw new IllegalArgumentException("a negative trust anchor needs an owner and a note");
    }
  }

  /**
   * {@return whether it counts}
   *
   * @param now the current time
   */
  public boolean isInForce(Instant now) {
    return now.isBefore(until);
  }
}
