package org.sealwax.lab.serve;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.render.Excerpt;
import org.sealwax.assess.render.GradeSeal;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.assess.render.HtmlParts;
import org.sealwax.assess.render.PageSize;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderRemedy;
import org.sealwax.lab.judge.SenderReport;

/**
 * A sender's assessment as one page that needs nothing besides itself. All text from other hosts is
 * escaped and cut, so that the page stays below {@link HtmlPage#MAX_SIZE}.
 */
public final class SenderReportPage {
  /** Bytes from which on no transcript is added, and from which on traps are named only. */
  private static final int EVIDENCE_ENDS = 100_000;

  private static final int TRAPS_END = 150_000;

  /** Bytes of what was seen. */
  private static final int MAX_SEEN = 800;

  private final SenderReport report;
  private final Set<String> settingsShown = new HashSet<>();
  private final StringBuilder out = new StringBuilder(64 * 1_024);
  private final PageSize size = new PageSize(out);

  private SenderReportPage(SenderReport report) {
    this.report = report;
  }

  /**
   * The page.
   *
   * @param title whose assessment it is
   * @param version of this program
   */
  public static String of(SenderReport report, String title, String version) {
    return new SenderReportPage(report).page(title, version);
  }

  private String page(String title, String version) {
    String grade = report.grade().text();
    HtmlPage.begin(Excerpt.of(title, 200) + ": " + grade, out);
    out.append("<div class=\"top\">")
        .append(GradeSeal.of(grade, GradeSeal.tone(report.grade().letter())))
        .append("<div><h1>")
        .append(Html.escape(title, 200))
        .append("</h1><p class=\"lead\">")
        .append(Html.escape(LabHtmlPages.introduction(report, LabHtmlPages.NO_LEAK)))
        .append("</p><p class=\"letter\">")
        .append(Html.escape(report.grade().explanation()))
        .append(".</p>");
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("Leaks", Integer.toString(report.leaks().size()));
    facts.put("Losses", Integer.toString(report.losses().size()));
    facts.put("Stuck", Integer.toString(report.stuck().size()));
    facts.put("Tested", report.over());
    facts.put("Profile", report.profile().label());
    if (!report.router().isEmpty()) {
      facts.put("Mail router, by its Received field", report.router());
    }
    HtmlParts.facts(facts, out);
    out.append("</div></div>\n<div class=\"two\">");
    first();
    HtmlParts.points(report.grade(), out);
    out.append("</div>\n");
    remedies();
    failed();
    whole();
    others();
    out.append("<footer>Sealwax ")
        .append(Html.escape(version, 200))
        .append(" · rules ")
        .append(Html.escape(report.rules()))
        .append("</footer></main></body></html>\n");
    return out.toString();
  }

  private void first() {
    if (!report.first().remedies().isEmpty()) {
      HtmlParts.firstSteps(report.first().remedies(), report.first().result(), out);
    }
  }

  private void remedies() {
    if (report.remedies().isEmpty()) {
      return;
    }
    out.append("<h2>To fix</h2>");
    for (SenderRemedy remedy : report.remedies()) {
      out.append("<section class=\"card finding poor\" id=\"")
          .append(Html.escape(remedy.check().id()))
          .append("\"><header><h3>")
          .append(Html.escape(remedy.heading()))
          .append("</h3>");
      HtmlParts.cost(remedy.points(), remedy.cap(), out);
      out.append("</header><p class=\"soft\">")
          .append(Html.escape(remedy.check().reason()))
          .append("</p><p>")
          .append(Html.escape(remedy.check().advice().general()))
          .append("</p>");
      HtmlParts.settings(remedy.check().advice(), report.router(), settingsShown, out);
      if (!remedy.labels().isEmpty()) {
        out.append("<p class=\"where\">Failed traps: ");
        remedy
            .labels()
            .forEach(
                label ->
                    out.append("<a href=\"#trap-")
                        .append(Html.escape(label))
                        .append("\">")
                        .append(Html.escape(label))
                        .append("</a> "));
        out.append("</p>");
      }
      out.append("</section>\n");
    }
    HtmlParts.otherSettings(
        report.remedies().stream().map(r -> r.check().advice()).toList(), report.router(), out);
  }

  private void failed() {
    List<Finding> failed = report.traps().stream().filter(Finding::isFault).toList();
    if (failed.isEmpty()) {
      return;
    }
    out.append("<h2>Traps that failed</h2><div class=\"card\"><ul class=\"rows three\">");
    int left = failed.size();
    for (Finding finding : failed) {
      if (size.bytes() > TRAPS_END) {
        out.append("<li><span></span><span>").append(left).append(" more: see <code>--json</code>");
        out.append("</span><span></span></li>");
        break;
      }
      trap(finding);
      left--;
    }
    out.append("</ul></div>\n");
  }

  /** A trap: what was seen, what a correct sender does, and what to do. */
  private void trap(Finding finding) {
    String label = Html.escape(SenderAssessment.label(finding));
    out.append("<li id=\"trap-")
        .append(label)
        .append("\"><span>")
        .append(LabHtmlPages.chip(finding))
        .append(" <code>")
        .append(label)
        .append("</code></span><span>")
        .append(Html.escape(finding.check().title()))
        .append("</span><div><p class=\"seen\">")
        .append(Html.escape(finding.observed(), MAX_SEEN))
        .append("</p><p class=\"where\">Correct: ")
        .append(Html.escape(finding.check().reason()))
        .append(" (")
        .append(Html.escape(String.join(", ", finding.check().sources())))
        .append(")</p>");
    if (finding.isFault()) {
      out.append("<p class=\"where remedy\">Remedy: ")
          .append(Html.escape(report.remedy(finding)))
          .append("</p>");
    }
    if (!finding.evidence().isEmpty() && size.bytes() < EVIDENCE_ENDS) {
      out.append("<details class=\"evidence\"><summary>What happened</summary>");
      for (FindingEvidence evidence : finding.evidence()) {
        HtmlParts.block(evidence.text(), out);
      }
      out.append("</details>");
    }
    out.append("</div></li>");
  }

  private void whole() {
    List<Finding> whole =
        report.findings().stream().filter(f -> f.check().id().startsWith("sender.")).toList();
    if (whole.isEmpty()) {
      return;
    }
    out.append("<h2>The sender as a whole</h2><div class=\"card\"><ul class=\"rows three\">");
    for (Finding finding : whole) {
      out.append("<li><span>");
      HtmlParts.chip(finding.outcome(), out);
      out.append("</span><span>")
          .append(Html.escape(finding.heading()))
          .append(finding.outcome().known() ? "" : "?")
          .append("</span><div class=\"seen\">")
          .append(Html.escape(finding.observed(), MAX_SEEN))
          .append("</div></li>");
    }
    out.append("</ul></div>\n");
  }

  private void others() {
    List<Finding> passed =
        report.traps().stream()
            .filter(f -> f.outcome() == CheckOutcome.PASS || f.outcome() == CheckOutcome.INFO)
            .toList();
    out.append("<h2>Other traps</h2><div class=\"card\">");
    if (!passed.isEmpty()) {
      out.append("<details class=\"passed\"><summary>")
          .append(passed.size())
          .append(" passed, or were only recorded</summary><ul class=\"rows three\">");
      for (Finding finding : passed) {
        if (size.bytes() < TRAPS_END) {
          trap(finding);
        }
      }
      out.append("</ul></details>");
    }
    named("Not tested: ", CheckOutcome.NOT_TESTED);
    named("Inconclusive: ", CheckOutcome.INCONCLUSIVE);
    out.append("</div>\n");
  }

  private void named(String title, CheckOutcome outcome) {
    List<String> labels =
        report.traps().stream()
            .filter(f -> f.outcome() == outcome)
            .map(SenderAssessment::label)
            .toList();
    if (!labels.isEmpty()) {
      out.append("<p class=\"none-list\">")
          .append(title)
          .append(Html.escape(String.join(", ", labels)))
          .append("</p>");
    }
  }
}
