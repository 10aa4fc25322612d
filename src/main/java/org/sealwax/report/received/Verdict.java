package org.sealwax.report.received;

/** What became of what should be a report. */
public sealed interface Verdict {
  /** It is on stable storage. */
  record Kept(ReceivedReport report) implements Verdict {}

  /** The same report from the same origin was kept before. */
  record Duplicate() implements Verdict {}

  /** It is none, or about nobody here. */
  record Refused(String why) implements Verdict {}

  /** There is no room, or the disk has trouble. */
  record NotNow(String why) implements Verdict {}
}
