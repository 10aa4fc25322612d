package org.sealwax.router.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.tlsrpt.AppliedPolicy.PolicyType;
import org.sealwax.router.hosting.HostedState.GradedAssessment;
import org.sealwax.router.reports.received.ReportOrigin;
import org.sealwax.router.reports.received.ReportOrigin.ReportTransport;
import org.sealwax.router.reports.received.ReportSummary;

/** A policy is enforced only when every condition is met: each is taken away alone. */
final class PromotionConditionsTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final LocalDate FIRST = LocalDate.of(2027, 3, 2);
  private static final LocalDate TODAY = FIRST.plusDays(20);
  private static final Instant BEGIN = Instant.parse("2027-03-01T12:00:00Z");
  private static final Instant NOW = BEGIN.plus(Duration.ofDays(21));

  private static ReportSummary.Row row(LocalDate day, String origin, long succeeded, long failed) {
    return row(
        day, new ReportOrigin(ReportTransport.MAIL, origin), PolicyType.STS, succeeded, failed);
  }

  private static ReportSummary.Row row(
      LocalDate day, ReportOrigin origin, PolicyType type, long succeeded, long failed) {
    return new ReportSummary.Row(
        DOMAIN, day, "claims to be large", origin, type, succeeded, failed, Map.of());
  }

  /** Fourteen days with two reporters and 112 sessions. */
  private static List<ReportSummary.Row> reports() {
    List<ReportSummary.Row> rows = new ArrayList<>();
    for (int day = 0; day < 14; day++) {
      rows.add(row(FIRST.plusDays(day), day % 2 == 0 ? "a.example" : "b.example", 8, 0));
    }
    return rows;
  }

  private static List<GradedAssessment> assessments() {
    return List.of(
        new GradedAssessment(BEGIN.plus(Duration.ofDays(1)), "A", true),
        new GradedAssessment(BEGIN.plus(Duration.ofDays(8)), "A+", true));
  }

  private static HostedState state(List<GradedAssessment> assessments) {
    String text =
        PolicyText.of(
            StsPolicy.Mode.TESTING, Duration.ofDays(14), List.of(Domain.of("mx.example.org")));
    return new HostedState(
        DOMAIN,
        StsPolicy.Mode.TESTING,
        BEGIN,
        FIRST.minusDays(1),
        new TreeMap<>(
            Map.of(
                Domain.of("mx.example.org"),
                ListedHost.seenAt(BEGIN, true).listedAt(BEGIN, Optional.of(BEGIN)))),
        List.of(new ServedPolicy("1", text, BEGIN, Optional.of(BEGIN))),
        Optional.of("1"),
        Duration.ofHours(1),
        Duration.ofHours(1),
        Optional.of(NOW),
        List.of(),
        assessments);
  }

  private static List<String> missing(List<ReportSummary.Row> rows) {
    return missing(state(assessments()), rows, NOW);
  }

  private static List<String> missing(
      HostedState state, List<ReportSummary.Row> rows, Instant now) {
    return PromotionConditions.missing(state, PromotionEvidence.of(rows, FIRST, TODAY), now);
  }

  private static void only(String condition, List<String> missing) {
    assertEquals(1, missing.size(), missing.toString());
    assertTrue(missing.getFirst().contains(condition), missing.toString());
  }

  @Test
  void allConditionsMetMeansEnforce() {
    assertEquals(List.of(), missing(reports()));
  }

  @Test
  void thirteenDaysAreNotEnough() {
    List<ReportSummary.Row> rows = reports();
    rows.removeLast();
    rows.add(row(FIRST, "b.example", 8, 0));
    only("13 of 14 days with signed reports", missing(rows));
  }

  @Test
  void theModeIsFourteenDaysOld() {
    HostedState state = state(assessments());
    Instant early = BEGIN.plus(Duration.ofDays(14)).minusSeconds(1);
    only("in mode testing for 13 of 14 days", missing(state, reports(), early));
    assertEquals(List.of(), missing(state, reports(), early.plusSeconds(1)));
  }

  @Test
  void oneReporterIsNotEnough() {
    List<ReportSummary.Row> rows =
        reports().stream().map(r -> row(r.day(), "a.example", 8, 0)).toList();
    only("1 of 2 reporters", missing(rows));
  }

  @Test
  void ninetyNineSessionsAreNotEnough() {
    List<ReportSummary.Row> rows = reports();
    rows.replaceAll(r -> row(r.day(), r.origin().who(), 7, 0));
    only("98 of 100 successful sessions", missing(rows));
    rows.set(0, row(FIRST, "a.example", 9, 0));
    assertEquals(List.of(), missing(rows));
  }

  /** Of any policy, and also by POST. */
  @Test
  void aFailureStartsTheDaysAgain() {
    for (PolicyType type : PolicyType.values()) {
      List<ReportSummary.Row> rows = reports();
      rows.add(row(FIRST, new ReportOrigin(ReportTransport.POST, "192.0.2.1"), type, 5, 1));
      List<String> missing = missing(rows);
      assertTrue(missing.toString().contains("13 of 14 days"), missing.toString());
      assertTrue(missing.toString().contains("since a failure on 2027-03-02"), missing.toString());
    }
  }

  @Test
  void reportsByPostProveNothing() {
    List<ReportSummary.Row> rows =
        reports().stream()
            .map(
                r ->
                    row(
                        r.day(),
                        new ReportOrigin(ReportTransport.POST, r.origin().who()),
                        PolicyType.STS,
                        100,
                        0))
            .toList();
    assertEquals(3, missing(rows).size());
  }

  @Test
  void sessionsOfOtherPoliciesDoNotCount() {
    List<ReportSummary.Row> rows =
        reports().stream().map(r -> row(r.day(), r.origin(), PolicyType.TLSA, 100, 0)).toList();
    assertEquals(3, missing(rows).size());
  }

  @Test
  void reportsFromOtherDaysDoNotCount() {
    List<ReportSummary.Row> rows = reports();
    rows.set(0, row(FIRST.minusDays(1), "a.example", 8, 0));
    rows.add(row(TODAY.plusDays(1), "a.example", 8, 0));
    only("13 of 14 days", missing(rows));
  }

  @Test
  void theRecordMustAnnounceThePolicy() {
    HostedState state = state(assessments());
    HostedState other =
        new HostedState(
            DOMAIN,
            state.mode(),
            state.modeSince(),
            state.modeDay(),
            state.hosts(),
            state.policies(),
            Optional.of("2"),
            state.recordTtl(),
            state.mxTtl(),
            state.lookedUp(),
            List.of(),
            state.assessments());
    only("does not announce", missing(other, reports(), NOW));
  }

  @Test
  void twoAssessmentsAWeekApartAreNeeded() {
    Instant day1 = BEGIN.plus(Duration.ofDays(1));
    GradedAssessment first = new GradedAssessment(day1, "A", true);
    GradedAssessment bad = new GradedAssessment(day1.plus(Duration.ofDays(1)), "B", false);
    GradedAssessment early =
        new GradedAssessment(day1.plus(Duration.ofDays(7)).minusSeconds(1), "A", true);
    only("no assessment yet", missing(state(List.of()), reports(), NOW));
    only("no second assessment", missing(state(List.of(first)), reports(), NOW));
    only("no second assessment", missing(state(List.of(first, early)), reports(), NOW));
    only("grade B", missing(state(List.of(first, bad)), reports(), NOW));
    only(
        "no second assessment",
        missing(state(List.of(first, bad, assessments().getLast())), reports(), NOW));
  }

  @Test
  void nothingIsPromotedTwice() {
    HostedState enforced = state(assessments()).in(StsPolicy.Mode.ENFORCE, NOW, TODAY);
    only("not testing", missing(enforced, reports(), NOW));
    HostedState back = enforced.in(StsPolicy.Mode.TESTING, NOW, TODAY);
    assertEquals(List.of(), back.assessments());
  }
}
