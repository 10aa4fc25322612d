package org.sealwax.lab.cli;

import java.util.List;
import java.util.Locale;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.render.TextLayout;
import org.sealwax.assess.render.TextLayout.Cell;
import org.sealwax.assess.render.TextLayout.Ink;
import org.sealwax.lab.judge.SenderFirstSteps;
import org.sealwax.lab.judge.SenderRemedy;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.mail.cli.Version;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.CountText;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A sender's report as text, JSON and JUnit XML. */
final class SenderReportText {
  private static final int COST = 18;
  private static final int HEADING = 60;
  private static final int LABEL = 10;
  private static final int KIND = 13;
  private static final Cell MARGIN = new Cell("", 2, Ink.PLAIN);

  private SenderReportText() {}

  private static String word(Finding finding) {
    String outcome = finding.outcome().label();
    return finding.aspect().isEmpty() || finding.outcome() == CheckOutcome.PASS
        ? outcome
        : finding.aspect();
  }

  private static String label(Finding finding) {
    String id = finding.check().id();
    return id.substring(id.indexOf('.') + 1);
  }

  /**
   * The whole report: the letter and how it comes about, what to do first, the remedies, and what
   * happened in each trap that did not pass.
   *
   * @param color whether escape sequences are written
   */
  static String text(SenderReport report, boolean color) {
    TextLayout out = new TextLayout(color);
    head(report, out);
    first(report.first(), out);
    remedies(report, out);
    failures(report, out);
    out.title("The sender as a whole");
    for (Finding finding : report.findings()) {
      if (finding.check().id().startsWith("sender.")) {
        out.row(
            List.of(
                MARGIN,
                new Cell(finding.outcome().label(), KIND, ink(finding.outcome())),
                new Cell(label(finding), 20, Ink.DIM)),
            finding.heading() + (finding.outcome().known() ? ": " : "? ") + finding.observed());
      }
    }
    others(report, out);
    out.line("");
    out.line(
        "  "
            + out.ink(
                Ink.DIM, "profile " + report.profile().label() + ", rules " + report.rules()));
    return out.toString();
  }

  private static void head(SenderReport report, TextLayout out) {
    Grade grade = report.grade();
    out.line("");
    out.line(
        "  "
            + out.ink(Ink.BOLD, "Grade " + grade.text())
            + ", over "
            + report.over()
            + (report.router().isEmpty()
                ? ""
                : "   " + report.router() + ", by its Received field"));
    out.line("");
    out.row(List.of(MARGIN), grade.explanation());
    out.title("Points");
    for (Grade.CategoryScore score : grade.parts()) {
      out.line(
          String.format(
              Locale.ROOT, "  %-22s %3d/%d", score.category(), score.points(), score.most()));
    }
    out.line(String.format(Locale.ROOT, "  %-22s %3d/100", "Score", grade.score()));
    if (!grade.missing().isEmpty()) {
      out.row(
          List.of(MARGIN, new Cell("For A+:", KIND, Ink.PLAIN)),
          String.join("; ", grade.missing()));
    }
    out.title("Mail");
    count(
        report.leaks(),
        kind("leaks"),
        "mail that was sent in plaintext or to a false host against a policy",
        out);
    count(report.losses(), kind("losses"), "legitimate mail that was bounced", out);
    count(
        report.stuck(),
        kind("stuck"),
        "legitimate mail that was not delivered in any attempt",
        out);
  }

  private static Cell kind(String word) {
    return new Cell(word, KIND, Ink.PLAIN);
  }

  private static void count(List<String> labels, Cell kind, String what, TextLayout out) {
    out.row(
        List.of(
            MARGIN, kind, new Cell(String.format(Locale.ROOT, "%3d", labels.size()), 5, Ink.BOLD)),
        what + (labels.isEmpty() ? "" : ": " + String.join(" ", labels)));
  }

  private static void first(SenderFirstSteps first, TextLayout out) {
    if (first.remedies().isEmpty()) {
      return;
    }
    out.title("Do these first");
    first.remedies().forEach(remedy -> headline(remedy, out));
    out.row(List.of(new Cell("", COST, Ink.PLAIN)), first.result());
  }

  private static void headline(SenderRemedy remedy, TextLayout out) {
    int traps = remedy.labels().size();
    out.row(
        List.of(
            MARGIN,
            new Cell(remedy.cost(), COST - MARGIN.width(), Ink.BOLD),
            new Cell(remedy.heading(), HEADING, Ink.PLAIN)),
        traps == 0 ? "" : CountText.of(traps, "trap"));
  }

  private static void remedies(SenderReport report, TextLayout out) {
    if (report.remedies().isEmpty()) {
      return;
    }
    out.title("To fix");
    for (SenderRemedy remedy : report.remedies()) {
      headline(remedy, out);
      out.row(beside("why"), remedy.check().reason());
      out.row(beside("do"), remedy.check().advice().general());
      remedy
          .check()
          .advice()
          .settings()
          .forEach(
              (name, lines) -> {
                if (report.router().isEmpty() || name.equals(report.router())) {
                  out.verbatim(
                      List.of(new Cell("", COST, Ink.PLAIN), new Cell(name, LABEL, Ink.BLUE)),
                      lines);
                }
              });
      if (!remedy.labels().isEmpty()) {
        out.row(beside("traps"), String.join(" ", remedy.labels()));
      }
      out.line("");
    }
  }

  private static List<Cell> beside(String label) {
    return List.of(new Cell("", COST, Ink.PLAIN), new Cell(label, LABEL, Ink.DIM));
  }

  private static void failures(SenderReport report, TextLayout out) {
    List<Finding> wrong = report.traps().stream().filter(Finding::isFault).toList();
    if (wrong.isEmpty()) {
      return;
    }
    out.title("Traps that failed");
    for (Finding finding : wrong) {
      out.row(
          List.of(
              MARGIN,
              new Cell(label(finding), 7, Ink.BOLD),
              new Cell(word(finding), KIND - 3, ink(finding.outcome()))),
          finding.check().title());
      out.row(trap("seen"), finding.observed());
      out.row(
          trap("correct"),
          finding.check().reason() + " (" + String.join(", ", finding.check().sources()) + ")");
      out.row(trap("remedy"), report.remedy(finding));
    }
  }

  private static List<Cell> trap(String label) {
    return List.of(new Cell("", 9, Ink.PLAIN), new Cell(label, KIND - 3, Ink.DIM));
  }

  private static void others(SenderReport report, TextLayout out) {
    out.title("Other traps");
    open(report, CheckOutcome.PASS, out);
    open(report, CheckOutcome.INFO, out);
    open(report, CheckOutcome.INCONCLUSIVE, out);
    open(report, CheckOutcome.NOT_TESTED, out);
    if (!report.waiting().isEmpty()) {
      out.row(
          List.of(MARGIN, new Cell("waiting", COST - MARGIN.width(), Ink.DIM)),
          "in "
              + report.waiting().size()
              + " of these the sender's next try may change the result; --wait gives it more time");
    }
  }

  private static void open(SenderReport report, CheckOutcome outcome, TextLayout out) {
    List<String> labels =
        report.traps().stream()
            .filter(f -> f.outcome() == outcome)
            .map(SenderReportText::label)
            .toList();
    if (!labels.isEmpty()) {
      out.row(
          List.of(
              MARGIN,
              new Cell(outcome.label(), COST - MARGIN.width() - 4, Ink.DIM),
              new Cell(Integer.toString(labels.size()), 4, Ink.PLAIN)),
          String.join(" ", labels));
    }
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
    out.put("explanation", grade.explanation());
    ArrayNode remedies = out.putArray("remedies");
    for (SenderRemedy remedy : report.remedies()) {
      ObjectNode entry = remedies.addObject();
      entry.put("id", remedy.check().id());
      entry.put("heading", remedy.heading());
      entry.put("points", remedy.points());
      entry.put("do", remedy.check().advice().general());
      strings(entry.putArray("traps"), remedy.labels());
    }
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
