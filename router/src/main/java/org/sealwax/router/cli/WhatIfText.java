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
            + ", against the configuration in force: "
            + answer.path("connections").asInt()
            + " connections of "
            + answer.path("remembered").asInt()
            + " domains");
    line(
        0,
        "domains with mail that would go in plaintext: "
            + answer.path("clear").asInt()
            + ", would be delayed: "
            + answer.path("delayed").asInt()
            + ", not known: "
            + answer.path("unknown").asInt()
            + ", only improved: "
            + answer.path("better").asInt());
    answer.path("domains").forEach(this::domain);
    if (answer.path("more").asInt() > 0) {
      line(0, "... and " + answer.path("more").asInt() + " more domains");
    }
    messages(answer);
    line(0, "not known here");
    answer.path("not_known").forEach(n -> line(1, n.asString("")));
  }

  private void domain(JsonNode d) {
    line(0, d.path("domain").asString("") + "  " + words(d.path("changes")));
    for (JsonNode h : d.path("differences")) {
      line(
          1,
          h.path("host").asString("")
              + "  now: "
              + h.path("now").asString("")
              + "; then: "
              + changeText(h.path("then").asString(""))
              + " ("
              + h.path("connections").asInt()
              + " of "
              + h.path("of").asInt()
              + " connections, the last "
              + h.path("last").asString("")
              + ")");
    }
  }

  private static String changeText(String result) {
    return result.startsWith("unknown")
        ? result
        : "would " + result.replaceFirst("^clear", "go in plaintext");
  }

  private void messages(JsonNode answer) {
    if (!answer.has("messages")) {
      return;
    }
    line(0, "messages in the queue for these domains: " + count(answer));
    for (JsonNode m : answer.path("messages")) {
      String sender = m.path("sender").asString("");
      line(
          1,
          m.path("id").asString("")
              + "  to "
              + m.path("domain").asString("")
              + " from <"
              + sender
              + ">  "
              + words(m.path("changes"))
              + (m.has("demands") ? "; came with " + m.path("demands").asString("") : ""));
    }
  }

  private static String count(JsonNode answer) {
    int count = answer.path("messages").size();
    return answer.path("more_messages").asBoolean(false)
        ? count + ", possibly more: not the whole queue was read"
        : "" + count;
  }
}
