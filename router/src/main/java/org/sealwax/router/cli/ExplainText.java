package org.sealwax.router.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.router.control.Explainer;
import tools.jackson.databind.JsonNode;

/** An explanation as a tree of lines. */
final class ExplainText extends AnswerText {
  /** What a source may say of itself, by the names of its fields. */
  private enum Fact {
    WHERE(""),
    RFC(""),
    SINCE("since "),
    REFRESH("next query "),
    EXPIRES("until "),
    OWNER("owner "),
    NOTE("");

    private final String label;

    Fact(String label) {
      this.label = label;
    }
  }

  private ExplainText() {}

  /** The tree of the answer of {@link Explainer}. */
  static String of(JsonNode answer) {
    ExplainText text = new ExplainText();
    for (JsonNode destination : answer.path("destinations")) {
      text.destination(destination);
    }
    return text.toString();
  }

  private void destination(JsonNode d) {
    Instant now = instant(d.path("at").asString("")).orElse(Instant.EPOCH);
    line(0, d.path("destination").asString(""));
    line(1, "goes to " + d.path("next_hop").asString(""));
    optional(1, d, "end", "ends: ");
    line(1, "sources");
    for (JsonNode s : d.path("sources")) {
      line(2, s.path("source").asString("") + ": " + unprefixed(s));
      List<String> facts = new ArrayList<>();
      for (Fact fact : Fact.values()) {
        String value = s.path(fact.name().toLowerCase(Locale.ROOT)).asString("");
        if (!value.isEmpty()) {
          facts.add(fact.label + instant(value).map(at -> age(at, now)).orElse(value));
        }
      }
      if (!facts.isEmpty()) {
        line(3, String.join(" · ", facts));
      }
      for (JsonNode record : s.path("records")) {
        line(3, record.asString(""));
      }
      optional(3, s, "does_not_count", "ignored: ");
      optional(3, s, "evidence", "");
      optional(3, s, "trouble", "trouble: ");
      optional(3, s, "warning", "warning: ");
    }
    JsonNode peer = d.path("peer");
    if (peer.has("known_by")) {
      line(
          1,
          "as a client it is identified by "
              + peer.path("known_by").asString("")
              + (peer.path("relay").asBoolean() ? ", and may relay" : ""));
    }
    for (JsonNode h : d.path("hosts")) {
      host(h);
    }
  }

  /** The source's name stands before its value already. */
  private static String unprefixed(JsonNode source) {
    String value = source.path("value").asString("");
    String prefix = source.path("source").asString("") + ": ";
    return value.startsWith(prefix) ? value.substring(prefix.length()) : value;
  }

  private void optional(int depth, JsonNode node, String field, String label) {
    if (node.has(field)) {
      line(depth, label + node.path(field).asString(""));
    }
  }

  private static Optional<Instant> instant(String text) {
    try {
      return Optional.of(Instant.parse(text));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** {@code 2026-11-25T12:00:00Z (3h ago)}. */
  private static String age(Instant at, Instant now) {
    Duration between = Duration.between(at, now);
    Duration size = between.abs();
    String amount =
        size.toDays() > 1
            ? size.toDays() + "d"
            : size.toHours() > 1
                ? size.toHours() + "h"
                : size.toMinutes() > 1 ? size.toMinutes() + "m" : size.toSeconds() + "s";
    return at.truncatedTo(java.time.temporal.ChronoUnit.SECONDS)
        + (between.isNegative() ? " (in " + amount + ")" : " (" + amount + " ago)");
  }

  private void host(JsonNode h) {
    line(1, "host " + h.path("host").asString("") + ":" + h.path("port").asInt());
    optional(2, h, "refused", "not used: ");
    optional(2, h, "never", "can never be met: ");
    line(
        2,
        "wanted "
            + h.path("wanted").asString("")
            + ": encryption "
            + h.path("encryption").asString("")
            + ", plaintext "
            + h.path("clear_text").asString("")
            + ", at least "
            + h.path("floor").asString("")
            + (h.path("require_tls").asBoolean(false) ? ", REQUIRETLS" : ""));
    for (JsonNode demand : h.path("identity")) {
      line(3, "demands " + demand.asString(""));
    }
    for (JsonNode because : h.path("because")) {
      line(3, "because of " + because.asString(""));
    }
    if (h.path("by_memory_alone").asBoolean(false)) {
      line(3, "required by the ledger: mail that fails this is held, not bounced, at the end");
    }
    line(2, "fallback steps " + words(h.path("rungs")));
    optional(3, h.path("memory"), "shown", "has shown ");
    optional(3, h.path("memory"), "broken", "failed recently: ");
    JsonNode probe = h.path("probe");
    if (!probe.isMissingNode()) {
      line(
          2,
          "probe " + probe.path("address").asString("") + ": " + probe.path("seen").asString(""));
      line(3, "then: " + probe.path("then").asString(""));
    }
  }
}
