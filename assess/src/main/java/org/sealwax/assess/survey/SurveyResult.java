package org.sealwax.assess.survey;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.baseline.BaselineReport;
import org.sealwax.assess.baseline.MalformedBaseline;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Grade;
import org.sealwax.mail.json.Json;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * One line of a survey's results, as far as a table needs it.
 *
 * @param line number of the line in the input
 * @param target as it was asked for
 * @param problem why it was not assessed, or has no grade; empty when it has one
 * @param grade letter, score and doubt alone; null when there is none
 * @param began when the assessment began, as in the results; empty when there was none
 * @param connections opened in all
 * @param failed codes of findings that fail, in order of their names
 * @param warned codes of findings that warn and do not fail elsewhere
 */
record SurveyResult(
    long line,
    String target,
    String problem,
    @Nullable Grade grade,
    String began,
    int connections,
    List<String> failed,
    List<String> warned) {
  /** Copies. */
  SurveyResult {
    failed = List.copyOf(failed);
    warned = List.copyOf(warned);
  }

  /** Reads a line of results; empty when it is none, or has only a beginning. */
  static Optional<SurveyResult> read(String json) {
    try {
      JsonNode root = Json.read(json);
      if (!root.path("line").isIntegralNumber() || !root.path("target").isString()) {
        return Optional.empty();
      }
      Set<String> failed = codes(root, CheckOutcome.FAIL);
      Set<String> warned = codes(root, CheckOutcome.WARN);
      warned.removeAll(failed);
      return Optional.of(
          new SurveyResult(
              root.path("line").asLong(),
              root.path("target").asString(),
              root.has("error")
                  ? root.path("error").asString("")
                  : root.path("ungraded").asString(""),
              BaselineReport.grade(root).orElse(null),
              root.path("began").asString(""),
              root.path("connections").asInt(0),
              new ArrayList<>(failed),
              new ArrayList<>(warned)));
    } catch (JacksonException | MalformedBaseline e) {
      return Optional.empty();
    }
  }

  private static Set<String> codes(JsonNode root, CheckOutcome outcome) {
    Set<String> codes = new TreeSet<>();
    for (JsonNode finding : root.path("findings")) {
      if (finding.path("outcome").asString("").equals(outcome.label())) {
        codes.add(finding.path("code").asString(""));
      }
    }
    return codes;
  }

  /** The grade, if there is one. */
  Optional<Grade> graded() {
    return Optional.ofNullable(grade);
  }

  /** {@code A+} to {@code F}, or {@code none}. */
  String letter() {
    return grade == null ? "none" : grade.letter().text();
  }
}
