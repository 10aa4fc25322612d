package org.sealwax.mail.tlsrpt;

import java.util.List;

/** The result of reading a report. */
public sealed interface TlsReportParse {
  /**
   * A report.
   *
   * @param report with the policy entries that could be read: one or more
   * @param leftOut why others could not, in our own words, each reason once
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
   * @param why in our own words: nothing of the input is in it
   */
  record UnreadableReport(String why) implements TlsReportParse {}
}
