package org.sealwax.router.reports.received;

import java.util.List;

/** What became of what should be a report. */
public sealed interface Verdict {
  /**
   * It is on stable storage.
   *
   * @param leftOut why policy entries of it could not be read
   */
  record Kept(ReceivedReport report, List<String> leftOut) implements Verdict {
    /** Copies. */
    public Kept {
      leftOut = List.copyOf(leftOut);
    }
  }

  /** The same report from the same origin was kept before. */
  record Duplicate() implements Verdict {}

  /** It is none, or about nobody here. */
  record Refused(String why) implements Verdict {}

  /** There is no room, or the disk has trouble. */
  record NotNow(String why) implements Verdict {}
}
