package org.sealwax.router.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.router.reports.ReportSettings;

/**
 * {@code [tlsrpt]}.
 *
 * @param enabled whether reports are made
 * @param organization name of the reporting organization
 * @param contact the From of reports; without one there are none
 * @param dkimDomain the domain that signs mail
 * @param dkimSelector below {@code _domainkey}
 * @param dkimKey the key; without one reports go by HTTPS only
 * @param period what one report covers
 */
@SettingTable(
    name = "tlsrpt",
    purpose = "Reports to the domains that mail goes to about the TLS they showed.")
public record TlsReportRow(
    @Setting(
            fallback = "true",
            restart = true,
            doc =
                "Whether domains that ask for it by a TLSRPT record (RFC 8460) get a daily"
                    + " report of the sessions with them. Without a contact and a"
                    + " postmaster there are none.")
        boolean enabled,
    @Setting(
            example = "The Project",
            restart = true,
            doc = "Who reports. Left out: the name of this server.")
        String organization,
    @Setting(
            example = "tls-reports@project.example",
            restart = true,
            doc = "The From of reports, in the domain that signs. Left out: the postmaster.")
        Optional<Mailbox> contact,
    @Setting(
            example = "project.example",
            restart = true,
            doc = "The domain that signs reports by mail. Without a key they go by HTTPS only.")
        Optional<Domain> dkimDomain,
    @Setting(
            example = "tlsrpt",
            restart = true,
            doc = "The selector: the public key stands at SELECTOR._domainkey.DOMAIN.")
        Optional<Domain> dkimSelector,
    @Setting(example = "/etc/sealwax/tlsrpt.pem", restart = true, doc = "An RSA key in PKCS#8 PEM.")
        Optional<Path> dkimKey,
    @Setting(
            fallback = "1d",
            least = "10s",
            restart = true,
            doc = "What one report covers, from midnight UTC on. Shorter than a day in tests only.")
        Duration period) {
  /**
   * A key for signing.
   *
   * @param domain signing domain
   * @param selector below {@code _domainkey}
   * @param file the key
   */
  public record DkimKey(Domain domain, Domain selector, Path file) {}

  /** How mail is signed; empty: reports go by HTTPS only. */
  public Optional<DkimKey> dkim() {
    return dkimDomain.isEmpty() || dkimSelector.isEmpty()
        ? Optional.empty()
        : dkimKey.map(file -> new DkimKey(dkimDomain.get(), dkimSelector.get(), file));
  }

  /** How long reports of one period may take to leave. */
  public Duration spread() {
    return period.compareTo(ReportSettings.DAY) < 0 ? Duration.ZERO : ReportSettings.SPREAD;
  }
}
