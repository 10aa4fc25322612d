package org.sealwax.assess.render;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FixAdvice;
import org.sealwax.assess.model.FixStep;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;

/** What the pages about receivers and about senders have in common. Everything is escaped. */
public final class HtmlParts {
  /** Bytes of one block; the JSON has all. */
  private static final int MAX_BLOCK = 4_000;

  private static final int MAX_CAPTION = 400;

  private HtmlParts() {}

  /** The colour of an outcome, as a class of the style. */
  public static String tone(CheckOutcome outcome) {
    return switch (outcome) {
      case FAIL -> "poor";
      case WARN -> "weak";
      case PASS -> "good";
      case INFO -> "note";
      case INCONCLUSIVE -> "fair";
      case NOT_TESTED, NOT_NEEDED -> "none";
    };
  }

  /** An outcome in its colour. */
  public static void chip(CheckOutcome outcome, StringBuilder out) {
    out.append("<span class=\"chip ")
        .append(tone(outcome))
        .append("\">")
        .append(
            switch (outcome) {
              case PASS -> "passed";
              case WARN -> "warning";
              case INFO -> "note";
              case FAIL, INCONCLUSIVE, NOT_TESTED, NOT_NEEDED -> outcome.label();
            })
        .append("</span>");
  }

  /** Short facts, in their order. */
  public static void facts(Map<String, String> facts, StringBuilder out) {
    out.append("<ul class=\"facts\">");
    facts.forEach(
        (name, value) ->
            out.append("<li>")
                .append(Html.escape(name))
                .append(" <b>")
                .append(Html.escape(value))
                .append("</b></li>"));
    out.append("</ul>");
  }

  /** What something costs: {@code +20 points}, {@code at most B}. */
  public static void cost(int points, @Nullable GradeLetter cap, StringBuilder out) {
    if (points > 0) {
      out.append("<span class=\"chip note\">+").append(points);
      out.append(points == 1 ? " point</span> " : " points</span> ");
    }
    if (cap != null) {
      out.append("<span class=\"chip ")
          .append(GradeSeal.tone(cap))
          .append("\">at most ")
          .append(Html.escape(cap.text()))
          .append("</span> ");
    }
  }

  /**
   * The card of what is to be done first.
   *
   * @param result a sentence about the grade that follows
   */
  public static void firstSteps(List<? extends FixStep> steps, String result, StringBuilder out) {
    out.append("<section class=\"card first\"><h2>Do these first</h2><ol>");
    for (FixStep step : steps) {
      out.append("<li><span class=\"cost\">");
      cost(step.points(), step.cap(), out);
      out.append("</span><span><a href=\"#")
          .append(anchor(step.code()))
          .append("\">")
          .append(Html.escape(step.heading()))
          .append("</a></span></li>");
    }
    out.append("</ol><p class=\"result\">").append(Html.escape(result)).append("</p></section>");
  }

  /** The place on a page of what has this code. */
  public static String anchor(String code) {
    return Html.escape(code.replace('/', '-'));
  }

  /** The card with the points of each category, and what is missing for A+. */
  public static void points(Grade grade, StringBuilder out) {
    out.append("<section class=\"card\"><h2>Points</h2>");
    for (Grade.CategoryScore score : grade.parts()) {
      int percent = score.most() == 0 ? 0 : 100 * score.points() / score.most();
      String tone = percent >= 80 ? "good" : percent >= 50 ? "fair" : "poor";
      out.append("<div class=\"bar\"><span>")
          .append(Html.escape(score.category()))
          .append("</span><span class=\"soft\">")
          .append(score.points())
          .append(" / ")
          .append(score.most())
          .append("</span><span class=\"track\"><span class=\"fill ")
          .append(tone)
          .append("\" style=\"width:")
          .append(percent)
          .append("%\"></span></span></div>");
    }
    if (!grade.missing().isEmpty() && grade.letter().compareTo(GradeLetter.A_MINUS) <= 0) {
      out.append("<p class=\"soft\">Missing for A+: ")
          .append(Html.escape(String.join("; ", grade.missing())))
          .append(".</p>");
    }
    out.append("</section>");
  }

  /** A caption above a block. */
  public static void caption(String text, StringBuilder out) {
    out.append("<p class=\"router\">").append(Html.escape(text, MAX_CAPTION)).append("</p>");
  }

  /** A block of lines, cut when it is long. */
  public static void block(String text, StringBuilder out) {
    out.append("<pre>").append(Html.escape(text, MAX_BLOCK)).append("</pre>");
  }

  /** Lines to paste; one that begins with a semicolon names those that follow. */
  public static void paste(List<String> lines, StringBuilder out) {
    List<String> together = new ArrayList<>();
    for (String line : lines) {
      if (line.startsWith("; ")) {
        flush(together, out);
        caption(line.substring(2), out);
      } else {
        together.add(line);
      }
    }
    flush(together, out);
  }

  private static void flush(List<String> together, StringBuilder out) {
    if (!together.isEmpty()) {
      block(String.join("\n", together), out);
      together.clear();
    }
  }

  /**
   * The settings for one mail router; those that stand further up on the page are not repeated.
   *
   * @param router one of {@link FixAdvice#ROUTERS}; empty: none
   * @param shown lines that stand on the page
   */
  public static void settings(
      FixAdvice advice, String router, Set<String> shown, StringBuilder out) {
    List<String> lines = advice.settings().getOrDefault(router, List.of());
    List<String> fresh = new ArrayList<>(lines.stream().filter(shown::add).toList());
    if (!fresh.isEmpty() && fresh.size() < lines.size()) {
      fresh.add("# in addition to the settings above");
    }
    if (!fresh.isEmpty()) {
      caption("For " + router, out);
      block(String.join("\n", fresh), out);
    } else if (!lines.isEmpty()) {
      out.append("<p class=\"soft\">The settings for ")
          .append(router)
          .append(" are those above.</p>");
    }
  }

  /** The settings for every mail router but one, each line once, folded. */
  public static void otherSettings(List<FixAdvice> advice, String router, StringBuilder out) {
    if (advice.stream().allMatch(a -> a.settings().isEmpty())) {
      return;
    }
    out.append(router.isEmpty() ? "<section class=\"settings\">" : "<section class=\"folded\">")
        .append("<h2>Settings for ")
        .append(router.isEmpty() ? "your mail router" : "other mail routers")
        .append("</h2><div class=\"card\">");
    for (String name : FixAdvice.ROUTERS) {
      Set<String> lines = new LinkedHashSet<>();
      advice.forEach(a -> lines.addAll(a.settings().getOrDefault(name, List.of())));
      if (!lines.isEmpty() && !name.equals(router)) {
        out.append("<details><summary>").append(name).append("</summary>");
        block(String.join("\n", lines), out);
        out.append("</details>");
      }
    }
    out.append("</div></section>\n");
  }
}
