package org.sealwax.router.feedback;

/**
 * The result of reading a report.
 *
 * @param <T> of the report
 */
sealed interface ReportParse<T> {
  /** A report. */
  record Report<T>(T report) implements ReportParse<T> {}

  /** None of this kind, or one that breaks its format. */
  record Unreadable<T>(String why) implements ReportParse<T> {}
}
