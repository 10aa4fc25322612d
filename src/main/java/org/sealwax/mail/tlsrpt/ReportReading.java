package org.sealwax.mail.tlsrpt;

import java.util.List;

/** What octets that should be a report came to. */
public sealed interface ReportReading {
  /**
   * A report.
   *
   * @param report with the policy entries that could be read: one or more
   * @param leftOut why others could not, in words of ours, each reason once
   */
  record Read(Report report, List<String> leftOut) implements ReportReading {
    /** Copies. */
    public Read {
      leftOut = List.copyOf(leftOut);
    }
  }

  /**
   * None.
   *
   * @param why in words of ours: nothing of the input is in it
   */
  record Unreadable(String why) implements ReportReading {}
}
