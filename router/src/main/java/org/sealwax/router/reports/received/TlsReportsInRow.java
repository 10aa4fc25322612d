package org.sealwax.router.reports.received;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

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
        "Received TLS reports about the domains of this server (RFC 8460); sealwax tlsrpt sums them up.")
public record TlsReportsInRow(
    @Setting(
            doc =
                "Addresses whose mail is read as TLS reports about alias and relay domains of this server: publish one as rua=mailto: in a TLSRPT record. They take precedence over the alias file; mail without a report is put aside in the state folder.")
        List<Mailbox> addresses,
    @Setting(
            example = "*:443",
            restart = true,
            doc =
                "Address and port for reports by POST over HTTPS, with the certificate of [identity]. Default: none.")
        Optional<InetSocketAddress> listen,
    @Setting(
            fallback = "/v1/tlsrpt",
            restart = true,
            doc = "Path for reports by POST: publish it as rua=https://HOST/v1/tlsrpt.")
        String path,
    @Setting(
            fallback = "90d",
            least = "2d",
            most = "731d",
            restart = true,
            doc = "Retention of reports after the day that they cover.")
        Duration keep) {
  /** Copies. */
  public TlsReportsInRow {
    addresses = List.copyOf(addresses);
    ReportListenerSettings.checkPath(path);
  }

  /** Whether reports are taken at all. */
  public boolean enabled() {
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
