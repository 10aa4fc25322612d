package org.sealwax.assess.baseline;

import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.render.AssessmentReportJson;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * An earlier report, as far as a comparison needs it. It comes from a file, so that its texts are
 * as little trusted as those of other hosts.
 *
 * @param target as it was asked for
 * @param depth how much was tested
 * @param began when
 * @param rules version of the rubric
 * @param rulesHash of the rubric
 * @param grade letter, score and doubt alone; null when there was none
 * @param findings in the order of the file
 */
public record BaselineReport(
    String target,
    ScanDepth depth,
    Instant began,
    String rules,
    String rulesHash,
    @Nullable Grade grade,
    List<BaselineFinding> findings) {
  /** Copies. */
  public BaselineReport {
    findings = List.copyOf(findings);
  }

  /**
   * A finding of a report.
   *
   * @param code with the aspect; this version need not know it
   * @param location where
   * @param result what came of it
   */
  record BaselineFinding(String code, FindingLocation location, SeenResult result) {
    /** The id of the check. */
    String check() {
      return code.split("/", 2)[0];
    }
  }

  /**
   * What came of a check.
   *
   * @param outcome the verdict
   * @param seen the sentence
   */
  record SeenResult(CheckOutcome outcome, String seen) {
    /** Both, for people. */
    String text() {
      return outcome.label() + (seen.isEmpty() ? "" : ": " + seen);
    }
  }

  /**
   * Reads the JSON of {@code sealwax assess --json}, or a whole line of {@code sealwax survey}.
   *
   * @throws MalformedBaseline shows what is wrong with it
   */
  public static BaselineReport read(String json) throws MalformedBaseline {
    JsonNode root;
    try {
      root = Json.read(json);
    } catch (JacksonException e) {
      throw new MalformedBaseline("is not the JSON of one report");
    }
    if (!root.isObject() || !root.path("schema").isInt()) {
      throw new MalformedBaseline("is not a report of sealwax assess --json");
    }
    if (root.path("schema").asInt() != AssessmentReportJson.SCHEMA) {
      throw new MalformedBaseline(
          "has schema "
              + root.path("schema").asInt()
              + ", and this program reads schema "
              + AssessmentReportJson.SCHEMA);
    }
    try {
      return read(root);
    } catch (DateTimeException | IllegalArgumentException e) {
      throw new MalformedBaseline("is damaged: it has an unknown value");
    }
  }

  private static BaselineReport read(JsonNode root) throws MalformedBaseline {
    List<BaselineFinding> findings = new ArrayList<>();
    for (JsonNode each : root.path("findings")) {
      findings.add(
          new BaselineFinding(
              text(each, "code"),
              location(each),
              new SeenResult(outcome(text(each, "outcome")), each.path("seen").asString(""))));
    }
    // A shortened line of a survey has no passes: all that passed would look new.
    if (findings.stream().noneMatch(f -> f.result().outcome() == CheckOutcome.PASS)
        && root.has("line")) {
      throw new MalformedBaseline(
          "is a line of sealwax survey without --whole, which cannot be compared");
    }
    return new BaselineReport(
        text(root, "target"),
        depth(text(root, "depth")),
        Instant.parse(text(root, "began")),
        text(root, "rules"),
        text(root, "rules_hash"),
        grade(root).orElse(null),
        findings);
  }

  private static String text(JsonNode parent, String name) throws MalformedBaseline {
    JsonNode value = parent.path(name);
    if (!value.isString()) {
      throw new MalformedBaseline("is damaged: it has no \"" + name + "\"");
    }
    return value.asString();
  }

  /**
   * Letter, score and doubt of a report as JSON; empty when it has no grade.
   *
   * @throws MalformedBaseline when it has a grade of which nothing can be made
   */
  public static Optional<Grade> grade(JsonNode report) throws MalformedBaseline {
    JsonNode json = report.path("grade");
    if (!json.isObject()) {
      return Optional.empty();
    }
    return Optional.of(
        new Grade(
            letter(text(json, "letter")),
            letter(text(json, "at_best")),
            json.path("uncertain").asBoolean(false) ? List.of("inconclusive checks") : List.of(),
            json.path("score").asInt(0),
            json.path("open").asInt(0),
            List.of(),
            List.of(),
            List.of()));
  }

  private static GradeLetter letter(String text) throws MalformedBaseline {
    return GradeLetter.read(text)
        .orElseThrow(() -> new MalformedBaseline("is damaged: it has an unknown letter"));
  }

  private static ScanDepth depth(String label) {
    return Arrays.stream(ScanDepth.values())
        .filter(d -> d.label().equals(label))
        .findFirst()
        .orElseThrow(IllegalArgumentException::new);
  }

  private static CheckOutcome outcome(String label) {
    return Arrays.stream(CheckOutcome.values())
        .filter(o -> o.label().equals(label))
        .findFirst()
        .orElseThrow(IllegalArgumentException::new);
  }

  private static FindingLocation location(JsonNode json) {
    Domain host = json.has("host") ? Domain.of(json.path("host").asString("")) : null;
    InetAddress address =
        json.has("address") ? InetAddress.ofLiteral(json.path("address").asString("")) : null;
    return new FindingLocation(host, address, json.path("port").asInt(0));
  }

  /** The grade, if there was one. */
  public Optional<Grade> graded() {
    return Optional.ofNullable(grade);
  }
}
