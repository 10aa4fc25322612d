package org.sealwax.router.reports.received;

import org.sealwax.mail.net.CountText;
import org.sealwax.mail.tlsrpt.SessionCounts;
import org.sealwax.mail.tlsrpt.TlsReport;

/** The log lines of a stored report. */
final class ReceivedReportLog {
  private ReceivedReportLog() {}

  /** One line; what the reporter chose is cleaned by the log itself. */
  static String kept(ReportIntakeResult.Stored stored) {
    ReceivedReport received = stored.report();
    TlsReport report = received.report();
    return "TLS report about "
        + report.domain()
        + " from "
        + report.begin()
        + " by "
        + received.origin()
        + ": "
        + CountText.of(
            report.sums().stream().mapToLong(SessionCounts.PolicySummary::succeeded).sum(),
            "session")
        + " succeeded, "
        + report.sums().stream().mapToLong(SessionCounts.PolicySummary::failed).sum()
        + " failed"
        + (stored.leftOut().isEmpty()
            ? ""
            : "; policy entries left out: " + String.join("; ", stored.leftOut()));
  }
}
