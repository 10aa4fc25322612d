package org.sealwax.lab.judge;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.Rubric;

/**
 * The remedies that bring most.
 *
 * @param remedies in their order; empty where none brings anything
 * @param grade of the whole, once they are done
 */
public record SenderFirstSteps(List<SenderRemedy> remedies, Grade grade) {
  /** More would not be a start. */
  private static final int MOST = 3;

  /** Copies. */
  public SenderFirstSteps {
    remedies = List.copyOf(remedies);
  }

  /** {@code With these: B, 86 points.} */
  public String result() {
    return grade.afterSteps(remedies.size());
  }

  /** The first of these remedies, with the grade that follows by these rules. */
  static SenderFirstSteps of(List<SenderRemedy> remedies, List<Finding> findings, Rubric rules) {
    List<SenderRemedy> first =
        remedies.stream().filter(r -> !r.cost().isEmpty()).limit(MOST).toList();
    Set<String> fixed =
        first.stream()
            .flatMap(
                remedy ->
                    Stream.concat(
                        Stream.of(remedy.check().id()),
                        remedy.faultsAmong(findings).stream().map(f -> f.check().id())))
            .collect(Collectors.toSet());
    return new SenderFirstSteps(first, rules.grade(rules.fixed(findings, fixed), true));
  }
}
