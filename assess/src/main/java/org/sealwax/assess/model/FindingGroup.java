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
 * Findings that say the same of several places, and what they cost.
 *
 * @param findings of one check, outcome and aspect; not empty
 * @param points of the hundred that the score of the whole gains when the check passes everywhere
 * @param cap the best letter that they leave; null when they limit nothing
 */
public record FindingGroup(List<Finding> findings, int points, @Nullable GradeLetter cap)
    implements FixStep {
  /** Copies. */
  public FindingGroup {
    findings = List.copyOf(findings);
  }

  /** One of them; check, outcome, aspect and heading are those of all. */
  public Finding first() {
    return findings.getFirst();
  }

  /** What was seen, with the places where it was seen. */
  public Map<String, List<FindingLocation>> seen() {
    return findings.stream()
        .collect(
            Collectors.groupingBy(
                Finding::text,
                LinkedHashMap::new,
                Collectors.mapping(Finding::location, Collectors.toList())));
  }

  /** Exact lines of what to do, each once. */
  public List<String> lines() {
    return findings.stream().flatMap(f -> f.lines().stream()).distinct().toList();
  }

  /** Evidence, each once. */
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

  /** Those of the others with which this one goes away. */
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

  /** All of this outcome, in the order of the report. */
  public static List<FindingGroup> of(AssessmentReport report, CheckOutcome outcome) {
    return grouped(report.findings(), outcome, report);
  }

  /**
   * What is to be fixed, by cost: first what holds the letter below that of the score, then by
   * points, then by the letter that is left.
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
