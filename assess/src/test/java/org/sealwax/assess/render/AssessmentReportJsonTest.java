package org.sealwax.assess.render;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.SampleReports;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON of a report: whole, readable, and as the documentation specifies. */
final class AssessmentReportJsonTest {
  private static final JsonMapper MAPPER = new JsonMapper();

  @Test
  void theReportIsCompleteAndOnOneLine() {
    String json = AssessmentReportJson.of(SampleReports.bad());
    assertFalse(json.contains("\n"));
    JsonNode read = MAPPER.readTree(json);
    assertEquals(1, read.path("schema").asInt());
    assertEquals("bad.example", read.path("target").asString());
    assertEquals("D", read.path("grade").path("letter").asString());
    assertTrue(read.path("grade").path("uncertain").asBoolean());
    assertEquals("ssl3/on", read.path("grade").path("caps").get(0).path("code").asString());
    assertEquals(2, read.path("addresses").size());
    assertEquals(Check.all().size(), read.path("findings").size());
    assertEquals(64, read.path("rules_hash").asString().length());
    JsonNode hostile =
        read.path("findings")
            .valueStream()
            .filter(f -> f.path("check").asString().equals("banner.time"))
            .findFirst()
            .orElseThrow();
    assertEquals(SampleReports.HOSTILE, hostile.path("seen").asString());
    assertEquals("inconclusive", hostile.path("outcome").asString());
  }

  @Test
  void anUngradedReportHasAReason() {
    JsonNode read = MAPPER.readTree(AssessmentReportJson.of(SampleReports.none()));
    assertTrue(read.path("grade").isMissingNode());
    assertEquals("no host accepts connections", read.path("ungraded").asString());
  }

  @Test
  void everyNameIsDocumented() throws IOException {
    String text = Files.readString(Path.of("docs/assess-json.md"));
    Set<String> missing = new TreeSet<>();
    collect(MAPPER.readTree(AssessmentReportJson.of(SampleReports.bad())), text, missing);
    collect(MAPPER.readTree(AssessmentReportJson.of(SampleReports.none())), text, missing);
    assertEquals(Set.of(), missing);
    for (CheckOutcome outcome : CheckOutcome.values()) {
      assertTrue(text.contains("`" + outcome.label() + "`"), outcome.label());
    }
    for (FindingEvidence.Kind kind : FindingEvidence.Kind.values()) {
      assertTrue(text.contains("`" + kind.label() + "`"), kind.label());
    }
  }

  private static void collect(JsonNode node, String text, Set<String> missing) {
    node.propertyStream()
        .forEach(
            e -> {
              if (!text.contains("`" + e.getKey() + "`")) {
                missing.add(e.getKey());
              }
              collect(e.getValue(), text, missing);
            });
    if (node.isArray()) {
      node.valueStream().forEach(v -> collect(v, text, missing));
    }
  }
}
