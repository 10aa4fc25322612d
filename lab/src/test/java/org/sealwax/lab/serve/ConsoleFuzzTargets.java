package org.sealwax.lab.serve;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sealwax.assess.render.Html;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Input of senders, on the lab's pages. */
public final class ConsoleFuzzTargets {
  private ConsoleFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "html",
            input -> {
              String out = Html.escape(new String(input, StandardCharsets.UTF_8));
              holds(
                  out.chars().noneMatch(c -> c == '<' || c == '>' || c == '"' || c == '\''),
                  "text only");
            },
            "<script>alert(1)</script>",
            "\u00e2\u0080\u00ae'\"&<>",
            "plain"));
  }
}
