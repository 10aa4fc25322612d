package org.sealwax.assess.render;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.CheckGroup;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FixAdvice;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;

/**
 * A report as one self-contained page: no script, no font, no picture from elsewhere; light and
 * dark, and for paper. All text from other hosts is escaped.
 */
public final class ReportPage {
  private final StringBuilder out = new StringBuilder(64 * 1_024);
  private final AssessmentReport report;

  private ReportPage(AssessmentReport report) {
    this.report = report;
  }

  /** The page. */
  public static String of(AssessmentReport report) {
    return new ReportPage(report).page();
  }

  private String page() {
    HtmlPage.begin(report.target() + ": " + report.letter(), out);
    head();
    report.graded().ifPresent(this::grade);
    addresses();
    fixes();
    for (CheckGroup group : CheckGroup.values()) {
      group(group);
    }
    foot();
    return out.append("</main></body></html>\n").toString();
  }

  private void head() {
    out.append("<div class=\"top\">")
        .append(GradeSeal.of(report))
        .append("<div><h1>")
        .append(Html.escape(report.target()))
        .append("</h1><p class=\"lead\">")
        .append(Html.escape(introduction()))
        .append("</p><ul class=\"facts\">");
    fact("Assessment", report.depth().label());
    report.graded().ifPresent(g -> fact("Score", g.score() + " of 100"));
    fact("Addresses", Integer.toString(report.addresses().size()));
    fact("Connections", Integer.toString(report.connections()));
    fact("Took", String.format(Locale.ROOT, "%.1f s", report.duration().toMillis() / 1000.0));
    fact("On", report.began().toString().substring(0, 16).replace('T', ' ') + " UTC");
    out.append("</ul></div></div>\n");
  }

  private void fact(String name, String value) {
    out.append("<li>").append(name).append(" <b>").append(Html.escape(value)).append("</b></li>");
  }

  private String introduction() {
    if (report.graded().isEmpty()) {
      return "No grade: " + report.ungraded() + ".";
    }
    Grade grade = report.graded().get();
    String first =
        switch (grade.letter()) {
          case A_PLUS -> "Mail on its way in is protected as well as it can be today.";
          case A -> "Mail on its way in is well protected.";
          case A_MINUS -> "Mail on its way in is well protected, with one thing left to do.";
          case B -> "Mail on its way in is encrypted, but not safe from everybody.";
          case C -> "Mail on its way in is encrypted with means that are out of date.";
          case D, E -> "Mail on its way in is badly protected.";
          case F -> "Mail on its way in can be read, changed or lost.";
        };
    return grade.uncertain()
        ? first + " Something that counts could not be seen, hence the question mark."
        : first;
  }

  private void grade(Grade grade) {
    out.append("<div class=\"two\"><section class=\"card\"><h2>Points</h2>");
    for (Grade.CategoryScore score : grade.parts()) {
      int percent = score.most() == 0 ? 0 : 100 * score.points() / score.most();
      String tone = percent >= 80 ? "good" : percent >= 50 ? "fair" : "poor";
      out.append("<div class=\"bar\"><span>")
          .append(Html.escape(score.category()))
          .append("</span><span class=\"soft\">")
          .append(score.points())
          .append(" / ")
          .append(score.most())
          .append("</span><span class=\"track\"><span class=\"fill ")
          .append(tone)
          .append("\" style=\"width:")
          .append(percent)
          .append("%\"></span></span></div>");
    }
    out.append("</section><section class=\"card\"><h2>What decides the grade</h2>");
    if (grade.caps().isEmpty()) {
      out.append("<p>Nothing holds it down; the points decide.</p>");
    } else {
      out.append("<ul class=\"caps\">");
      Map<String, Grade.GradeCap> byReason = new LinkedHashMap<>();
      grade.caps().forEach(c -> byReason.putIfAbsent(c.most() + c.reason(), c));
      byReason
          .values()
          .forEach(
              c ->
                  out.append("<li><span class=\"chip ")
                      .append(GradeSeal.tone(c.most()))
                      .append("\">")
                      .append(Html.escape(c.most().text()))
                      .append("</span><span>")
                      .append(Html.escape(c.reason()))
                      .append("<br><a class=\"soft\" href=\"#")
                      .append(anchor(c.finding().code()))
                      .append("\"><code>")
                      .append(Html.escape(c.finding().code()))
                      .append("</code></a></span></li>"));
      out.append("</ul>");
    }
    if (!grade.missing().isEmpty() && grade.letter().compareTo(GradeLetter.A_MINUS) <= 0) {
      out.append("<p class=\"soft\">Still missing for A+: ")
          .append(Html.escape(String.join("; ", grade.missing())))
          .append(".</p>");
    }
    out.append("</section></div>\n");
  }

  private static String anchor(String code) {
    return Html.escape(code.replace('/', '-'));
  }

  private void addresses() {
    if (report.addresses().isEmpty()) {
      return;
    }
    out.append("<h2>Hosts and addresses</h2><div class=\"card wide\"><table><tr><th>Where</th>")
        .append("<th>Grade</th><th>Score</th><th>Connections</th></tr>");
    for (AssessmentReport.AddressResult result : report.addresses()) {
      Grade grade = result.grade();
      out.append("<tr><td>")
          .append(Html.escape(result.location().text()))
          .append("</td><td><span class=\"chip ")
          .append(grade == null ? "none" : GradeSeal.tone(grade.letter()))
          .append("\">")
          .append(grade == null ? "no answer" : Html.escape(grade.text()))
          .append("</span></td><td>")
          .append(grade == null ? "" : Integer.toString(grade.score()))
          .append("</td><td>")
          .append(result.connections())
          .append("</td></tr>");
    }
    out.append("</table></div>\n");
  }

  private void fixes() {
    Map<FindingRow, List<Finding>> byRow =
        FindingRow.of(
            report,
            List.of(CheckOutcome.FAIL, CheckOutcome.WARN, CheckOutcome.INCONCLUSIVE),
            List.of(CheckGroup.values()));
    out.append("<h2>To mend</h2>");
    if (byRow.isEmpty()) {
      out.append("<div class=\"card\"><p>Nothing.</p></div>");
    }
    byRow.forEach(this::card);
  }

  private static String tone(CheckOutcome outcome) {
    return switch (outcome) {
      case FAIL -> "poor";
      case WARN -> "fair";
      case PASS -> "good";
      case INFO -> "note";
      case INCONCLUSIVE -> "fair";
      case NOT_TESTED, NOT_NEEDED -> "none";
    };
  }

  private static String word(CheckOutcome outcome) {
    return switch (outcome) {
      case FAIL -> "fails";
      case WARN -> "warning";
      case PASS -> "good";
      case INFO -> "note";
      case INCONCLUSIVE -> "inconclusive";
      case NOT_TESTED -> "not tested";
      case NOT_NEEDED -> "not needed";
    };
  }

  private void chip(CheckOutcome outcome) {
    out.append("<span class=\"chip ")
        .append(tone(outcome))
        .append("\">")
        .append(word(outcome))
        .append("</span>");
  }

  private void card(FindingRow row, List<Finding> where) {
    out.append("<section class=\"card finding ")
        .append(tone(row.outcome()))
        .append("\" id=\"")
        .append(anchor(row.code()))
        .append("\"><header>");
    chip(row.outcome());
    out.append("<h3>")
        .append(Html.escape(row.check().title()))
        .append("</h3><code>")
        .append(Html.escape(row.code()))
        .append("</code></header><p class=\"seen\">")
        .append(Html.escape(row.seen()))
        .append("</p>");
    locations(where);
    out.append("<p class=\"soft\">").append(Html.escape(row.check().reason())).append("</p>");
    advice(row.check().advice(), where.getFirst());
    evidence(where);
    out.append("<p class=\"where\">")
        .append(Html.escape(String.join(" · ", row.check().sources())))
        .append("</p></section>\n");
  }

  private void locations(List<Finding> where) {
    List<String> places = where.stream().map(f -> f.location().text()).distinct().toList();
    if (report.addresses().size() > 1
        && places.size() < report.addresses().size()
        && !places.contains("domain")) {
      out.append("<small class=\"where\">at ")
          .append(Html.escape(String.join(", ", places)))
          .append("</small>");
    }
  }

  private void advice(FixAdvice advice, Finding finding) {
    out.append("<p>").append(Html.escape(advice.general())).append("</p>");
    if (!finding.lines().isEmpty()) {
      pre(String.join("\n", finding.lines()));
    }
    if (!advice.settings().isEmpty()) {
      out.append("<details><summary>Settings for Postfix, Exim, OpenSMTPD, Sealwax</summary>");
      advice
          .settings()
          .forEach(
              (name, lines) -> {
                out.append("<p class=\"router\">").append(name).append("</p>");
                pre(String.join("\n", lines));
              });
      out.append("</details>");
    }
  }

  private void pre(String text) {
    out.append("<pre>").append(Html.escape(text)).append("</pre>");
  }

  private void evidence(List<Finding> where) {
    List<FindingEvidence> all =
        where.stream().flatMap(f -> f.evidence().stream()).distinct().limit(6).toList();
    if (all.isEmpty()) {
      return;
    }
    out.append("<details class=\"evidence\"><summary>Evidence</summary>");
    all.forEach(
        e -> {
          out.append("<p class=\"router\">").append(e.kind().label()).append("</p>");
          pre(e.text());
        });
    out.append("</details>");
  }

  private void group(CheckGroup group) {
    if (report.findings().stream().noneMatch(f -> f.check().group() == group)) {
      return;
    }
    Map<FindingRow, List<Finding>> byRow = FindingRow.of(report, FindingRow.JUDGED, List.of(group));
    out.append("<h2>").append(Html.escape(group.title())).append("</h2><div class=\"card\">");
    if (!byRow.isEmpty()) {
      rows(byRow);
    }
    left("Not tested: ", CheckOutcome.NOT_TESTED, group);
    left("Not needed: ", CheckOutcome.NOT_NEEDED, group);
    out.append("</div>\n");
  }

  private void left(String label, CheckOutcome outcome, CheckGroup group) {
    String ids = FindingRow.ids(report, outcome, group);
    if (!ids.isEmpty()) {
      out.append("<p class=\"none-list\">").append(label).append(Html.escape(ids)).append("</p>");
    }
  }

  private void rows(Map<FindingRow, List<Finding>> byRow) {
    out.append("<ul class=\"rows\">");
    byRow.forEach(
        (t, where) -> {
          out.append("<li><span>");
          chip(t.outcome());
          out.append("</span><span>")
              .append(Html.escape(t.check().title()))
              .append("<br><code>")
              .append(Html.escape(t.code()))
              .append("</code></span><span class=\"seen\">")
              .append(Html.escape(t.seen()));
          locations(where);
          out.append("</span></li>");
        });
    out.append("</ul>");
  }

  private void foot() {
    out.append("<footer>")
        .append(Html.escape(report.program()))
        .append(" · rules ")
        .append(Html.escape(report.rules()))
        .append(" <code>")
        .append(Html.escape(report.rulesHash().substring(0, 12)))
        .append(
            "</code> · What was not seen earns nothing and never counts as good. A grade speaks"
                + " of one moment and of one place on the Internet.</footer>");
  }
}
