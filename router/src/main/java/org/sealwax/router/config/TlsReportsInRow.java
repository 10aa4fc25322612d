package org.sealwax.router.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.router.reports.received.ReceivedReportSettings;
import org.sealwax.router.reports.received.ReportListenerSettings;

/**
 * {@code [tlsrpt_in]}.
 *
 * @param addresses reports are taken by mail to these
 * @param listen reports are taken by POST there; empty: not
 * @param path of the URL
 * @param keep how long reports are kept
 */
@SettingTable(
    name = "tlsrpt_in",
    purpose =
        "Reports from others about the TLS of this server's domains (RFC 8460); sealwax tlsrpt"
            + " sums them up.")
public record TlsReportsInRow(
    @Setting(
            doc =
                "Mail to these addresses is read here for reports about alias and relay"
                    + " domains of this server: publish one as rua=mailto: in a TLSRPT"
                    + " record. They go before the alias file; what is no report is put"
                    + " aside in the state folder.")
        List<Mailbox> addresses,
    @Setting(
            example = "*:443",
            restart = true,
            doc =
                "Where reports are taken by POST over HTTPS, with the certificate of"
                    + " [identity]. Left out: nowhere.")
        Optional<InetSocketAddress> listen,
    @Setting(
            fallback = "/v1/tlsrpt",
            restart = true,
            doc = "What is posted to there: publish it as rua=https://HOST/v1/tlsrpt.")
        String path,
    @Setting(
            fallback = "90d",
            least = "2d",
            most = "731d",
            restart = true,
            doc = "How long reports are kept after the day they are about.")
        Duration keep) {
  /** Copies. */
  public TlsReportsInRow {
    addresses = List.copyOf(addresses);
  }

  /** Whether reports are taken at all. */
  boolean enabled() {
    return !addresses.isEmpty() || listen.isPresent();
  }

  /** The listener for reports by POST. */
  public Optional<ReportListenerSettings> listener() {
    return listen.map(address -> ReportListenerSettings.at(address, path));
  }

  /** How reports are kept in {@code folder}. */
  public ReceivedReportSettings storage(Path folder) {
    return ReceivedReportSettings.in(folder, keep);
  }
}
