package org.sealwax.router.cli;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.cli.Printable;
import tools.jackson.databind.JsonNode;

/**
 * An answer of the server as indented lines, made of templates that name fields of the JSON in
 * braces: {@code "{id} {size} bytes"}. Times have whole seconds; texts from outside are shown, not
 * obeyed.
 */
abstract sealed class AnswerText permits ExplainText, WhatIfText {
  private static final Pattern FIELD = Pattern.compile("\\{([a-z_]+)}");

  private final StringBuilder out = new StringBuilder();

  /** A template with the values of the fields. */
  static String fill(String template, JsonNode node) {
    return FIELD
        .matcher(template)
        .replaceAll(field -> Matcher.quoteReplacement(value(node.path(field.group(1)))));
  }

  /** The same; empty where the first field of the template is empty or not there. */
  static String optional(String template, JsonNode node) {
    Matcher first = FIELD.matcher(template);
    boolean said = first.find() && !node.path(first.group(1)).asString("").isEmpty();
    return said ? fill(template, node) : "";
  }

  private static String value(JsonNode field) {
    return instant(field)
        .map(at -> at.truncatedTo(ChronoUnit.SECONDS).toString())
        .orElseGet(() -> Printable.of(field.asString("")));
  }

  /** The time that a field is, if it is one. */
  static Optional<Instant> instant(JsonNode field) {
    String text = field.asString("");
    try {
      return text.endsWith("Z") ? Optional.of(Instant.parse(text)) : Optional.empty();
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** The texts of a list, separated by commas. */
  static String words(JsonNode list) {
    List<String> words = new ArrayList<>();
    list.forEach(w -> words.add(w.asString("")));
    return String.join(", ", words);
  }

  /** Adds a line. */
  final void line(int depth, String text) {
    out.append("  ".repeat(depth)).append(Printable.of(text)).append('\n');
  }

  /** Adds a line where there is one. */
  final void lineIfAny(int depth, String text) {
    if (!text.isEmpty()) {
      line(depth, text);
    }
  }

  /** Adds a line for each text of a list. */
  final void lines(int depth, String before, JsonNode list) {
    list.forEach(text -> line(depth, before + text.asString("")));
  }

  /** All lines. */
  @Override
  public final String toString() {
    return out.toString();
  }
}
