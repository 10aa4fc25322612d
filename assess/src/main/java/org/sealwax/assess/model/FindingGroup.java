package org.sealwax.assess.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Findings with the same check, outcome and aspect at several places, and their cost.
 *
 * @param findings the findings; not empty
 * @param points points, of 100, that the total score gains when the check passes at all places
 * @param cap best possible grade while the findings remain; null for no limit
 */
public record FindingGroup(List<Finding> findings, int points, @Nullable GradeLetter cap)
    implements FixStep {
  /** Copies. */
  public FindingGroup {
    findings = List.copyOf(findings);
  }

  /** The first finding; check, outcome, aspect and heading are the same for all. */
  public Finding first() {
    return findings.getFirst();
  }

  /** Each observation with the places where it was made. */
  public Map<String, List<FindingLocation>> seen() {
    return findings.stream()
        .collect(
            Collectors.groupingBy(
                Finding::text,
                LinkedHashMap::new,
                Collectors.mapping(Finding::location, Collectors.toList())));
  }

  /** DNS records and settings to paste, without duplicates. */
  public List<String> lines() {
    return findings.stream().flatMap(f -> f.lines().stream()).distinct().toList();
  }

  /** Evidence, without duplicates. */
  public List<FindingEvidence> evidence() {
    return findings.stream().flatMap(f -> f.evidence().stream()).distinct().toList();
  }

  @Override
  public String heading() {
    return first().heading();
  }

  @Override
  public String code() {
    return first().code();
  }

  /** Those of {@code others} whose fix also fixes this one. */
  public List<FindingGroup> causesAmong(List<FindingGroup> others) {
    Set<String> causes = ReceiverRubric.rules().causes(first().check());
    return others.stream().filter(g -> causes.contains(g.first().check().id())).toList();
  }

  private static List<FindingGroup> grouped(
      List<Finding> findings, CheckOutcome outcome, AssessmentReport report) {
    Map<String, List<Finding>> byCode = new LinkedHashMap<>();
    findings.stream()
        .filter(f -> f.outcome() == outcome)
        .forEach(f -> byCode.computeIfAbsent(f.code(), code -> new ArrayList<>()).add(f));
    return byCode.values().stream().map(same -> costed(same, report)).toList();
  }

  private static FindingGroup costed(List<Finding> same, AssessmentReport report) {
    Optional<Grade> grade = report.graded();
    Finding first = same.getFirst();
    if (grade.isEmpty() || !first.isFault()) {
      return new FindingGroup(same, 0, null);
    }
    int fixed = report.gradeIfFixed(Set.of(first.check().id())).map(Grade::score).orElse(0);
    GradeLetter cap =
        ReceiverRubric.rules().caps().stream()
            .filter(rule -> same.stream().anyMatch(rule::applies))
            .map(Rubric.CapRule::most)
            .reduce(GradeLetter::worse)
            .orElse(null);
    return new FindingGroup(same, Math.max(0, fixed - grade.get().score()), cap);
  }

  /** All groups with this outcome, in the order of the report. */
  public static List<FindingGroup> of(AssessmentReport report, CheckOutcome outcome) {
    return grouped(report.findings(), outcome, report);
  }

  /**
   * The faults, sorted by cost: first those whose cap determines the grade, then by points, then by
   * cap.
   */
  public static List<FindingGroup> faults(AssessmentReport report) {
    List<FindingGroup> faults = new ArrayList<>(of(report, CheckOutcome.FAIL));
    faults.addAll(of(report, CheckOutcome.WARN));
    Optional<GradeLetter> binding = report.graded().filter(Grade::capped).map(Grade::letter);
    faults.sort(
        Comparator.comparing((FindingGroup g) -> binding.isEmpty() || binding.get() != g.cap)
            .thenComparing(FindingGroup::points, Comparator.reverseOrder())
            .thenComparing(
                g -> g.cap == null ? GradeLetter.A_PLUS : g.cap, Comparator.reverseOrder()));
    return List.copyOf(faults);
  }
}
