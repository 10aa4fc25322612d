package org.sealwax.router.hosting;

import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.mail.tlsrpt.AppliedPolicy.PolicyType;
import org.sealwax.router.reports.received.ReportOrigin.ReportTransport;
import org.sealwax.router.reports.received.ReportSummary;

/**
 * What TLS reports say about a domain since a day.
 *
 * @param cleanDays days with a report, all after the last day with a failed session
 * @param reporters organisations that signed reports about these days
 * @param sessions successful sessions under the policy in these reports
 * @param lastFailure the last day with a failed session, whatever its policy; empty: none
 */
public record PromotionEvidence(
    int cleanDays, int reporters, long sessions, Optional<LocalDate> lastFailure) {
  /** No reports. */
  static final PromotionEvidence NONE = new PromotionEvidence(0, 0, 0, Optional.empty());

  /**
   * {@return what the reports say} A report by POST proves no origin: its successes do not count,
   * its failures do.
   *
   * @param rows of one domain
   * @param since the first day that counts: the first whole day of the mode
   * @param today the last one: others are dated wrongly
   */
  public static PromotionEvidence of(
      List<ReportSummary.Row> rows, LocalDate since, LocalDate today) {
    List<ReportSummary.Row> counted =
        rows.stream()
            .filter(row -> !row.day().isBefore(since) && !row.day().isAfter(today))
            .toList();
    Optional<LocalDate> failure =
        counted.stream()
            .filter(row -> row.failed() > 0)
            .map(ReportSummary.Row::day)
            .max(LocalDate::compareTo);
    List<ReportSummary.Row> clean =
        counted.stream()
            .filter(row -> row.origin().way() == ReportTransport.MAIL)
            .filter(row -> row.policy() == PolicyType.STS && row.succeeded() > 0)
            .filter(row -> failure.isEmpty() || row.day().isAfter(failure.get()))
            .toList();
    Set<LocalDate> days = clean.stream().map(ReportSummary.Row::day).collect(Collectors.toSet());
    long reporters = clean.stream().map(row -> row.origin().who()).distinct().count();
    return new PromotionEvidence(
        days.size(),
        Math.toIntExact(reporters),
        clean.stream().mapToLong(ReportSummary.Row::succeeded).sum(),
        failure);
  }
}
