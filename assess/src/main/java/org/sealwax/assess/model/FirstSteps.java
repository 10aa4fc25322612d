package org.sealwax.assess.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The faults that are fixed first, because they cost most.
 *
 * @param faults in their order; not empty
 * @param grade of the whole, once they are fixed
 */
public record FirstSteps(List<FindingGroup> faults, Grade grade) {
  /** More than a few would not be a start. */
  private static final int USUAL = 3;

  /** What holds the letter down belongs to it, as long as it is not much more. */
  private static final int MOST = 5;

  /** Copies. */
  public FirstSteps {
    faults = List.copyOf(faults);
  }

  /**
   * The first steps of a report; empty where nothing costs anything.
   *
   * @param faults {@link FindingGroup#faults}
   */
  public static Optional<FirstSteps> of(AssessmentReport report, List<FindingGroup> faults) {
    Optional<Grade> now = report.graded();
    if (now.isEmpty()) {
      return Optional.empty();
    }
    List<FindingGroup> costly =
        faults.stream()
            .filter(f -> !f.cost().isEmpty() && f.causesAmong(faults).isEmpty())
            .toList();
    long binding =
        now.get().capped() ? costly.stream().filter(f -> f.cap() == now.get().letter()).count() : 0;
    List<FindingGroup> first = costly.stream().limit(Math.clamp(binding, USUAL, MOST)).toList();
    return first.isEmpty()
        ? Optional.empty()
        : report
            .gradeIfFixed(
                first.stream().map(f -> f.first().check().id()).collect(Collectors.toSet()))
            .map(after -> new FirstSteps(first, after));
  }

  /** {@code With these: B, 86 points.} */
  public String result() {
    return grade.afterSteps(faults.size());
  }
}
