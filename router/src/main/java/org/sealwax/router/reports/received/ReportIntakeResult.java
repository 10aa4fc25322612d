package org.sealwax.router.reports.received;

import java.util.List;

/** What became of what should be a report. */
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

  /** It is none, or about nobody here. */
  record Refused(String why) implements ReportIntakeResult {}

  /** There is no room, or the disk has trouble. */
  record StoreUnavailable(String why) implements ReportIntakeResult {}
}
