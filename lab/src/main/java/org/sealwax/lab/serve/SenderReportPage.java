package org.sealwax.lab.serve;

import java.util.List;
import java.util.Locale;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.render.GradeSeal;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.lab.judge.SenderReport;

/**
 * What the lab saw a sender do, as one self-contained page: test case by test case, with the
 * expectation, its source and the transcript. All text from other hosts is escaped.
 */
public final class SenderReportPage {
  private static final String NO_LEAK =
      "Nothing that a policy protects was sent in plaintext or to a false host; nothing was lost.";

  private final StringBuilder out = new StringBuilder(64 * 1_024);
  private final SenderReport report;

  private SenderReportPage(SenderReport report) {
    this.report = report;
  }

  /**
   * The page.
   *
   * @param title name of the assessed sender
   * @param version of this program
   */
  public static String of(SenderReport report, String title, String version) {
    return new SenderReportPage(report).page(title, version);
  }

  private String page(String title, String version) {
    String grade = report.grade().text();
    HtmlPage.begin(title + ": " + grade, out);
    out.append("<div class=\"top\">")
        .append(GradeSeal.of(grade, GradeSeal.tone(report.grade().letter())))
        .append("<div><h1>")
        .append(Html.escape(title))
        .append("</h1><p class=\"lead\">")
        .append(Html.escape(LabHtmlPages.introduction(report, NO_LEAK)))
        .append("</p><ul class=\"facts\">");
    fact("Score", report.grade().score() + " of 100");
    fact("Leaks", Integer.toString(report.leaks().size()));
    fact("Losses", Integer.toString(report.losses().size()));
    fact("Stuck", Integer.toString(report.stuck().size()));
    fact("Traps", report.over());
    fact("Profile", report.profile().label());
    out.append("</ul></div></div>\n");
    table("Trap by trap", "lab.");
    table("The sender as a whole", "sender.");
    out.append("<footer>Sealwax ")
        .append(Html.escape(version))
        .append(" · rules ")
        .append(Html.escape(report.rules()))
        .append("</footer></main></body></html>\n");
    return out.toString();
  }

  private void fact(String name, String value) {
    out.append("<li>").append(name).append(" <b>").append(Html.escape(value)).append("</b></li>");
  }

  private void table(String title, String prefix) {
    List<Finding> findings =
        report.findings().stream().filter(f -> f.check().id().startsWith(prefix)).toList();
    if (findings.isEmpty()) {
      return;
    }
    out.append("<h2>").append(title).append("</h2><div class=\"card\"><ul class=\"rows\">");
    findings.forEach(f -> row(f, f.check().id().substring(prefix.length())));
    out.append("</ul></div>\n");
  }

  private void row(Finding finding, String label) {
    out.append("<li><span><span class=\"chip ")
        .append(tone(finding.outcome()))
        .append("\">")
        .append(Html.escape(finding.outcome().label().toUpperCase(Locale.ROOT)))
        .append("</span> <code>")
        .append(Html.escape(label))
        .append("</code></span><span>")
        .append(Html.escape(finding.check().title()))
        .append("</span><span class=\"seen\">")
        .append(Html.escape(finding.observed()))
        .append("<small class=\"where\">")
        .append(Html.escape(reason(finding)))
        .append("</small>");
    if (!finding.evidence().isEmpty()) {
      out.append("<details class=\"evidence\"><summary>What happened</summary>");
      for (FindingEvidence evidence : finding.evidence()) {
        out.append("<pre>").append(Html.escape(evidence.text())).append("</pre>");
      }
      out.append("</details>");
    }
    out.append("</span></li>");
  }

  /** For a test case what was expected, and by which source; for the whole why it counts. */
  private static String reason(Finding finding) {
    List<String> sources = finding.check().sources();
    return sources.isEmpty()
        ? finding.check().reason()
        : "expected: " + finding.check().reason() + " (" + String.join(", ", sources) + ")";
  }

  /** The colour of an outcome. */
  static String tone(CheckOutcome outcome) {
    return switch (outcome) {
      case FAIL -> "poor";
      case WARN, INCONCLUSIVE -> "fair";
      case PASS -> "good";
      case INFO -> "note";
      case NOT_TESTED, NOT_NEEDED -> "none";
    };
  }
}
