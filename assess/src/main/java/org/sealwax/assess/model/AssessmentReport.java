package org.sealwax.assess.model;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An examination when it is over: all that text, JSON, page and badge are made of.
 *
 * @param target as it was asked for
 * @param depth how much was tested
 * @param began when
 * @param duration how long
 * @param program name and version of the program
 * @param rules version of the rubric
 * @param rulesHash {@link Rubric#hash}
 * @param addresses each address with its own grade
 * @param grade of the whole: that of the weakest reachable address; null when there is none to give
 * @param ungraded why there is no grade; empty when there is one
 * @param findings in the order of the table of checks
 */
public record AssessmentReport(
    String target,
    ScanDepth depth,
    Instant began,
    Duration duration,
    String program,
    String rules,
    String rulesHash,
    List<AddressResult> addresses,
    @Nullable Grade grade,
    String ungraded,
    List<Finding> findings) {
  /** Copies. */
  public AssessmentReport {
    addresses = List.copyOf(addresses);
    findings = List.copyOf(findings);
  }

  /**
   * One address.
   *
   * @param location where
   * @param answered whether a connection succeeded
   * @param connections opened there
   * @param banner text of its greeting; empty when none was seen
   * @param grade its own; null when it did not answer
   */
  public record AddressResult(
      FindingLocation location,
      boolean answered,
      int connections,
      String banner,
      @Nullable Grade grade) {}

  /**
   * Whether DNSSEC could be assessed; else the fault may be the resolver's and not the domain's.
   */
  public boolean validates() {
    return findings.stream()
        .filter(f -> f.check().id().equals("dnssec") || f.check().id().startsWith("dane."))
        .noneMatch(
            f -> f.outcome() == CheckOutcome.FAIL || f.outcome() == CheckOutcome.INCONCLUSIVE);
  }

  /** The mail router that the banners name: one of {@link FixAdvice#ROUTERS}, or empty. */
  public String router() {
    List<String> named =
        addresses.stream()
            .map(address -> FixAdvice.routerNamedBy(address.banner()))
            .filter(router -> !router.isEmpty())
            .distinct()
            .toList();
    return named.size() == 1 ? named.getFirst() : "";
  }

  /**
   * The grade of the whole if these checks passed everywhere, by the rules of the receiving side;
   * empty when there is none now.
   */
  public Optional<Grade> gradeIfFixed(Set<String> checks) {
    if (grade == null) {
      return Optional.empty();
    }
    Rubric rules = ReceiverRubric.rules();
    List<Finding> all = rules.fixed(findings, checks);
    List<FindingLocation> graded =
        addresses.stream().filter(a -> a.grade() != null).map(AddressResult::location).toList();
    return (graded.isEmpty() ? List.of(FindingLocation.domain()) : graded)
        .stream()
            .map(
                place ->
                    rules.grade(
                        all.stream().filter(f -> f.location().covers(place)).toList(),
                        depth == ScanDepth.FULL))
            .min(Grade.WEAKEST_FIRST);
  }

  /** The grade, if there is one. */
  public Optional<Grade> graded() {
    return Optional.ofNullable(grade);
  }

  /** {@code B?}, or {@code -} where there is no grade. */
  public String letter() {
    return grade == null ? "-" : grade.text();
  }

  /** Connections opened in all. */
  public int connections() {
    return addresses.stream().mapToInt(AddressResult::connections).sum();
  }
}
