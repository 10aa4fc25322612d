package org.sealwax.router.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.router.control.Explainer;
import tools.jackson.databind.JsonNode;

/** An explanation as a tree of lines. */
final class ExplainText extends AnswerText {
  /** Optional facts of a source, by the names of their fields. */
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
    Instant now = instant(d.path("at")).orElse(Instant.EPOCH);
    line(0, fill("{destination}", d));
    line(1, fill("next hop: {next_hop}", d));
    lineIfAny(1, optional("result: {end}", d));
    if (!d.path("sources").isEmpty()) {
      line(1, "sources");
    }
    for (JsonNode s : d.path("sources")) {
      line(2, fill("{source}: ", s) + unprefixed(s));
      List<String> facts = new ArrayList<>();
      for (Fact fact : Fact.values()) {
        JsonNode value = s.path(fact.name().toLowerCase(Locale.ROOT));
        if (!value.asString("").isEmpty()) {
          facts.add(fact.label + instant(value).map(at -> age(at, now)).orElse(value.asString("")));
        }
      }
      lineIfAny(3, String.join(" · ", facts));
      lines(3, "", s.path("records"));
      for (String more :
          List.of(
              "ignored: {does_not_count}",
              "{evidence}",
              "failure: {trouble}",
              "warning: {warning}")) {
        lineIfAny(3, optional(more, s));
      }
    }
    JsonNode peer = d.path("peer");
    String known = optional("as a client it is identified by {known_by}", peer);
    lineIfAny(1, peer.path("relay").asBoolean() ? known + ", and may relay" : known);
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
    line(1, fill("host {host}:{port}", h));
    lineIfAny(2, optional("not used: {refused}", h));
    lineIfAny(2, optional("cannot be satisfied: {never}", h));
    line(
        2,
        fill(
                "required level {wanted}: TLS {encryption}, plaintext {clear_text}, {floor} or later",
                h)
            + (h.path("require_tls").asBoolean(false) ? ", REQUIRETLS" : ""));
    lines(3, "requires ", h.path("identity"));
    lines(3, "because of ", h.path("because"));
    if (h.path("by_memory_alone").asBoolean(false)) {
      line(
          3,
          "only the ledger requires this: at the end of its lifetime the mail is held, not bounced");
    }
    List<String> steps = new ArrayList<>();
    for (JsonNode step : h.path("rungs")) {
      String word = step.asString("");
      steps.add(FallbackStep.ofWord(word).map(FallbackStep::text).orElse(word));
    }
    line(2, "fallback steps " + String.join(", ", steps));
    lineIfAny(3, optional("best step so far: {shown}", h.path("memory")));
    lineIfAny(3, optional("failed: {broken}", h.path("memory")));
    lineIfAny(2, optional("probe {address}: {seen}", h.path("probe")));
    lineIfAny(3, optional("result: {then}", h.path("probe")));
  }
}
