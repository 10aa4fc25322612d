package org.sealwax.mail.dns;

import java.time.Instant;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * A negative trust anchor (RFC 7646): a zone whose DNSSEC is known to be broken, and which is
 * treated as unsigned until a time. DANE does not apply at and below it meanwhile.
 *
 * @param zone at and below which nothing is validated
 * @param owner of the entry, the person responsible for it; not blank
 * @param note why it is there; not blank
 * @param until when it ends
 */
@SettingTable(
    name = "negative_anchor",
    rows = true,
    purpose =
        "Negative trust anchor (RFC 7646): the zone is treated as unsigned, and DANE does not apply to its hosts. For a zone with broken DNSSEC; for a week at most.")
public record NegativeTrustAnchor(
    @Setting(
            name = "domain",
            example = "broken.example",
            required = true,
            restart = true,
            doc = "Zone, with everything below it.")
        Domain zone,
    @Setting(
            example = "postmaster@example.org",
            required = true,
            restart = true,
            doc = "Person responsible for the entry.")
        String owner,
    @Setting(
            example = "their DS is stale, reported on 2027-01-24",
            required = true,
            restart = true,
            doc = "Reason for the entry.")
        String note,
    @Setting(
            name = "expires",
            example = "2027-01-31",
            required = true,
            restart = true,
            doc = "Day (UTC) from which the entry is ignored.")
        Instant until) {
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
