package org.sealwax.tlsrpt;

/** What octets that should be a report came to. */
public sealed interface ReportReading {
  /** A report. */
  record Read(Report report) implements ReportReading {}

  /**
   * None.
   *
   * @param why in words of ours: nothing of the input is in it
   */
  record Unreadable(String why) implements ReportReading {}
}
