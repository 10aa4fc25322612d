package org.sealwax.router.reports;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.router.dkim.DkimRow;

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
    together = {"dkim_domain", "dkim_selector", "dkim_key"},
    purpose = "TLS reports to recipient domains (RFC 8460).")
public record TlsReportRow(
    @Setting(
            fallback = "true",
            restart = true,
            doc =
                "Send daily reports to domains with a TLSRPT record (RFC 8460). Without a contact and a postmaster no reports are sent.")
        boolean enabled,
    @Setting(
            example = "The Project",
            restart = true,
            doc = "Organization name in reports. Default: the name of this server.")
        String organization,
    @Setting(
            example = "tls-reports@project.example",
            restart = true,
            doc = "From address of reports, in the signing domain. Default: the postmaster.")
        Optional<Mailbox> contact,
    @Setting(
            example = "project.example",
            restart = true,
            doc =
                "Domain that signs reports by mail. Without a key, reports are sent by HTTPS only.")
        Optional<Domain> dkimDomain,
    @Setting(
            example = "tlsrpt",
            restart = true,
            doc = "DKIM selector: the public key is published at SELECTOR._domainkey.DOMAIN.")
        Optional<Domain> dkimSelector,
    @Setting(example = "/etc/sealwax/tlsrpt.pem", restart = true, doc = "RSA key in PKCS#8 PEM.")
        Optional<Path> dkimKey,
    @Setting(
            fallback = "1d",
            least = "10s",
            restart = true,
            doc = "Period of one report, from midnight UTC. Shorter than a day in tests only.")
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

  /** The key as a row of keys: it signs reports whatever the other rows say. */
  public Optional<DkimRow> signingRow() {
    return dkim()
        .map(
            key ->
                new DkimRow(
                    key.domain(), key.selector(), key.file(), Optional.empty(), Optional.empty()));
  }

  /** How long reports of one period may take to leave. */
  public Duration spread() {
    return period.compareTo(ReportSettings.DAY) < 0 ? Duration.ZERO : ReportSettings.SPREAD;
  }
}
