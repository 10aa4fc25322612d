package org.sealwax.assess.render;

import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingGroup;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.FirstSteps;
import org.sealwax.assess.model.FixAdvice;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.RoundedTime;
import org.sealwax.assess.render.TextLayout.Cell;
import org.sealwax.assess.render.TextLayout.Ink;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.net.CountText;

/**
 * A report for people at a terminal or in a mail: the grade and how it comes about, what to do
 * first, then each fault by its cost with the exact lines, then the rest in short.
 *
 * @param color whether escape sequences are written
 * @param router whose settings are printed: {@code postfix}, {@code exim}, {@code opensmtpd},
 *     {@code sealwax}; empty: the one that the banner names, else all
 * @param all whether passed checks are listed, and not only counted
 */
public record ReportText(boolean color, String router, boolean all) {
  private static final int BAR = 20;

  /** Of the columns: cost, heading, outcome; what belongs to a heading is indented by the cost. */
  private static final int COST = 18;

  private static final int HEADING = 50;
  private static final int OUTCOME = 9;
  private static final int LABEL = 9;

  public String of(AssessmentReport report) {
    return new Writer(report).text();
  }

  private final class Writer {
    private final AssessmentReport report;
    private final TextLayout out = new TextLayout(color);
    private final String chosen;
    private final Set<String> printed = new HashSet<>();

    Writer(AssessmentReport report) {
      this.report = report;
      this.chosen = router.isEmpty() ? report.router().toLowerCase(Locale.ROOT) : router;
    }

    String text() {
      List<FindingGroup> faults = FindingGroup.faults(report);
      head();
      report.graded().ifPresent(g -> grade(g, faults));
      addresses();
      if (!faults.isEmpty()) {
        out.title("To fix");
        faults.forEach(f -> fault(f, f.causesAmong(faults)));
        otherSettings(faults);
      }
      list("Inconclusive", CheckOutcome.INCONCLUSIVE);
      list("Notes", CheckOutcome.INFO);
      rest();
      out.line("");
      out.line(
          "  "
              + out.ink(
                  Ink.DIM,
                  Printable.of(report.program())
                      + ", rules "
                      + report.rules()
                      + " ("
                      + report.rulesHash().substring(0, 12)
                      + "), "
                      + report.began().truncatedTo(ChronoUnit.SECONDS)));
      return out.toString();
    }

    private void head() {
      String seconds = RoundedTime.of(report.duration());
      String target = Excerpt.of(report.target(), 200);
      out.line("");
      out.line(
          "  "
              + out.ink(
                  report.graded().map(g -> ink(g.letter())).orElse(Ink.BLUE),
                  report.graded().map(g -> "Grade " + g.text()).orElse("No grade"))
              + "   "
              + out.ink(Ink.BOLD, Printable.of(target))
              + (report.router().isEmpty() ? "" : "   " + report.router() + ", by its banner"));
      out.line(
          "      "
              + report.depth().label()
              + " assessment, "
              + CountText.of(report.connections(), "connection")
              + ", "
              + seconds);
      out.line("");
      out.row(
          List.of(new Cell("", 2, Ink.PLAIN)),
          report.graded().map(Grade::explanation).orElse("no grade: " + report.ungraded()));
    }

    private void grade(Grade grade, List<FindingGroup> faults) {
      out.title("Points");
      for (Grade.CategoryScore score : grade.parts()) {
        int filled = score.most() == 0 ? 0 : BAR * score.points() / score.most();
        out.line(
            String.format(
                Locale.ROOT,
                "  %-22s %3d/%-3d  %s%s",
                score.category(),
                score.points(),
                score.most(),
                out.ink(Ink.GREEN, "#".repeat(filled)),
                out.ink(Ink.DIM, ".".repeat(BAR - filled))));
      }
      out.line(String.format(Locale.ROOT, "  %-22s %3d/100", "Score", grade.score()));
      if (grade.letter().compareTo(GradeLetter.A_MINUS) <= 0 && !grade.missing().isEmpty()) {
        out.row(
            List.of(new Cell("", 2, Ink.PLAIN), new Cell("For A+:", LABEL, Ink.PLAIN)),
            String.join("; ", grade.missing()));
      }
      FirstSteps.of(report, faults)
          .ifPresent(
              steps -> {
                out.title("Do these first");
                steps.faults().forEach(this::headline);
                out.row(List.of(new Cell("", COST, Ink.PLAIN)), steps.result());
              });
    }

    private void headline(FindingGroup fault) {
      out.row(
          List.of(
              new Cell("", 2, Ink.PLAIN),
              new Cell(fault.cost(), COST - 2, Ink.BOLD),
              new Cell(fault.heading(), HEADING, Ink.PLAIN),
              new Cell(
                  fault.first().outcome() == CheckOutcome.FAIL ? "fail" : "warning",
                  OUTCOME,
                  ink(fault.first().outcome()))),
          fault.code());
    }

    private void addresses() {
      if (report.addresses().size() < 2) {
        return;
      }
      out.title("Hosts and addresses");
      for (AssessmentReport.AddressResult result : report.addresses()) {
        Grade grade = result.grade();
        out.row(
            List.of(
                new Cell("", 2, Ink.PLAIN),
                new Cell(
                    grade == null ? "no answer" : grade.text(),
                    COST - 2,
                    grade == null ? Ink.DIM : ink(grade.letter())),
                new Cell(result.location().text(), HEADING, Ink.PLAIN)),
            (grade == null ? "" : CountText.of(grade.score(), "point") + ", ")
                + CountText.of(result.connections(), "connection"));
      }
    }

    private void fault(FindingGroup fault, List<FindingGroup> causes) {
      headline(fault);
      fault.seen().forEach((text, places) -> out.row(beside("found"), text + at(places)));
      out.row(beside("why"), fault.first().check().reason());
      if (!causes.isEmpty()) {
        out.row(
            beside("do"),
            "Fixed together with "
                + causes.stream().map(c -> c.code()).collect(Collectors.joining(" or "))
                + ".");
        out.line("");
        return;
      }
      FixAdvice advice = fault.first().check().advice();
      if (!advice.general().isEmpty()) {
        out.row(beside("do"), advice.general());
      }
      pasted("paste", fault.lines());
      advice
          .settings()
          .forEach(
              (name, lines) -> {
                if (name.equalsIgnoreCase(chosen)) {
                  settings(name, lines);
                }
              });
      out.row(beside("source"), String.join("; ", fault.first().check().sources()));
      out.line("");
    }

    /** Settings that stood above are not printed again. */
    private void settings(String name, List<String> lines) {
      List<String> fresh = new ArrayList<>(lines.stream().filter(printed::add).toList());
      if (!fresh.isEmpty() && fresh.size() < lines.size()) {
        fresh.add("# in addition to the settings above");
      }
      if (fresh.isEmpty()) {
        out.row(beside(name), "the same settings as above");
      } else {
        pasted(name, fresh);
      }
    }

    private void pasted(String label, List<String> lines) {
      out.verbatim(List.of(new Cell("", COST, Ink.PLAIN), new Cell(label, LABEL, Ink.BLUE)), lines);
    }

    private static List<Cell> beside(String label) {
      return List.of(new Cell("", COST, Ink.PLAIN), new Cell(label, LABEL, Ink.DIM));
    }

    /** Where no router is known, the settings of each in one block. */
    private void otherSettings(List<FindingGroup> faults) {
      if (!chosen.isEmpty()) {
        String others =
            FixAdvice.ROUTERS.stream()
                .filter(name -> !name.equalsIgnoreCase(chosen))
                .collect(Collectors.joining(", "));
        out.line("  Settings for " + others + ": --router NAME");
        return;
      }
      for (String name : FixAdvice.ROUTERS) {
        Set<String> lines = new LinkedHashSet<>();
        faults.forEach(
            f -> lines.addAll(f.first().check().advice().settings().getOrDefault(name, List.of())));
        if (!lines.isEmpty()) {
          out.title("Settings for " + name);
          out.verbatim(List.of(new Cell("", 2, Ink.PLAIN)), new ArrayList<>(lines));
        }
      }
    }

    /** Where it was seen, unless everywhere. */
    private String at(List<FindingLocation> places) {
      List<String> names = places.stream().map(FindingLocation::text).distinct().toList();
      return report.addresses().size() < 2
              || names.size() == report.addresses().size()
              || names.contains("domain")
          ? ""
          : " — at " + String.join(", ", names);
    }

    private void list(String title, CheckOutcome outcome) {
      List<FindingGroup> groups = FindingGroup.of(report, outcome);
      if (groups.isEmpty()) {
        return;
      }
      out.title(title);
      for (FindingGroup group : groups) {
        group
            .seen()
            .forEach(
                (text, places) ->
                    out.row(
                        List.of(
                            new Cell("", 2, Ink.PLAIN), new Cell(group.code(), 26, ink(outcome))),
                        heading(group.first()) + text + at(places)));
      }
    }

    private void rest() {
      if (all) {
        list("Passed", CheckOutcome.PASS);
      }
      out.title("Other checks");
      for (CheckOutcome outcome :
          List.of(CheckOutcome.PASS, CheckOutcome.NOT_TESTED, CheckOutcome.NOT_NEEDED)) {
        List<String> ids =
            report.findings().stream()
                .filter(f -> f.outcome() == outcome)
                .map(f -> f.check().id())
                .distinct()
                .toList();
        boolean folded = outcome == CheckOutcome.PASS;
        if (!ids.isEmpty() && !(folded && all)) {
          out.row(
              List.of(
                  new Cell("", 2, Ink.PLAIN),
                  new Cell(folded ? "passed" : outcome.label(), COST - 2, Ink.DIM)),
              folded
                  ? CountText.of(ids.size(), "check") + "; --all lists them"
                  : String.join(", ", ids));
        }
      }
    }
  }

  /** What was found; of a check that was not decided, its title as a question. */
  private static String heading(Finding finding) {
    return finding.heading() + (finding.outcome() == CheckOutcome.INCONCLUSIVE ? "? " : ": ");
  }

  private static Ink ink(GradeLetter letter) {
    return letter.compareTo(GradeLetter.A_MINUS) <= 0
        ? Ink.GREEN
        : letter.compareTo(GradeLetter.C) <= 0 ? Ink.YELLOW : Ink.RED;
  }

  private static Ink ink(CheckOutcome outcome) {
    return switch (outcome) {
      case PASS -> Ink.GREEN;
      case INFO -> Ink.BLUE;
      case WARN, INCONCLUSIVE -> Ink.YELLOW;
      case FAIL -> Ink.RED;
      case NOT_TESTED, NOT_NEEDED -> Ink.DIM;
    };
  }
}
