package org.sealwax.lab.judge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FixStep;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.Rubric;

/**
 * What the admin of a sender can do about its failures, and what that brings.
 *
 * @param check whose advice it is
 * @param heading what was found, in a few words
 * @param labels test cases that failed for the lack of it, in their order
 * @param points of the hundred that it brings
 * @param cap the best letter until then; null when it limits nothing
 */
public record SenderRemedy(
    Check check, String heading, List<String> labels, int points, @Nullable GradeLetter cap)
    implements FixStep {
  /** Remedies are counted in the others' by these. */
  private static final Set<String> FOLLOWING = Set.of("sender.policy", "sender.rows");

  /** Copies. */
  public SenderRemedy {
    labels = List.copyOf(labels);
  }

  @Override
  public String code() {
    return check.id();
  }

  /** Those of these findings that it fixes. */
  List<Finding> faultsAmong(List<Finding> findings) {
    return findings.stream()
        .filter(SenderRemedy::counts)
        .filter(finding -> SenderChecks.remedy(finding).id().equals(check.id()))
        .toList();
  }

  private static boolean counts(Finding finding) {
    return finding.isFault() && !FOLLOWING.contains(finding.check().id());
  }

  /** The remedies for these findings, those that bring most first. */
  static List<SenderRemedy> of(List<Finding> findings, Rubric rules, Grade grade) {
    Map<String, List<Finding>> byRemedy = new LinkedHashMap<>();
    for (Finding finding : findings) {
      if (counts(finding)) {
        byRemedy
            .computeIfAbsent(SenderChecks.remedy(finding).id(), id -> new ArrayList<>())
            .add(finding);
      }
    }
    List<SenderRemedy> remedies = new ArrayList<>();
    byRemedy.forEach((id, of) -> remedies.add(remedy(SenderChecks.of(id), of, findings, rules)));
    Optional<GradeLetter> binding = Optional.of(grade).filter(Grade::capped).map(Grade::letter);
    remedies.sort(
        Comparator.comparing((SenderRemedy r) -> binding.isEmpty() || binding.get() != r.cap)
            .thenComparing(SenderRemedy::points, Comparator.reverseOrder())
            .thenComparing(
                r -> r.cap == null ? GradeLetter.A_PLUS : r.cap, Comparator.reverseOrder()));
    return List.copyOf(remedies);
  }

  private static SenderRemedy remedy(
      Check check, List<Finding> of, List<Finding> all, Rubric rules) {
    Grade now = rules.grade(all, true);
    Set<String> fixed = new HashSet<>(of.stream().map(f -> f.check().id()).toList());
    fixed.add(check.id());
    Grade then = rules.grade(rules.fixed(all, fixed), true);
    Set<String> left =
        then.caps().stream().map(c -> c.finding().code()).collect(Collectors.toSet());
    return new SenderRemedy(
        check,
        of.stream()
            .filter(f -> f.check().id().equals(check.id()))
            .map(Finding::heading)
            .findFirst()
            .orElse(check.headings().getOrDefault("", check.title())),
        of.stream()
            .filter(f -> f.check().id().startsWith("lab."))
            .map(SenderAssessment::label)
            .toList(),
        then.score() - now.score(),
        now.caps().stream()
            .filter(c -> !left.contains(c.finding().code()))
            .map(Grade.GradeCap::most)
            .reduce(GradeLetter::worse)
            .orElse(null));
  }
}
