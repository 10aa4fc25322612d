package org.sealwax.assess.render;

import java.io.StringWriter;
import java.util.List;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A report as JSON, as docs/assess-json.md describes it. Names and words in it are stable: new ones
 * may be added, old ones keep their meaning while {@link #SCHEMA} is the same.
 */
public final class AssessmentReportJson {
  /** Increases when a member changes its meaning or is removed. */
  public static final int SCHEMA = 1;

  private static final JsonFactory FACTORY = new JsonFactory();

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
    StringWriter out = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      if (line > 0) {
        json.writeNumberProperty("line", line);
      }
      head(json, report);
      json.writeName("addresses");
      json.writeStartArray();
      for (AssessmentReport.AddressResult result : report.addresses()) {
        station(json, result);
      }
      json.writeEndArray();
      json.writeName("findings");
      json.writeStartArray();
      for (Finding finding : report.findings()) {
        boolean quiet =
            finding.outcome() == CheckOutcome.PASS || finding.outcome() == CheckOutcome.NOT_TESTED;
        if (whole || !quiet) {
          finding(json, finding, whole);
        }
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return out.toString();
  }

  /** The line of a survey for a line of input that is no target. */
  public static String bad(long line, String text, String why) {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeNumberProperty("line", line);
      json.writeStringProperty("target", text);
      json.writeStringProperty("error", why);
      json.writeEndObject();
    }
    return out.toString();
  }

  private static void head(JsonGenerator json, AssessmentReport report) {
    json.writeNumberProperty("schema", SCHEMA);
    json.writeStringProperty("target", report.target());
    json.writeStringProperty("depth", report.depth().label());
    json.writeStringProperty("began", report.began().toString());
    json.writeNumberProperty("milliseconds", report.duration().toMillis());
    json.writeNumberProperty("connections", report.connections());
    json.writeStringProperty("program", report.program());
    json.writeStringProperty("rules", report.rules());
    json.writeStringProperty("rules_hash", report.rulesHash());
    if (!report.ungraded().isEmpty()) {
      json.writeStringProperty("ungraded", report.ungraded());
    }
    report.graded().ifPresent(g -> grade(json, g));
  }

  private static void grade(JsonGenerator json, Grade grade) {
    json.writeName("grade");
    json.writeStartObject();
    json.writeStringProperty("letter", grade.letter().text());
    json.writeStringProperty("at_best", grade.atBest().text());
    json.writeBooleanProperty("uncertain", grade.uncertain());
    json.writeNumberProperty("score", grade.score());
    json.writeNumberProperty("open", grade.open());
    json.writeName("parts");
    json.writeStartArray();
    for (Grade.CategoryScore score : grade.parts()) {
      json.writeStartObject();
      json.writeStringProperty("category", score.category());
      json.writeNumberProperty("points", score.points());
      json.writeNumberProperty("most", score.most());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeName("caps");
    json.writeStartArray();
    for (Grade.GradeCap cap : grade.caps()) {
      json.writeStartObject();
      json.writeStringProperty("most", cap.most().text());
      json.writeStringProperty("reason", cap.reason());
      json.writeStringProperty("code", cap.finding().code());
      place(json, cap.finding().location());
      json.writeEndObject();
    }
    json.writeEndArray();
    strings(json, "missing_for_a_plus", grade.missing());
    json.writeEndObject();
  }

  private static void station(JsonGenerator json, AssessmentReport.AddressResult result) {
    json.writeStartObject();
    place(json, result.location());
    json.writeBooleanProperty("answered", result.answered());
    json.writeNumberProperty("connections", result.connections());
    Grade grade = result.grade();
    if (grade != null) {
      grade(json, grade);
    }
    json.writeEndObject();
  }

  private static void place(JsonGenerator json, FindingLocation location) {
    location.hostName().ifPresent(h -> json.writeStringProperty("host", h.name()));
    var address = location.address();
    if (address != null) {
      json.writeStringProperty("address", address.getHostAddress());
      json.writeNumberProperty("port", location.port());
    }
  }

  private static void finding(JsonGenerator json, Finding finding, boolean whole) {
    json.writeStartObject();
    json.writeStringProperty("check", finding.check().id());
    json.writeStringProperty("code", finding.code());
    json.writeStringProperty("group", finding.check().group().title());
    json.writeStringProperty("outcome", finding.outcome().label());
    place(json, finding.location());
    json.writeStringProperty("seen", finding.observed());
    if (!finding.openQuestion().isEmpty()) {
      json.writeStringProperty("doubt", finding.openQuestion());
    }
    if (!finding.lines().isEmpty()) {
      strings(json, "do", finding.lines());
    }
    if (whole && !finding.evidence().isEmpty()) {
      json.writeName("evidence");
      json.writeStartArray();
      for (FindingEvidence evidence : finding.evidence()) {
        json.writeStartObject();
        json.writeStringProperty("kind", evidence.kind().label());
        json.writeStringProperty("text", evidence.text());
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    json.writeEndObject();
  }

  private static void strings(JsonGenerator json, String name, List<String> values) {
    json.writeName(name);
    json.writeStartArray();
    values.forEach(json::writeString);
    json.writeEndArray();
  }
}
