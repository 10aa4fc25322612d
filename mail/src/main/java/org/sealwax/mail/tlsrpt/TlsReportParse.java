package org.sealwax.mail.tlsrpt;

import java.util.List;

/** What octets that should be a report came to. */
public sealed interface TlsReportParse {
  /**
   * A report.
   *
   * @param report with the policy entries that could be read: one or more
   * @param leftOut why others could not, in words of ours, each reason once
   */
  record ReadReport(TlsReport report, List<String> leftOut) implements TlsReportParse {
    /** Copies. */
    public ReadReport {
      leftOut = List.copyOf(leftOut);
    }
  }

  /**
   * None.
   *
   * @param why in words of ours: nothing of the input is in it
   */
  record UnreadableReport(String why) implements TlsReportParse {}
}
