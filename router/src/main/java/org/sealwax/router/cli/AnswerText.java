package org.sealwax.router.cli;

import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.cli.Printable;
import tools.jackson.databind.JsonNode;

/** An answer of the server as indented lines; texts from outside are shown, not obeyed. */
abstract sealed class AnswerText permits ExplainText, WhatIfText {
  private final StringBuilder out = new StringBuilder();

  /** Adds a line. */
  final void line(int depth, String text) {
    out.append("  ".repeat(depth)).append(Printable.of(text)).append('\n');
  }

  /** The texts of a list, separated by commas. */
  static String words(JsonNode list) {
    List<String> words = new ArrayList<>();
    list.forEach(w -> words.add(w.asString("")));
    return String.join(", ", words);
  }

  /** All lines. */
  @Override
  public final String toString() {
    return out.toString();
  }
}
