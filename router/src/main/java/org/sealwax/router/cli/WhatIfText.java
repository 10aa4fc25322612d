package org.sealwax.router.cli;

import org.sealwax.router.control.WhatIf;
import tools.jackson.databind.JsonNode;

/** The result of {@link WhatIf} as lines of text. */
final class WhatIfText extends AnswerText {
  private WhatIfText() {}

  /** The lines; texts from outside are shown, not obeyed. */
  static String of(String file, JsonNode answer) {
    WhatIfText text = new WhatIfText();
    text.all(file, answer);
    return text.toString();
  }

  private void all(String file, JsonNode answer) {
    line(
        0,
        file
            + fill(
                ", against the configuration in force: {connections} connections of {remembered}"
                    + " domains",
                answer));
    line(
        0,
        fill(
            "domains with mail that would go in plaintext: {plaintext}, would be delayed: {delayed},"
                + " unknown: {unknown}, improved: {better}",
            answer));
    answer.path("domains").forEach(this::domain);
    if (answer.path("more").asInt(0) > 0) {
      line(0, fill("... and {more} more domains", answer));
    }
    messages(answer);
    line(0, "not taken into account");
    lines(1, "", answer.path("not_known"));
  }

  private void domain(JsonNode d) {
    line(0, fill("{domain}  ", d) + words(d.path("changes")));
    for (JsonNode h : d.path("differences")) {
      line(
          1,
          fill("{host}  now: {now}; then: ", h)
              + changeText(h.path("then").asString(""))
              + fill(" ({connections} of {of} connections, the last {last})", h));
    }
  }

  private static String changeText(String result) {
    return result.startsWith("unknown")
        ? result
        : "would " + (result.startsWith("plaintext") ? "go in " : "") + result;
  }

  private void messages(JsonNode answer) {
    if (!answer.has("messages")) {
      return;
    }
    line(0, "messages in the queue for these domains: " + count(answer));
    for (JsonNode m : answer.path("messages")) {
      line(
          1,
          fill("{id}  to {domain} from <{sender}>  ", m)
              + words(m.path("changes"))
              + optional("; with {demands}", m));
    }
  }

  private static String count(JsonNode answer) {
    int count = answer.path("messages").size();
    return answer.path("more_messages").asBoolean(false)
        ? count + ", possibly more: not the whole queue was read"
        : "" + count;
  }
}
