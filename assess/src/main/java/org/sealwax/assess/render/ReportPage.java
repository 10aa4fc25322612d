package org.sealwax.assess.render;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckGroup;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingGroup;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.FirstSteps;
import org.sealwax.assess.model.FixAdvice;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.RoundedTime;
import org.sealwax.mail.net.CountText;

/**
 * A report as one self-contained page: no script, no font, no picture from elsewhere; light and
 * dark, and for paper. All text from other hosts is escaped and cut, so that a page stays below
 * {@link HtmlPage#MAX_SIZE} whatever they send.
 */
public final class ReportPage {
  /** Bytes of what was seen. */
  private static final int MAX_SEEN = 800;

  /** Faults that are printed in full; the others cost less, and stand on paper in two columns. */
  private static final int IN_FULL = 10;

  /** Places named for one finding. */
  private static final int MAX_PLACES = 12;

  /** Bytes from which on no evidence is added, and from which on findings are counted only. */
  private static final int EVIDENCE_ENDS = 100_000;

  private static final int FINDINGS_END = 140_000;

  private final StringBuilder out = new StringBuilder(64 * 1_024);
  private final PageSize size = new PageSize(out);
  private final AssessmentReport report;
  private final String section;
  private final String router;
  private final List<FindingGroup> faults;
  private final Set<String> settingsShown = new HashSet<>();

  private ReportPage(AssessmentReport report, String section) {
    this.report = report;
    this.section = section;
    this.router = report.router();
    this.faults = FindingGroup.faults(report);
  }

  /** The page. */
  public static String of(AssessmentReport report) {
    return of(report, "");
  }

  /**
   * The page.
   *
   * @param section HTML of a further section, placed below the head; may be empty
   */
  public static String of(AssessmentReport report, String section) {
    return new ReportPage(report, section).page();
  }

  private String page() {
    HtmlPage.begin(Excerpt.of(report.target(), 200) + ": grade " + report.letter(), out);
    head();
    out.append(section);
    report.graded().ifPresent(this::grade);
    addresses();
    faults();
    otherSettings();
    rows("Inconclusive", CheckOutcome.INCONCLUSIVE);
    rows("Notes", CheckOutcome.INFO);
    otherChecks();
    foot();
    return out.append("</main></body></html>\n").toString();
  }

  private void head() {
    out.append("<div class=\"top\">")
        .append(GradeSeal.of(report))
        .append("<div><h1>")
        .append(Html.escape(report.target(), 200))
        .append("</h1><p class=\"lead\">")
        .append(Html.escape(introduction()))
        .append("</p><p class=\"letter\">")
        .append(
            Html.escape(
                report
                    .graded()
                    .map(g -> g.explanation() + ".")
                    .orElse("No grade: " + Excerpt.of(report.ungraded(), MAX_SEEN) + ".")))
        .append("</p>");
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("Assessment", report.depth().label());
    if (!router.isEmpty()) {
      facts.put("Mail router, by its banner", router);
    }
    facts.put("Addresses", Integer.toString(report.addresses().size()));
    facts.put("Connections", Integer.toString(report.connections()));
    facts.put("Duration", RoundedTime.of(report.duration()));
    facts.put("Date", report.began().toString().substring(0, 16).replace('T', ' ') + " UTC");
    HtmlParts.facts(facts, out);
    out.append("</div></div>\n");
  }

  private String introduction() {
    return report
        .graded()
        .map(
            grade ->
                switch (grade.letter()) {
                  case A_PLUS -> "Incoming mail is protected as well as it can be today.";
                  case A -> "Incoming mail is well protected.";
                  case A_MINUS -> "Incoming mail is well protected, with one fault left.";
                  case B -> "Incoming mail is encrypted, but an attacker can prevent that.";
                  case C -> "Incoming mail is encrypted, but weakly or unreliably.";
                  case D, E -> "Incoming mail is badly protected.";
                  case F -> "Incoming mail can be read, changed or lost.";
                })
        .orElse("Nothing could be graded.");
  }

  private void grade(Grade grade) {
    out.append("<div class=\"two\">");
    FirstSteps.of(report, faults).ifPresent(this::firstSteps);
    HtmlParts.points(grade, out);
    out.append("</div>\n");
  }

  private void firstSteps(FirstSteps steps) {
    HtmlParts.firstSteps(steps.faults(), steps.result(), out);
  }

  private void cost(FindingGroup fault) {
    HtmlParts.cost(fault.points(), fault.cap(), out);
  }

  private void addresses() {
    if (report.addresses().isEmpty()) {
      return;
    }
    out.append("<h2>Hosts and addresses</h2><div class=\"card\"><table class=\"stack\"><thead><tr>")
        .append("<th scope=\"col\">Where</th><th scope=\"col\">Grade</th><th scope=\"col\">Score")
        .append("</th><th scope=\"col\">Connections</th></tr></thead><tbody>");
    for (AssessmentReport.AddressResult result : report.addresses()) {
      Grade grade = result.grade();
      if (size.bytes() > FINDINGS_END) {
        break;
      }
      out.append("<tr><td>")
          .append(Html.escape(result.location().text()))
          .append("</td><td><span class=\"chip ")
          .append(grade == null ? "none" : GradeSeal.tone(grade.letter()))
          .append("\">")
          .append(grade == null ? "no answer" : Html.escape(grade.text()))
          .append("</span></td><td>")
          .append(grade == null ? "" : grade.score() + " <span class=\"unit\">points</span>")
          .append("</td><td>")
          .append(result.connections())
          .append(" <span class=\"unit\">connections</span></td></tr>");
    }
    out.append("</tbody></table></div>\n");
  }

  private void faults() {
    out.append("<h2>To fix</h2>");
    if (faults.isEmpty()) {
      out.append("<div class=\"card\"><p>Nothing.</p></div>");
    }
    for (int i = 0; i < faults.size(); i++) {
      if (i == IN_FULL) {
        out.append("<div class=\"more\">");
      }
      if (size.bytes() > FINDINGS_END) {
        out.append("<p>")
            .append(faults.size() - i)
            .append(" more findings: see <code>--json</code>.</p>");
        out.append(i >= IN_FULL ? "</div>" : "");
        return;
      }
      card(faults.get(i));
    }
    out.append(faults.size() > IN_FULL ? "</div>" : "");
  }

  private void card(FindingGroup fault) {
    Check check = fault.first().check();
    out.append("<section class=\"card finding ")
        .append(HtmlParts.tone(fault.first().outcome()))
        .append("\" id=\"")
        .append(HtmlParts.anchor(fault.code()))
        .append("\"><header><h3>")
        .append(Html.escape(fault.heading()))
        .append("</h3>");
    cost(fault);
    HtmlParts.chip(fault.first().outcome(), out);
    out.append("<code>").append(Html.escape(fault.code())).append("</code></header>");
    seen(fault);
    out.append("<p class=\"soft\">").append(Html.escape(check.reason())).append("</p>");
    List<FindingGroup> causes = fault.causesAmong(faults);
    if (causes.isEmpty()) {
      remedy(fault, check.advice());
    } else {
      out.append("<p>Fixed together with ")
          .append(
              causes.stream()
                  .map(
                      c ->
                          "<a href=\"#%s\">%s</a>"
                              .formatted(HtmlParts.anchor(c.code()), Html.escape(c.heading())))
                  .collect(Collectors.joining(" or ")))
          .append(".</p>");
    }
    evidence(fault);
    out.append("<p class=\"where\">")
        .append(Html.escape(String.join(" · ", check.sources())))
        .append("</p></section>\n");
  }

  private void seen(FindingGroup group) {
    int left = group.seen().size();
    for (var entry : group.seen().entrySet()) {
      if (size.bytes() > FINDINGS_END) {
        out.append("<p>").append(left).append(" more places: see <code>--json</code>.</p>");
        return;
      }
      out.append("<p class=\"seen\">").append(Html.escape(entry.getKey(), MAX_SEEN));
      places(entry.getValue());
      out.append("</p>");
      left--;
    }
  }

  private void places(List<FindingLocation> all) {
    List<String> places = all.stream().map(FindingLocation::text).distinct().toList();
    if (report.addresses().size() > 1
        && places.size() < report.addresses().size()
        && !places.contains("domain")) {
      out.append(" <small class=\"where\">at ")
          .append(Html.escape(String.join(", ", places.stream().limit(MAX_PLACES).toList())))
          .append(places.size() > MAX_PLACES ? " and " + (places.size() - MAX_PLACES) : "")
          .append(places.size() > MAX_PLACES ? " more</small>" : "</small>");
    }
  }

  private void remedy(FindingGroup fault, FixAdvice advice) {
    out.append("<p>").append(Html.escape(advice.general())).append("</p>");
    HtmlParts.paste(fault.lines(), out);
    HtmlParts.settings(advice, router, settingsShown, out);
  }

  private void evidence(FindingGroup fault) {
    List<FindingEvidence> all =
        fault.evidence().stream().limit(size.bytes() > EVIDENCE_ENDS ? 0 : 6).toList();
    if (all.isEmpty()) {
      return;
    }
    out.append("<details class=\"evidence\"><summary>Evidence</summary>");
    for (FindingEvidence evidence : all) {
      if (size.bytes() < EVIDENCE_ENDS) {
        HtmlParts.caption(evidence.kind().label(), out);
        HtmlParts.block(evidence.text(), out);
      }
    }
    out.append("</details>");
  }

  private void otherSettings() {
    HtmlParts.otherSettings(
        faults.stream()
            .filter(f -> f.causesAmong(faults).isEmpty())
            .map(f -> f.first().check().advice())
            .toList(),
        router,
        out);
  }

  private void rows(String title, CheckOutcome outcome) {
    List<FindingGroup> groups = FindingGroup.of(report, outcome);
    if (!groups.isEmpty()) {
      out.append("<h2>").append(title).append("</h2><div class=\"card\">");
      list(groups);
      out.append("</div>\n");
    }
  }

  private void list(List<FindingGroup> groups) {
    out.append("<ul class=\"rows\">");
    for (FindingGroup group : groups) {
      if (size.bytes() > FINDINGS_END) {
        break;
      }
      out.append("<li><span>")
          .append(Html.escape(group.heading()))
          .append(group.first().outcome() == CheckOutcome.INCONCLUSIVE ? "? <code>" : " <code>")
          .append(Html.escape(group.code()))
          .append("</code></span><div>");
      seen(group);
      out.append("</div></li>");
    }
    out.append("</ul>");
  }

  private void otherChecks() {
    if (report.findings().isEmpty()) {
      return;
    }
    List<FindingGroup> passed = FindingGroup.of(report, CheckOutcome.PASS);
    out.append("<h2>Other checks</h2><div class=\"card\">");
    if (!passed.isEmpty()) {
      out.append("<details class=\"passed\"><summary>")
          .append(CountText.of(passed.size(), "check"))
          .append(" passed</summary>");
      for (CheckGroup group : CheckGroup.values()) {
        List<FindingGroup> of =
            passed.stream().filter(g -> g.first().check().group() == group).toList();
        if (!of.isEmpty()) {
          out.append("<h3>").append(Html.escape(group.heading())).append("</h3>");
          list(of);
        }
      }
      out.append("</details>");
    }
    left("Not tested: ", CheckOutcome.NOT_TESTED);
    left("Not needed: ", CheckOutcome.NOT_NEEDED);
    out.append("</div>\n");
  }

  private void left(String label, CheckOutcome outcome) {
    String ids =
        report.findings().stream()
            .filter(f -> f.outcome() == outcome)
            .map(Finding::check)
            .map(Check::id)
            .distinct()
            .collect(Collectors.joining(", "));
    if (!ids.isEmpty()) {
      out.append("<p class=\"none-list\">").append(label).append(Html.escape(ids)).append("</p>");
    }
  }

  private void foot() {
    out.append("<footer>")
        .append(Html.escape(report.program()))
        .append(" · rules ")
        .append(Html.escape(report.rules()))
        .append(" <code>")
        .append(Html.escape(report.rulesHash().substring(0, 12)))
        .append(
            "</code> · What was not observed earns no points and never counts as passed. The"
                + " grade holds for the time and the network of this assessment.</footer>");
  }
}
