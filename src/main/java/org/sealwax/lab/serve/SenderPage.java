package org.sealwax.lab.serve;

import java.util.List;
import java.util.Locale;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.Page;
import org.sealwax.assess.render.Seal;
import org.sealwax.lab.judge.SenderReport;

/**
 * What the lab saw a sender do, as one page that needs nothing beside itself: row by row, with the
 * expectation, its source and the transcript. All text of strangers is escaped.
 */
public final class SenderPage {
  private final StringBuilder out = new StringBuilder(64 * 1_024);
  private final SenderReport report;

  private SenderPage(SenderReport report) {
    this.report = report;
  }

  /**
   * The page.
   *
   * @param title who was looked at
   * @param version of this program
   */
  public static String of(SenderReport report, String title, String version) {
    return new SenderPage(report).page(title, version);
  }

  private String page(String title, String version) {
    String grade = report.grade().text();
    Page.begin(title + ": " + grade, out);
    out.append("<div class=\"top\">")
        .append(Seal.of(grade, Seal.tone(report.grade().letter())))
        .append("<div><h1>")
        .append(Html.escape(title))
        .append("</h1><p class=\"lead\">")
        .append(Html.escape(lead()))
        .append("</p><ul class=\"facts\">");
    fact("Score", report.grade().score() + " of 100");
    fact("Leaks", Integer.toString(report.leaks().size()));
    fact("Losses", Integer.toString(report.losses().size()));
    fact("Stuck", Integer.toString(report.stuck().size()));
    fact("Traps", report.over());
    fact("Profile", report.profile().word());
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

  private String lead() {
    if (!report.leaks().isEmpty()) {
      return "Mail went out that a policy forbade to send like that.";
    }
    return report.loses()
        ? "Nothing leaked, but legal mail was not delivered."
        : "Nothing that a policy protects was sent in plaintext or to a false host; nothing was"
            + " lost.";
  }

  private void fact(String name, String value) {
    out.append("<li>").append(name).append(" <b>").append(Html.escape(value)).append("</b></li>");
  }

  private void table(String title, String prefix) {
    List<Finding> rows =
        report.findings().stream().filter(f -> f.check().id().startsWith(prefix)).toList();
    if (rows.isEmpty()) {
      return;
    }
    out.append("<h2>").append(title).append("</h2><div class=\"card\"><ul class=\"rows\">");
    rows.forEach(f -> row(f, f.check().id().substring(prefix.length())));
    out.append("</ul></div>\n");
  }

  private void row(Finding finding, String label) {
    out.append("<li><span><span class=\"chip ")
        .append(tone(finding.outcome()))
        .append("\">")
        .append(Html.escape(finding.outcome().word().toUpperCase(Locale.ROOT)))
        .append("</span> <code>")
        .append(Html.escape(label))
        .append("</code></span><span>")
        .append(Html.escape(finding.check().title()))
        .append("</span><span class=\"seen\">")
        .append(Html.escape(finding.seen()))
        .append("<small class=\"where\">")
        .append(Html.escape(reason(finding)))
        .append("</small>");
    if (!finding.evidence().isEmpty()) {
      out.append("<details class=\"evidence\"><summary>What happened</summary>");
      for (Evidence evidence : finding.evidence()) {
        out.append("<pre>").append(Html.escape(evidence.text())).append("</pre>");
      }
      out.append("</details>");
    }
    out.append("</span></li>");
  }

  /** Of a row what was expected, and by whom; of the whole why it counts. */
  private static String reason(Finding finding) {
    List<String> sources = finding.check().sources();
    return sources.isEmpty()
        ? finding.check().why()
        : "expected: " + finding.check().why() + " (" + String.join(", ", sources) + ")";
  }

  private static String tone(Outcome outcome) {
    return switch (outcome) {
      case FAIL -> "poor";
      case WARN, INCONCLUSIVE -> "fair";
      case PASS -> "good";
      case INFO -> "note";
      case NOT_TESTED, NOT_NEEDED -> "none";
    };
  }
}
