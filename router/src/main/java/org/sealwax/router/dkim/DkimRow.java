package org.sealwax.router.dkim;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [[dkim]]}: one key of one domain.
 *
 * @param domain signing domain
 * @param selector below {@code _domainkey}
 * @param key file with the private key
 * @param from when it begins to sign; empty: at once
 * @param until when it ends; empty: never
 */
@SettingTable(
    name = "dkim",
    rows = true,
    purpose =
        "Key that signs the mail of a domain by DKIM (RFC 6376); one row for each selector. Of several keys with one algorithm, the newest in force signs. Mail of users and clients is signed only with a [[sender]] entry.")
public record DkimRow(
    @Setting(
            example = "project.example",
            required = true,
            doc = "Signing domain: the domain of the From field.")
        Domain domain,
    @Setting(
            example = "s2026",
            required = true,
            doc = "DKIM selector: the public key is published at SELECTOR._domainkey.DOMAIN.")
        Domain selector,
    @Setting(
            example = "/etc/sealwax/dkim/project.example.s2026.pem",
            required = true,
            doc = "Private key in PKCS#8 PEM: RSA or Ed25519. Read again by a reload.")
        Path key,
    @Setting(
            name = "from",
            example = "2027-01-31",
            doc = "Day (UTC) from which the key signs. Default: at once.")
        Optional<Instant> from,
    @Setting(
            name = "until",
            example = "2028-01-31",
            doc =
                "Day (UTC) from which the key no longer signs. Keep the row and the record until sealwax dkim check reports that the record can be removed. Default: none.")
        Optional<Instant> until) {
  /** Checks that the key signs at some time. */
  public DkimRow {
    if (from.isPresent() && until.isPresent() && !from.get().isBefore(until.get())) {
      throw new IllegalArgumentException("until must be after from");
    }
  }

  /**
   * {@return whether the key signs}
   *
   * @param now the current time
   */
  public boolean isInForce(Instant now) {
    return from.filter(now::isBefore).isEmpty() && until.filter(u -> !now.isBefore(u)).isEmpty();
  }
}
