package org.sealwax.assess.render;

import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.json.Json;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A report as JSON, as docs/assess-json.md describes it. Names and words in it are stable: new ones
 * may be added, old ones keep their meaning while {@link #SCHEMA} is the same.
 */
public final class AssessmentReportJson {
  /** Increases when a member changes its meaning or is removed. */
  public static final int SCHEMA = 1;

  private AssessmentReportJson() {}

  /** Everything, evidence included, on one line. */
  public static String of(AssessmentReport report) {
    return of(report, 0, true);
  }

  /**
   * One line of a survey: what to fix and what to report, without evidence, passes and what was not
   * tested, unless {@code whole}.
   *
   * @param line of the input, from 1
   */
  public static String of(AssessmentReport report, long line, boolean whole) {
    ObjectNode json = Json.object();
    if (line > 0) {
      json.put("line", line);
    }
    head(json, report);
    ArrayNode addresses = json.putArray("addresses");
    report.addresses().forEach(result -> station(addresses.addObject(), result));
    ArrayNode findings = json.putArray("findings");
    for (Finding finding : report.findings()) {
      boolean quiet =
          finding.outcome() == CheckOutcome.PASS || finding.outcome() == CheckOutcome.NOT_TESTED;
      if (whole || !quiet) {
        finding(findings.addObject(), finding, whole);
      }
    }
    return Json.line(json);
  }

  /** The line of a survey for a line of input that is not a target. */
  public static String bad(long line, String text, String why) {
    return Json.line(Json.object().put("line", line).put("target", text).put("error", why));
  }

  private static void head(ObjectNode json, AssessmentReport report) {
    json.put("schema", SCHEMA);
    json.put("target", report.target());
    json.put("depth", report.depth().label());
    json.put("began", report.began().toString());
    json.put("milliseconds", report.duration().toMillis());
    json.put("connections", report.connections());
    json.put("program", report.program());
    json.put("rules", report.rules());
    json.put("rules_hash", report.rulesHash());
    if (!report.ungraded().isEmpty()) {
      json.put("ungraded", report.ungraded());
    }
    report.graded().ifPresent(g -> grade(json, g));
  }

  private static void grade(ObjectNode parent, Grade grade) {
    ObjectNode json = parent.putObject("grade");
    json.put("letter", grade.letter().text());
    json.put("at_best", grade.atBest().text());
    json.put("uncertain", grade.uncertain());
    json.put("score", grade.score());
    json.put("open", grade.open());
    ArrayNode parts = json.putArray("parts");
    for (Grade.CategoryScore score : grade.parts()) {
      parts
          .addObject()
          .put("category", score.category())
          .put("points", score.points())
          .put("most", score.most());
    }
    ArrayNode caps = json.putArray("caps");
    for (Grade.GradeCap cap : grade.caps()) {
      ObjectNode entry = caps.addObject();
      entry.put("most", cap.most().text());
      entry.put("reason", cap.reason());
      entry.put("code", cap.finding().code());
      place(entry, cap.finding().location());
    }
    grade.missing().forEach(json.putArray("missing_for_a_plus")::add);
  }

  private static void station(ObjectNode json, AssessmentReport.AddressResult result) {
    place(json, result.location());
    json.put("answered", result.answered());
    json.put("connections", result.connections());
    Grade grade = result.grade();
    if (grade != null) {
      grade(json, grade);
    }
  }

  private static void place(ObjectNode json, FindingLocation location) {
    location.hostName().ifPresent(h -> json.put("host", h.name()));
    var address = location.address();
    if (address != null) {
      json.put("address", AddressText.of(address));
      json.put("port", location.port());
    }
  }

  private static void finding(ObjectNode json, Finding finding, boolean whole) {
    json.put("check", finding.check().id());
    json.put("code", finding.code());
    json.put("group", finding.check().group().title());
    json.put("outcome", finding.outcome().label());
    place(json, finding.location());
    json.put("seen", finding.observed());
    if (!finding.openQuestion().isEmpty()) {
      json.put("doubt", finding.openQuestion());
    }
    if (!finding.lines().isEmpty()) {
      finding.lines().forEach(json.putArray("do")::add);
    }
    if (whole && !finding.evidence().isEmpty()) {
      ArrayNode all = json.putArray("evidence");
      for (FindingEvidence evidence : finding.evidence()) {
        all.addObject().put("kind", evidence.kind().label()).put("text", evidence.text());
      }
    }
  }
}
