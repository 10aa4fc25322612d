package org.sealwax.assess.baseline;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;

/**
 * What differs between an earlier report of a target and the present one. Pure.
 *
 * <p>A check is compared at each place that both reports have. An address that only one report has
 * (providers change theirs) counts when its result is worse, or was worse, than that of every
 * address of the other report.
 *
 * @param before the earlier report
 * @param after the present report
 * @param comparesGrades whether both letters are there and mean the same
 * @param changes in the order of the table of checks
 * @param notes what limits the comparison, a sentence each
 */
public record BaselineComparison(
    BaselineReport before,
    AssessmentReport after,
    boolean comparesGrades,
    List<FindingChange> changes,
    List<String> notes) {
  /** Copies. */
  public BaselineComparison {
    changes = List.copyOf(changes);
    notes = List.copyOf(notes);
  }

  /** Compares. */
  public static BaselineComparison of(BaselineReport before, AssessmentReport after) {
    return new BaselineComparison(
        before, after, comparesGrades(before, after), changes(before, after), notes(before, after));
  }

  /** Whether a check or the letter is worse than in the earlier report. */
  public boolean isWorse() {
    return isLetterWorse() || !of(FindingChange.Kind.WORSE).isEmpty();
  }

  private boolean isLetterWorse() {
    return comparesGrades && letter(after.graded()).compareTo(letter(before.graded())) > 0;
  }

  private static GradeLetter letter(Optional<Grade> grade) {
    return grade.orElseThrow().letter();
  }

  /** The changes of a kind. */
  public List<FindingChange> of(FindingChange.Kind kind) {
    return changes.stream().filter(c -> c.kind() == kind).toList();
  }

  private static boolean sameRules(BaselineReport before, AssessmentReport after) {
    return before.rulesHash().equals(after.rulesHash());
  }

  private static boolean comparesGrades(BaselineReport before, AssessmentReport after) {
    return sameRules(before, after)
        && before.depth() == after.depth()
        && before.graded().isPresent()
        && after.graded().isPresent();
  }

  private static List<String> notes(BaselineReport before, AssessmentReport after) {
    List<String> notes = new ArrayList<>();
    if (!sameRules(before, after)) {
      notes.add(
          "The earlier report was graded by other rules ("
              + before.rules()
              + ", now "
              + after.rules()
              + "): the letters are not compared, the findings are.");
    }
    if (before.depth() != after.depth()) {
      notes.add(
          "The earlier assessment was "
              + before.depth().label()
              + ", this one is "
              + after.depth().label()
              + ": the letters are not compared, and findings only where both reports have them.");
    }
    if (before.graded().isEmpty() != after.graded().isEmpty()) {
      notes.add(
          before.graded().isEmpty()
              ? "The earlier report has no grade."
              : "This report has no grade: " + after.ungraded() + ".");
    }
    Set<String> unknown = new TreeSet<>();
    before.findings().stream()
        .map(BaselineReport.BaselineFinding::check)
        .filter(id -> Check.find(id).isEmpty())
        .forEach(unknown::add);
    if (!unknown.isEmpty()) {
      notes.add(
          "This version has no checks with the names "
              + String.join(", ", unknown)
              + "; they are left out.");
    }
    return notes;
  }

  /** How bad a result is; unknown ones cannot be compared. */
  private enum Degree {
    UNKNOWN,
    RIGHT,
    WARNED,
    FAILED;

    static Degree of(CheckOutcome outcome) {
      return switch (outcome) {
        case PASS, INFO, NOT_NEEDED -> RIGHT;
        case WARN -> WARNED;
        case FAIL -> FAILED;
        case INCONCLUSIVE, NOT_TESTED -> UNKNOWN;
      };
    }
  }

  /** The finding of one report for one check at one place. */
  private static final class CheckState {
    /** For a place that a report does not have. */
    static final CheckState ABSENT = new CheckState("not there");

    private Degree degree = Degree.UNKNOWN;
    private String code = "";
    private String text;
    private boolean applies;
    private final Set<String> wrong = new TreeSet<>();

    private CheckState(String text) {
      this.text = text;
    }

    void add(BaselineReport.BaselineFinding finding) {
      Degree its = Degree.of(finding.result().outcome());
      applies |= finding.result().outcome() != CheckOutcome.NOT_NEEDED;
      if (its.compareTo(Degree.WARNED) >= 0) {
        wrong.add(finding.code());
      }
      if (text.isEmpty() || its.compareTo(degree) > 0) {
        degree = its;
        code = finding.code();
        text = finding.result().text();
      }
    }

    boolean isWrong() {
      return !wrong.isEmpty();
    }

    static Degree worst(Collection<CheckState> states) {
      return states.stream().map(s -> s.degree).max(Degree::compareTo).orElse(Degree.UNKNOWN);
    }
  }

  /** The states of all checks of a report, by check and place. */
  private static Map<String, Map<String, CheckState>> states(
      List<BaselineReport.BaselineFinding> findings) {
    Map<String, Map<String, CheckState>> all = new LinkedHashMap<>();
    for (BaselineReport.BaselineFinding f : findings) {
      all.computeIfAbsent(f.check(), id -> new LinkedHashMap<>())
          .computeIfAbsent(f.location().text(), p -> new CheckState(""))
          .add(f);
    }
    return all;
  }

  private static BaselineReport.BaselineFinding plain(Finding finding) {
    return new BaselineReport.BaselineFinding(
        finding.code(),
        finding.location(),
        new BaselineReport.SeenResult(finding.outcome(), finding.text()));
  }

  /** A change at one place. */
  private record PlaceChange(FindingChange.Kind kind, String code, String was, String now) {}

  private static List<FindingChange> changes(BaselineReport before, AssessmentReport after) {
    Map<String, Map<String, CheckState>> was = states(before.findings());
    Map<String, Map<String, CheckState>> now =
        states(after.findings().stream().map(BaselineComparison::plain).toList());
    Map<PlaceChange, List<String>> found = new LinkedHashMap<>();
    for (Check check : Check.all()) {
      Map<String, CheckState> one = was.getOrDefault(check.id(), Map.of());
      Map<String, CheckState> other = now.getOrDefault(check.id(), Map.of());
      Set<String> all = new LinkedHashSet<>(one.keySet());
      all.addAll(other.keySet());
      for (String place : all) {
        CheckState earlier = one.getOrDefault(place, CheckState.ABSENT);
        CheckState present = other.getOrDefault(place, CheckState.ABSENT);
        kind(earlier, present, one.values(), other.values())
            .map(
                kind ->
                    new PlaceChange(
                        kind,
                        present.isWrong() ? present.code : earlier.code,
                        earlier.text,
                        present.text))
            .ifPresent(c -> found.computeIfAbsent(c, k -> new ArrayList<>()).add(place));
      }
    }
    return found.entrySet().stream()
        .map(
            e ->
                new FindingChange(
                    e.getKey().kind(),
                    e.getKey().code(),
                    e.getValue(),
                    e.getKey().was(),
                    e.getKey().now()))
        .toList();
  }

  /** What a change at one place means; empty when there is none. */
  private static Optional<FindingChange.Kind> kind(
      CheckState was,
      CheckState now,
      Collection<CheckState> allBefore,
      Collection<CheckState> allNow) {
    if (was == CheckState.ABSENT) {
      return alone(now, CheckState.worst(allBefore), FindingChange.Kind.WORSE);
    }
    if (now == CheckState.ABSENT) {
      return alone(was, CheckState.worst(allNow), FindingChange.Kind.BETTER);
    }
    boolean both = was.degree != Degree.UNKNOWN && now.degree != Degree.UNKNOWN;
    boolean nothingWrong = !was.isWrong() && !now.isWrong();
    if (nothingWrong || (both && was.degree == now.degree && was.wrong.equals(now.wrong))) {
      return Optional.empty();
    }
    if (!both) {
      return Optional.of(FindingChange.Kind.NOT_COMPARABLE);
    }
    if (was.applies != now.applies) {
      // STARTTLS is new or gone, for example: its own check and the letter say what that is worth.
      return Optional.of(FindingChange.Kind.OTHER);
    }
    int compared = now.degree.compareTo(was.degree);
    if (compared > 0 || (compared == 0 && now.wrong.containsAll(was.wrong))) {
      return Optional.of(FindingChange.Kind.WORSE);
    }
    return Optional.of(
        compared < 0 || was.wrong.containsAll(now.wrong)
            ? FindingChange.Kind.BETTER
            : FindingChange.Kind.OTHER);
  }

  /** A fault at a place that the other report does not have. */
  private static Optional<FindingChange.Kind> alone(
      CheckState there, Degree elsewhere, FindingChange.Kind kind) {
    if (!there.isWrong() || there.degree.compareTo(elsewhere) <= 0) {
      return Optional.empty();
    }
    return Optional.of(elsewhere == Degree.UNKNOWN ? FindingChange.Kind.NOT_COMPARABLE : kind);
  }
}
