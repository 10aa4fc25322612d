package org.sealwax.assess.render;

import java.util.List;
import java.util.Locale;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.CheckGroup;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FixAdvice;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.mail.cli.Printable;

/**
 * A report for people at a terminal or in a mail: the grade and what decides it, then what to fix
 * with the exact lines, then the rest in short. Text from other hosts is made harmless.
 *
 * @param color whether escape sequences are written
 * @param router whose lines are printed: {@code postfix}, {@code exim}, {@code opensmtpd}, {@code
 *     sealwax}; empty: all
 */
public record ReportText(boolean color, String router) {
  private static final int WIDTH = 100;
  private static final int BAR = 20;
  private static final String BOLD = "1";
  private static final String DIM = "2";
  private static final String RED = "31";
  private static final String GREEN = "32";
  private static final String YELLOW = "33";
  private static final String BLUE = "36";

  public String of(AssessmentReport report) {
    StringBuilder out = new StringBuilder();
    head(out, report);
    report.graded().ifPresent(g -> grade(out, g));
    addresses(out, report);
    for (CheckGroup group : CheckGroup.values()) {
      group(out, report, group);
    }
    out.append('\n')
        .append(
            paint(
                DIM,
                report.program()
                    + ", rules "
                    + report.rules()
                    + " ("
                    + report.rulesHash().substring(0, 12)
                    + "), "
                    + report.began()))
        .append('\n');
    return out.toString();
  }

  private String paint(String code, String text) {
    return color ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  private static String letterColor(AssessmentReport report) {
    return report
        .graded()
        .map(
            g ->
                g.letter().compareTo(GradeLetter.A_MINUS) <= 0
                    ? GREEN
                    : g.letter().compareTo(GradeLetter.C) <= 0 ? YELLOW : RED)
        .orElse(BLUE);
  }

  private void head(StringBuilder out, AssessmentReport report) {
    out.append('\n')
        .append("  ")
        .append(paint(BOLD + ";" + letterColor(report), report.letter()))
        .append("   ")
        .append(paint(BOLD, Printable.of(report.target())))
        .append("   ")
        .append(report.depth().label())
        .append(" assessment, ")
        .append(report.connections())
        .append(" connections, ")
        .append(String.format(Locale.ROOT, "%.2f s", report.duration().toMillis() / 1000.0))
        .append('\n');
    if (!report.ungraded().isEmpty()) {
      out.append("\n  no grade: ").append(Printable.of(report.ungraded())).append('\n');
    }
  }

  private void grade(StringBuilder out, Grade grade) {
    out.append('\n');
    for (Grade.CategoryScore score : grade.parts()) {
      int filled = score.most() == 0 ? 0 : BAR * score.points() / score.most();
      out.append("  ")
          .append(pad(score.category(), 22))
          .append(String.format(Locale.ROOT, "%3d/%-3d ", score.points(), score.most()))
          .append(paint(GREEN, "#".repeat(filled)))
          .append(paint(DIM, ".".repeat(BAR - filled)))
          .append('\n');
    }
    out.append("  ")
        .append(pad("Score", 22))
        .append(String.format(Locale.ROOT, "%3d/100%n", grade.score()));
    List<String> reasons =
        grade.caps().stream()
            .filter(c -> c.most() == grade.caps().getFirst().most())
            .map(Grade.GradeCap::reason)
            .distinct()
            .toList();
    if (!reasons.isEmpty()) {
      out.append("\n  at best ")
          .append(grade.caps().getFirst().most().text())
          .append(" because of: ")
          .append(String.join("; ", reasons))
          .append('\n');
    }
    if (grade.letter() != grade.atBest()) {
      out.append("\n  ")
          .append(grade.letter().text())
          .append(" is sure; ")
          .append(grade.open())
          .append(" points are of checks that this depth leaves out, and with all of them it is ")
          .append(grade.atBest().text())
          .append(": look without --quick\n");
    }
    if (grade.uncertain()) {
      out.append("  ? something that counts could not be seen: see \"inconclusive\" below\n");
    }
    if (grade.letter().compareTo(GradeLetter.A_MINUS) <= 0 && !grade.missing().isEmpty()) {
      out.append("\n  for A+ there is missing: ")
          .append(String.join("; ", grade.missing()))
          .append('\n');
    }
  }

  private static void addresses(StringBuilder out, AssessmentReport report) {
    if (report.addresses().isEmpty()) {
      return;
    }
    out.append('\n');
    for (AssessmentReport.AddressResult result : report.addresses()) {
      Grade grade = result.grade();
      out.append("  ")
          .append(pad(result.location().text(), 60))
          .append(pad(grade == null ? "no answer" : grade.text(), 12))
          .append(result.connections())
          .append(" connections\n");
    }
  }

  private static String pad(String text, int width) {
    return text.length() >= width ? text + " " : text + " ".repeat(width - text.length());
  }

  private void group(StringBuilder out, AssessmentReport report, CheckGroup group) {
    if (report.findings().stream().noneMatch(f -> f.check().group() == group)) {
      return;
    }
    out.append('\n').append(paint(BOLD, group.title())).append('\n');
    FindingRow.of(report, FindingRow.JUDGED, List.of(group))
        .forEach((row, where) -> line(out, row, where, report));
    for (CheckOutcome outcome : List.of(CheckOutcome.NOT_TESTED, CheckOutcome.NOT_NEEDED)) {
      String ids = FindingRow.ids(report, outcome, group);
      if (!ids.isEmpty()) {
        wrap(out, "  " + paint(DIM, pad(word(outcome), 13)), ids, 15);
      }
    }
  }

  private static String word(CheckOutcome outcome) {
    return switch (outcome) {
      case PASS -> "ok";
      case INFO -> "note";
      case WARN -> "warning";
      case FAIL -> "FAIL";
      case INCONCLUSIVE -> "inconclusive";
      case NOT_TESTED -> "not tested";
      case NOT_NEEDED -> "not needed";
    };
  }

  private static String colour(CheckOutcome outcome) {
    return switch (outcome) {
      case PASS -> GREEN;
      case INFO -> BLUE;
      case WARN -> YELLOW;
      case FAIL -> BOLD + ";" + RED;
      case INCONCLUSIVE -> YELLOW;
      case NOT_TESTED, NOT_NEEDED -> DIM;
    };
  }

  private void line(
      StringBuilder out, FindingRow row, List<Finding> where, AssessmentReport report) {
    String label = "  " + paint(colour(row.outcome()), pad(word(row.outcome()), 13));
    String places =
        report.addresses().size() > 1 && where.size() < report.addresses().size()
            ? " — at "
                + String.join(
                    ", ", where.stream().map(f -> f.location().text()).distinct().toList())
            : "";
    wrap(
        out,
        label,
        pad(row.code(), 22)
            + Printable.of(row.seen())
            + (places.contains("— at domain") ? "" : places),
        37);
    if (row.outcome() == CheckOutcome.FAIL || row.outcome() == CheckOutcome.WARN) {
      wrap(out, " ".repeat(15) + paint(DIM, pad("why", 10)), row.check().reason(), 25);
      advice(out, row.check().advice(), where.getFirst());
      wrap(
          out,
          " ".repeat(15) + paint(DIM, pad("source", 10)),
          String.join("; ", row.check().sources()),
          25);
    }
  }

  private void advice(StringBuilder out, FixAdvice advice, Finding finding) {
    if (!advice.general().isEmpty()) {
      wrap(out, " ".repeat(15) + paint(DIM, pad("help", 10)), advice.general(), 25);
    }
    lines(out, "here", finding.lines());
    advice
        .settings()
        .forEach(
            (name, lines) -> {
              if (router.isEmpty() || router.equalsIgnoreCase(name)) {
                lines(out, name, lines);
              }
            });
  }

  private void lines(StringBuilder out, String whose, List<String> lines) {
    for (int i = 0; i < lines.size(); i++) {
      out.append(" ".repeat(15))
          .append(paint(BLUE, pad(i == 0 ? whose : "", 10)))
          .append(Printable.of(lines.get(i)))
          .append('\n');
    }
  }

  /** Breaks at blanks; the label stands before the first line, the rest is indented. */
  private static void wrap(StringBuilder out, String label, String text, int indent) {
    StringBuilder line = new StringBuilder();
    boolean first = true;
    for (String word : text.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + word.length() + 1 > WIDTH - indent) {
        out.append(first ? label : " ".repeat(indent)).append(line).append('\n');
        first = false;
        line.setLength(0);
      }
      if (!line.isEmpty() || word.isEmpty()) {
        line.append(' ');
      }
      line.append(word);
    }
    out.append(first ? label : " ".repeat(indent)).append(line).append('\n');
  }
}
