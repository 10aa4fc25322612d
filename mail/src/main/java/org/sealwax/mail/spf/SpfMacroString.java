package org.sealwax.mail.spf;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Text with macros (RFC 7208 7).
 *
 * @param parts text and macros in their order
 */
public record SpfMacroString(List<Part> parts) {
  /** Characters of an expansion: many times what a name or a line of text may have. */
  static final int MAX_EXPANSION = 8_192;

  /** RFC 7208 7.1: macros for names. */
  private static final String LETTERS = "slodiphv";

  /** RFC 7208 7.1: macros for explanations only, which we do not make. */
  private static final String EXPLANATION_LETTERS = "crt";

  /** RFC 7208 7.1. */
  private static final String DELIMITERS = ".-+,/_=";

  /** Nothing has more labels than a name of 253 bytes. */
  private static final int MOST_KEPT = 128;

  /** RFC 7208 7.1: not numeric, and no hyphen at an end. */
  private static final Pattern TOP_LABEL =
      Pattern.compile("(?![0-9]+$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?");

  /** Copies. */
  public SpfMacroString {
    parts = List.copyOf(parts);
  }

  /** Text or a macro. */
  public sealed interface Part {
    /**
     * Text as it is.
     *
     * @param text printable ASCII
     * @param escaped it was written as a macro: {@code %%}, {@code %_} or {@code %-}
     */
    record Literal(String text, boolean escaped) implements Part {}

    /**
     * A macro.
     *
     * @param letter in lower case
     * @param url whether the value is escaped for an URL
     * @param kept labels kept from the right; {@link #MOST_KEPT} or more for all
     * @param reversed whether the labels are reversed
     * @param delimiters characters that separate labels
     */
    record Macro(char letter, boolean url, int kept, boolean reversed, String delimiters)
        implements Part {}
  }

  /** Where a macro string stands, which decides what it may have. */
  private enum Place {
    NAME(LETTERS),
    UNKNOWN_MODIFIER(LETTERS + EXPLANATION_LETTERS);

    private final String letters;

    Place(String letters) {
      this.letters = letters;
    }
  }

  /** The values of the macros. */
  @FunctionalInterface
  interface MacroValues {
    /** The value of a letter in lower case. */
    String of(char letter);
  }

  /**
   * A domain-spec: ends in a macro, or in a dot and a top label.
   *
   * @param text as published
   */
  static SpfMacroString domain(String text) throws SpfException {
    SpfMacroString spec = parse(text, Place.NAME);
    if (spec.parts.isEmpty()) {
      throw SpfException.permanent("empty domain");
    }
    if (spec.parts.getLast() instanceof Part.Literal last && !last.escaped()) {
      String name = last.text();
      name = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
      int dot = name.lastIndexOf('.');
      if (dot < 0 || !TOP_LABEL.matcher(name.substring(dot + 1)).matches()) {
        throw SpfException.permanent("not a domain: " + text);
      }
    }
    return spec;
  }

  /** RFC 7208 6: unknown modifiers are ignored, errors in them are not. */
  static void checkUnknownModifier(String text) throws SpfException {
    parse(text, Place.UNKNOWN_MODIFIER);
  }

  private static SpfMacroString parse(String text, Place place) throws SpfException {
    List<Part> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c <= ' ' || c > '~') {
        throw SpfException.permanent("not a printable character in " + text);
      }
      if (c != '%') {
        literal.append(c);
        at++;
        continue;
      }
      if (!literal.isEmpty()) {
        parts.add(new Part.Literal(literal.toString(), false));
        literal.setLength(0);
      }
      int end = text.indexOf('}', at);
      switch (at + 1 < text.length() ? text.charAt(at + 1) : '\0') {
        case '%' -> parts.add(new Part.Literal("%", true));
        case '_' -> parts.add(new Part.Literal(" ", true));
        case '-' -> parts.add(new Part.Literal("%20", true));
        case '{' -> {
          if (end < 0) {
            throw SpfException.permanent("a macro without an end in " + text);
          }
          parts.add(macro(text.substring(at + 2, end), place));
        }
        default -> throw SpfException.permanent("a percent sign without a macro in " + text);
      }
      at = text.charAt(at + 1) == '{' ? end + 1 : at + 2;
    }
    if (!literal.isEmpty()) {
      parts.add(new Part.Literal(literal.toString(), false));
    }
    return new SpfMacroString(parts);
  }

  private static Part.Macro macro(String inside, Place place) throws SpfException {
    char written = inside.isEmpty() ? '\0' : inside.charAt(0);
    char letter = written >= 'A' && written <= 'Z' ? (char) (written + ('a' - 'A')) : written;
    if (letter == '\0' || place.letters.indexOf(letter) < 0) {
      throw SpfException.permanent("unknown macro %{" + inside + "}");
    }
    int at = 1;
    int kept = 0;
    while (at < inside.length() && inside.charAt(at) >= '0' && inside.charAt(at) <= '9') {
      kept = Math.min(MOST_KEPT, 10 * kept + inside.charAt(at) - '0');
      at++;
    }
    if (at > 1 && kept == 0) {
      throw SpfException.permanent("no labels are kept in %{" + inside + "}");
    }
    boolean reversed = at < inside.length() && (inside.charAt(at) | 0x20) == 'r';
    String delimiters = inside.substring(reversed ? at + 1 : at);
    if (!delimiters.chars().allMatch(c -> DELIMITERS.indexOf(c) >= 0)) {
      throw SpfException.permanent("unknown delimiter in %{" + inside + "}");
    }
    return new Part.Macro(
        letter,
        letter != written,
        kept == 0 ? MOST_KEPT : kept,
        reversed,
        delimiters.isEmpty() ? "." : delimiters);
  }

  /** Whether the local part of the sender is in the expansion. */
  boolean usesLocalPart() {
    return parts.stream()
        .anyMatch(p -> p instanceof Part.Macro m && (m.letter() == 's' || m.letter() == 'l'));
  }

  /** The text with values in place of the macros; empty when it is longer than the limit. */
  Optional<String> expanded(MacroValues values) {
    StringBuilder out = new StringBuilder();
    for (Part part : parts) {
      out.append(
          switch (part) {
            case Part.Literal literal -> literal.text();
            case Part.Macro macro -> expanded(macro, values.of(macro.letter()));
          });
      if (out.length() > MAX_EXPANSION) {
        return Optional.empty();
      }
    }
    return Optional.of(out.toString());
  }

  private static String expanded(Part.Macro macro, String value) {
    List<String> labels = new ArrayList<>();
    int start = 0;
    for (int i = 0; i <= value.length(); i++) {
      if (i == value.length() || macro.delimiters().indexOf(value.charAt(i)) >= 0) {
        labels.add(value.substring(start, i));
        start = i + 1;
      }
    }
    if (macro.reversed()) {
      Collections.reverse(labels);
    }
    List<String> kept =
        macro.kept() >= MOST_KEPT
            ? labels
            : labels.subList(Math.max(0, labels.size() - macro.kept()), labels.size());
    String joined = String.join(".", kept);
    return macro.url() ? escaped(joined) : joined;
  }

  /** RFC 3986 2.3: all but unreserved characters are escaped. */
  private static String escaped(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean unreserved =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || "-._~".indexOf(c) >= 0;
      if (unreserved) {
        out.append(c);
      } else {
        out.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    return out.toString();
  }
}
