package org.sealwax.mail.tlsrpt;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A report as JSON (RFC 8460 section 4.4), written and read. */
public final class TlsReportJson {
  /** Bytes of a report that is read: a large site's day is some ten kilobytes. */
  public static final int MAX_BYTES = Json.MAX_FOREIGN;

  /** Policies of one report: a domain has one or two, and changes them a few times a day. */
  public static final int MAX_POLICIES = 100;

  /** Characters of the organisation's name, the contact and the report's identifier. */
  public static final int MAX_NAME = 255;

  /** Lines of a policy, or MX patterns, that are kept; a normal policy has a dozen. */
  public static final int MAX_STRINGS = 100;

  /** Characters of each that are kept: a TLSA record of SHA-512, a key given in full. */
  public static final int MAX_STRING = 1_000;

  /** Sessions of one count: sums of very many stay far from the end of a long. */
  public static final long MAX_COUNT = 1_000_000_000_000L;

  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

  private TlsReportJson() {}

  /**
   * In UTF-8.
   *
   * @param report the report
   * @return the JSON text
   */
  public static byte[] write(TlsReport report) {
    return Json.bytes(object(report));
  }

  /**
   * As an object, for a place in a larger document.
   *
   * @param report the report
   * @return its JSON
   */
  @SuppressWarnings("exports") // for readers of JSON, which have the library
  public static ObjectNode object(TlsReport report) {
    ObjectNode root = Json.object();
    root.put("organization-name", report.organization());
    ObjectNode range = root.putObject("date-range");
    range.put("start-datetime", report.begin().toString());
    range.put("end-datetime", report.end().toString());
    root.put("contact-info", report.contact());
    root.put("report-id", report.id());
    ArrayNode policies = root.putArray("policies");
    for (SessionCounts.PolicySummary sum : report.sums()) {
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
    return root;
  }

  private static void put(ObjectNode detail, FailureDetail failure, long times) {
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
   * Reads a report, ours or another site's; empty when it is not one.
   *
   * @param bytes the report as received, decompressed
   * @return the report; empty when it is none
   * @see #reading
   */
  public static Optional<TlsReport> read(byte[] bytes) {
    return reading(bytes) instanceof TlsReportParse.ReadReport(TlsReport report, _)
        ? Optional.of(report)
        : Optional.empty();
  }

  /**
   * Reads a report that we wrote with {@link #object}; empty when it is not one.
   *
   * @param object the report in its document
   * @return the report; empty when it is none
   */
  @SuppressWarnings("exports") // for readers of JSON, which have the library
  public static Optional<TlsReport> read(JsonNode object) {
    try {
      return Optional.of(report(object).report());
    } catch (InvalidTlsReport e) {
      return Optional.empty();
    }
  }

  /**
   * Reads a report, ours or another site's. Unknown members are ignored, and so are the details
   * that go over what a {@link SessionCounts} keeps; a policy entry that cannot be read is left
   * out, and the others stand; what else contradicts itself or goes over a limit makes the whole
   * unreadable. A result type that is not in RFC 8460 section 4.3 (the list may grow) is taken for
   * {@code validation-failure}, with its word as the reason.
   *
   * @param bytes the report as received, decompressed
   * @return the report, or why it cannot be read
   */
  public static TlsReportParse reading(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return new TlsReportParse.UnreadableReport("more than " + MAX_BYTES + " bytes");
    }
    try {
      return report(Json.readForeign(bytes));
    } catch (InvalidTlsReport e) {
      return new TlsReportParse.UnreadableReport(String.valueOf(e.getMessage()));
    } catch (StreamConstraintsException e) {
      return new TlsReportParse.UnreadableReport(
          "the JSON is nested too deeply, too long or has too many values");
    } catch (JacksonException | StackOverflowError e) {
      // The library's message quotes the input.
      return new TlsReportParse.UnreadableReport("not JSON");
    }
  }

  /** Not a report; with the reason. */
  private static final class InvalidTlsReport extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidTlsReport(String why) {
      super(why, null, false, false);
    }
  }

  private static TlsReportParse.ReadReport report(JsonNode root) throws InvalidTlsReport {
    JsonNode policies = root.path("policies");
    if (!policies.isArray() || policies.isEmpty()) {
      throw new InvalidTlsReport("no policies");
    }
    if (policies.size() > MAX_POLICIES) {
      throw new InvalidTlsReport(policies.size() + " policies, more than " + MAX_POLICIES);
    }
    List<SessionCounts.PolicySummary> sums = new ArrayList<>();
    Set<String> leftOut = new LinkedHashSet<>();
    for (JsonNode entry : policies) {
      try {
        sums.add(sum(entry));
      } catch (InvalidTlsReport e) {
        leftOut.add(String.valueOf(e.getMessage()));
      }
    }
    if (sums.isEmpty()) {
      throw new InvalidTlsReport(String.join("; ", leftOut));
    }
    JsonNode range = root.path("date-range");
    Instant begin = time(range, "start-datetime");
    Instant end = time(range, "end-datetime");
    if (end.isBefore(begin)) {
      throw new InvalidTlsReport("the date range ends before it begins");
    }
    String id = name(root, "report-id");
    if (id.isEmpty()) {
      throw new InvalidTlsReport("no report-id");
    }
    TlsReport report =
        new TlsReport(
            name(root, "organization-name"),
            name(root, "contact-info"),
            id,
            sums.getFirst().policy().domain(),
            begin,
            end,
            sums);
    return new TlsReportParse.ReadReport(report, List.copyOf(leftOut));
  }

  private static Instant time(JsonNode range, String member) throws InvalidTlsReport {
    String text = range.path(member).asString("");
    try {
      Instant time = Instant.parse(text);
      if (time.isBefore(Instant.EPOCH) || time.isAfter(LATEST)) {
        throw new InvalidTlsReport(member + " is before 1970 or too far in the future");
      }
      return time;
    } catch (DateTimeParseException e) {
      throw new InvalidTlsReport(member + " is not a time in RFC 3339 format");
    }
  }

  private static String name(JsonNode root, String member) throws InvalidTlsReport {
    JsonNode value = root.path(member);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    String text = value.isString() ? value.asString() : "";
    if (!value.isString()
        || text.length() > MAX_NAME
        || text.chars().anyMatch(Character::isISOControl)) {
      throw new InvalidTlsReport(
          member + " is not a string of at most " + MAX_NAME + " characters");
    }
    return text;
  }

  private static long count(JsonNode parent, String member) throws InvalidTlsReport {
    JsonNode value = parent.path(member);
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.asLong() < 0
        || value.asLong() > MAX_COUNT) {
      throw new InvalidTlsReport(member + " is not a session count");
    }
    return value.asLong();
  }

  private static SessionCounts.PolicySummary sum(JsonNode entry) throws InvalidTlsReport {
    JsonNode policy = entry.path("policy");
    AppliedPolicy.PolicyType type = null;
    for (AppliedPolicy.PolicyType t : AppliedPolicy.PolicyType.values()) {
      if (t.word().equals(policy.path("policy-type").asString(""))) {
        type = t;
      }
    }
    Optional<Domain> domain = Domain.parse(policy.path("policy-domain").asString(""));
    if (type == null) {
      throw new InvalidTlsReport("unknown policy-type");
    }
    if (domain.isEmpty()) {
      throw new InvalidTlsReport("the policy-domain is not a domain name");
    }
    Map<FailureDetail, Long> failures = new LinkedHashMap<>();
    for (JsonNode detail : entry.path("failure-details")) {
      if (failures.size() < SessionCounts.MAX_FAILURES) {
        boolean counted = detail.has("failed-session-count");
        failures.merge(
            failure(detail), counted ? count(detail, "failed-session-count") : 0, Long::sum);
      }
    }
    JsonNode summary = entry.path("summary");
    return new SessionCounts.PolicySummary(
        new AppliedPolicy(
            type,
            domain.get(),
            strings(policy.path("policy-string")),
            strings(policy.path("mx-host"))),
        count(summary, "total-successful-session-count"),
        count(summary, "total-failure-session-count"),
        failures);
  }

  private static FailureDetail failure(JsonNode detail) {
    String word = detail.path("result-type").asString("");
    Optional<ResultType> type = ResultType.ofWord(word);
    String reason = detail.path("failure-reason-code").asString("");
    return new FailureDetail(
        type.orElse(ResultType.VALIDATION_FAILURE),
        detail.path("sending-mta-ip").asString(""),
        detail.path("receiving-mx-hostname").asString(""),
        detail.path("receiving-ip").asString(""),
        type.isPresent() ? reason : word + (reason.isEmpty() ? "" : ": " + reason));
  }

  /** A list, or the one text that the RFC's own example has for mx-host. */
  private static List<String> strings(JsonNode value) {
    if (value.isString()) {
      return List.of(cut(value.asString()));
    }
    List<String> out = new ArrayList<>();
    for (JsonNode one : value) {
      if (out.size() < MAX_STRINGS) {
        out.add(cut(one.asString("")));
      }
    }
    return out;
  }

  private static String cut(String text) {
    return text.length() > MAX_STRING ? text.substring(0, MAX_STRING) : text;
  }
}
