package org.sealwax.router.reports.received;

import org.sealwax.mail.tlsrpt.Report;
import org.sealwax.mail.tlsrpt.Tally;

/** What the log says of a report that was kept. */
final class ReceivedLog {
  private ReceivedLog() {}

  /** One line; what the reporter chose is cleaned by the log itself. */
  static String kept(Verdict.Kept kept) {
    ReceivedReport received = kept.report();
    Report report = received.report();
    return "TLS report about "
        + report.domain()
        + " from "
        + report.begin()
        + " by "
        + received.origin()
        + ": "
        + report.sums().stream().mapToLong(Tally.Sum::succeeded).sum()
        + " sessions held, "
        + report.sums().stream().mapToLong(Tally.Sum::failed).sum()
        + " failed"
        + (kept.leftOut().isEmpty()
            ? ""
            : "; policy entries left out: " + String.join("; ", kept.leftOut()));
  }
}
