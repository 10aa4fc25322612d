package org.sealwax.tlsrpt;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A report as JSON (RFC 8460 section 4.4), written and read. */
public final class ReportForm {
  /** Octets of a report that is read: a large site's day is some ten kilobytes. */
  public static final int MAX_OCTETS = 10 << 20;

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private ReportForm() {}

  /** In UTF-8. */
  public static byte[] write(Report report) {
    ObjectNode root = JSON.createObjectNode();
    root.put("organization-name", report.organization());
    ObjectNode range = root.putObject("date-range");
    range.put("start-datetime", report.begin().toString());
    range.put("end-datetime", report.end().toString());
    root.put("contact-info", report.contact());
    root.put("report-id", report.id());
    ArrayNode policies = root.putArray("policies");
    for (Tally.Sum sum : report.sums()) {
      ObjectNode entry = policies.addObject();
      ObjectNode policy = entry.putObject("policy");
      policy.put("policy-type", sum.policy().type().word());
      if (!sum.policy().strings().isEmpty()) {
        ArrayNode strings = policy.putArray("policy-string");
        sum.policy().strings().forEach(strings::add);
      }
      policy.put("policy-domain", sum.policy().domain().name());
      if (!sum.policy().mxHosts().isEmpty()) {
        ArrayNode hosts = policy.putArray("mx-host");
        sum.policy().mxHosts().forEach(hosts::add);
      }
      ObjectNode summary = entry.putObject("summary");
      summary.put("total-successful-session-count", sum.succeeded());
      summary.put("total-failure-session-count", sum.failed());
      if (!sum.failures().isEmpty()) {
        ArrayNode details = entry.putArray("failure-details");
        sum.failures().forEach((failure, times) -> put(details.addObject(), failure, times));
      }
    }
    return JSON.writeValueAsBytes(root);
  }

  private static void put(ObjectNode detail, Failure failure, long times) {
    detail.put("result-type", failure.type().word());
    if (!failure.sendingAddress().isEmpty()) {
      detail.put("sending-mta-ip", failure.sendingAddress());
    }
    detail.put("receiving-mx-hostname", failure.host());
    if (!failure.receivingAddress().isEmpty()) {
      detail.put("receiving-ip", failure.receivingAddress());
    }
    detail.put("failed-session-count", times);
    if (!failure.reason().isEmpty()) {
      detail.put("failure-reason-code", failure.reason());
    }
  }

  /**
   * Reads a report, ours or a stranger's; empty when it is not one. Unknown members are ignored;
   * entries that cannot be understood make the whole unreadable.
   */
  public static Optional<Report> read(byte[] octets) {
    if (octets.length > MAX_OCTETS) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(report(JSON.readTree(octets)));
    } catch (JacksonException | DateTimeParseException | StackOverflowError e) {
      return Optional.empty();
    }
  }

  private static @Nullable Report report(JsonNode root) {
    List<Tally.Sum> sums = new ArrayList<>();
    Domain about = null;
    for (JsonNode entry : root.path("policies")) {
      Tally.Sum sum = sum(entry);
      if (sum == null) {
        return null;
      }
      about = about == null ? sum.policy().domain() : about;
      sums.add(sum);
    }
    JsonNode range = root.path("date-range");
    if (about == null || !root.path("report-id").isString()) {
      return null;
    }
    return new Report(
        root.path("organization-name").asString(""),
        root.path("contact-info").asString(""),
        root.path("report-id").asString(""),
        about,
        Instant.parse(range.path("start-datetime").asString("")),
        Instant.parse(range.path("end-datetime").asString("")),
        sums);
  }

  private static Tally.@Nullable Sum sum(JsonNode entry) {
    JsonNode policy = entry.path("policy");
    AppliedPolicy.Type type = null;
    for (AppliedPolicy.Type t : AppliedPolicy.Type.values()) {
      if (t.word().equals(policy.path("policy-type").asString(""))) {
        type = t;
      }
    }
    Optional<Domain> domain = Domain.parse(policy.path("policy-domain").asString(""));
    if (type == null || domain.isEmpty()) {
      return null;
    }
    Map<Failure, Long> failures = new LinkedHashMap<>();
    for (JsonNode detail : entry.path("failure-details")) {
      Optional<ResultType> result = ResultType.ofWord(detail.path("result-type").asString(""));
      if (result.isEmpty() || failures.size() >= Tally.MAX_FAILURES) {
        continue;
      }
      Failure failure =
          new Failure(
              result.get(),
              detail.path("sending-mta-ip").asString(""),
              detail.path("receiving-mx-hostname").asString(""),
              detail.path("receiving-ip").asString(""),
              detail.path("failure-reason-code").asString(""));
      failures.merge(failure, detail.path("failed-session-count").asLong(0), Long::sum);
    }
    JsonNode summary = entry.path("summary");
    return new Tally.Sum(
        new AppliedPolicy(
            type,
            domain.get(),
            strings(policy.path("policy-string")),
            strings(policy.path("mx-host"))),
        summary.path("total-successful-session-count").asLong(0),
        summary.path("total-failure-session-count").asLong(0),
        failures);
  }

  private static List<String> strings(JsonNode array) {
    List<String> out = new ArrayList<>();
    for (JsonNode value : array) {
      out.add(value.asString(""));
    }
    return out;
  }
}
