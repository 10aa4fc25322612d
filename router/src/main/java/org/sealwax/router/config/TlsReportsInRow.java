package org.sealwax.router.config;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.router.reports.received.ReceivedReportSettings;
import org.sealwax.router.reports.received.ReportListenerSettings;

/**
 * The {@code [tlsrpt_in]} table, when reports are taken.
 *
 * @param addresses by mail to these
 * @param listener by POST there; empty: not
 * @param storage how they are kept
 */
public record TlsReportsInRow(
    List<Mailbox> addresses,
    Optional<ReportListenerSettings> listener,
    ReceivedReportSettings storage) {
  /** Copies. */
  public TlsReportsInRow {
    addresses = List.copyOf(addresses);
  }
}
