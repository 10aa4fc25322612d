package org.sealwax.router.reports.received;

import java.util.List;

/** The result of an incoming report. */
public sealed interface ReportIntakeResult {
  /**
   * It is on stable storage.
   *
   * @param leftOut why policy entries of it could not be read
   */
  record Stored(ReceivedReport report, List<String> leftOut) implements ReportIntakeResult {
    /** Copies. */
    public Stored {
      leftOut = List.copyOf(leftOut);
    }
  }

  /** The same report from the same origin was kept before. */
  record Duplicate() implements ReportIntakeResult {}

  /** It is not a report, or not about our domains. */
  record Refused(String why) implements ReportIntakeResult {}

  /** The store is full, or the disk fails. */
  record StoreUnavailable(String why) implements ReportIntakeResult {}
}
