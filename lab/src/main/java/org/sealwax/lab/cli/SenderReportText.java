package org.sealwax.lab.cli;

import java.util.List;
import java.util.Locale;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.Grade;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.json.Json;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A sender's report as text, JSON and JUnit XML. */
final class SenderReportText {
  private SenderReportText() {}

  private static String word(Finding finding) {
    String outcome = finding.outcome().label().toUpperCase(Locale.ROOT);
    return finding.aspect().isEmpty() || finding.outcome() == CheckOutcome.PASS
        ? outcome
        : outcome + " " + finding.aspect();
  }

  private static String label(Finding finding) {
    String id = finding.check().id();
    return id.substring(id.indexOf('.') + 1);
  }

  /** One line of the table. */
  static String row(Finding finding) {
    return String.format(
        Locale.ROOT,
        "%-6s %-12s %-52s %s",
        label(finding),
        word(finding),
        finding.check().title(),
        finding.observed());
  }

  /** The end of the table: the sender as a whole, what failed, the letter. */
  static String summary(SenderReport report) {
    StringBuilder out = new StringBuilder("\nThe sender as a whole\n");
    for (Finding finding : report.findings()) {
      if (finding.check().id().startsWith("sender.")) {
        out.append(
            String.format(
                Locale.ROOT,
                "  %-18s %-12s %s: %s%n",
                label(finding),
                word(finding),
                finding.check().title(),
                finding.observed()));
      }
    }
    List<Finding> wrong =
        report.traps().stream().filter(f -> f.outcome() == CheckOutcome.FAIL).toList();
    if (!wrong.isEmpty()) {
      out.append("\nWhat went wrong\n");
      for (Finding finding : wrong) {
        out.append("  " + row(finding) + "\n");
        out.append(
            "         expected: "
                + finding.check().reason()
                + " ("
                + String.join(", ", finding.check().sources())
                + ")\n");
      }
    }
    open(report, CheckOutcome.NOT_TESTED, "\nNot tested: ", out);
    open(report, CheckOutcome.INCONCLUSIVE, "Inconclusive: ", out);
    if (!report.waiting().isEmpty()) {
      out.append(
          "Waiting: in "
              + report.waiting().size()
              + " of these the sender's next try may change the result; --wait gives it more"
              + " time\n");
    }
    Grade grade = report.grade();
    out.append(
        "\nGrade " + grade.text() + ", over " + report.over() + "  (" + grade.score() + " points");
    for (Grade.CategoryScore score : grade.parts()) {
      out.append("; " + score.category() + " " + score.points() + "/" + score.most());
    }
    out.append(")\n");
    out.append("  leaks   " + report.leaks().size() + "  " + report.leaks() + "\n");
    out.append("  losses  " + report.losses().size() + "  " + report.losses() + "\n");
    out.append("  stuck   " + report.stuck().size() + "  " + report.stuck() + "\n");
    for (Grade.GradeCap cap : grade.caps()) {
      out.append(
          "  at most "
              + cap.most().text()
              + ": "
              + cap.reason()
              + " ("
              + cap.finding().code()
              + ")\n");
    }
    if (!grade.missing().isEmpty()) {
      out.append("  for A+: " + String.join("; ", grade.missing()) + "\n");
    }
    out.append("  profile " + report.profile().label() + ", rules " + report.rules() + "\n");
    return out.toString();
  }

  private static void open(
      SenderReport report, CheckOutcome outcome, String head, StringBuilder out) {
    List<String> labels =
        report.findings().stream()
            .filter(f -> f.outcome() == outcome)
            .map(SenderReportText::label)
            .toList();
    if (!labels.isEmpty()) {
      out.append(head + String.join(" ", labels) + "\n");
    }
  }

  /** For programs. */
  static String json(SenderReport report) {
    ObjectNode out = Json.object();
    Grade grade = report.grade();
    out.put("kind", "sealwax lab");
    out.put("version", Version.text());
    out.put("rules", report.rules());
    out.put("profile", report.profile().label());
    out.put("grade", grade.text());
    out.put("score", grade.score());
    strings(out.putArray("leaks"), report.leaks());
    strings(out.putArray("losses"), report.losses());
    strings(out.putArray("stuck"), report.stuck());
    strings(out.putArray("waiting"), report.waiting());
    out.put("traps", report.trapCount());
    out.put("tested", report.tested());
    ArrayNode caps = out.putArray("caps");
    for (Grade.GradeCap cap : grade.caps()) {
      caps.addObject()
          .put("most", cap.most().text())
          .put("reason", cap.reason())
          .put("code", cap.finding().code());
    }
    strings(out.putArray("missing"), grade.missing());
    ArrayNode findings = out.putArray("findings");
    for (Finding finding : report.findings()) {
      ObjectNode row = findings.addObject();
      row.put("id", finding.check().id());
      row.put("outcome", finding.outcome().label());
      row.put("aspect", finding.aspect());
      row.put("title", finding.check().title());
      row.put("expected", finding.check().reason());
      row.put("seen", finding.observed());
      strings(row.putArray("sources"), finding.check().sources());
      strings(
          row.putArray("evidence"),
          finding.evidence().stream().map(FindingEvidence::text).toList());
    }
    return Json.indented(out);
  }

  private static void strings(ArrayNode into, List<String> all) {
    all.forEach(into::add);
  }

  /** For continuous integration. */
  static String junit(SenderReport report) {
    StringBuilder out = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    long open = report.count(CheckOutcome.NOT_TESTED) + report.count(CheckOutcome.INCONCLUSIVE);
    out.append(
        "<testsuite name=\"sealwax lab\" tests=\""
            + report.findings().size()
            + "\" failures=\""
            + report.count(CheckOutcome.FAIL)
            + "\" errors=\"0\" skipped=\""
            + open
            + "\">\n");
    for (Finding finding : report.findings()) {
      out.append(
          "  <testcase classname=\"lab\" name=\""
              + escaped(finding.check().id() + " " + finding.check().title())
              + "\">");
      switch (finding.outcome()) {
        case FAIL -> {
          out.append(
              "<failure message=\"" + escaped(word(finding) + ": " + finding.observed()) + "\">");
          finding.evidence().forEach(e -> out.append(escaped(e.text())));
          out.append("</failure>");
        }
        case NOT_TESTED, NOT_NEEDED, INCONCLUSIVE ->
            out.append("<skipped message=\"" + escaped(finding.observed()) + "\"/>");
        case PASS, INFO, WARN ->
            out.append("<system-out>" + escaped(finding.observed()) + "</system-out>");
      }
      out.append("</testcase>\n");
    }
    return out.append("</testsuite>\n").toString();
  }

  /** XML 1.0 has no place for most control characters, escaped or not. */
  private static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    text.chars()
        .forEach(
            c -> {
              switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                case '"' -> out.append("&quot;");
                default -> out.append(c < ' ' && c != '\n' && c != '\t' ? '?' : (char) c);
              }
            });
    return out.toString();
  }
}
