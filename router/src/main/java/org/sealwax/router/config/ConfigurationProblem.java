package org.sealwax.router.config;

import java.util.List;
import java.util.stream.Stream;

/**
 * One error or warning at one place of a configuration.
 *
 * @param error an error; else a warning
 * @param at what the caret marks; its line is 0 when it concerns no line
 * @param text one plain sentence
 * @param furtherNotes what was seen, beyond the sentence
 * @param help what to do
 */
public record ConfigurationProblem(
    boolean error, SourcePosition at, String text, List<String> furtherNotes, List<String> help) {
  /** Copies. */
  public ConfigurationProblem {
    furtherNotes = List.copyOf(furtherNotes);
    help = List.copyOf(help);
  }

  /** The line, from 1, or 0. */
  public int line() {
    return at.line();
  }

  /** The column, from 1. */
  public int column() {
    return at.column();
  }

  /** The same with one more piece of help. */
  ConfigurationProblem help(String advice) {
    List<String> more = Stream.concat(help.stream(), Stream.of(advice)).toList();
    return new ConfigurationProblem(error, at, text, furtherNotes, more);
  }

  /** The same at another place. */
  ConfigurationProblem at(SourcePosition other) {
    return new ConfigurationProblem(error, other, text, furtherNotes, help);
  }

  /**
   * Text for the admin: place, sentence, the line itself with a caret, notes and help.
   *
   * @param file the file's name
   * @param lines the file's lines
   */
  public String render(String file, List<String> lines) {
    StringBuilder out = new StringBuilder();
    out.append(file);
    if (line() > 0) {
      out.append(':').append(line()).append(':').append(column());
    }
    out.append(": ").append(error ? "error: " : "warning: ").append(text).append('\n');
    if (line() > 0 && line() <= lines.size()) {
      String number = Integer.toString(line());
      String own = lines.get(line() - 1).replace('\t', ' ');
      out.append("  ").append(number).append(" | ").append(own).append('\n');
      out.repeat(' ', 2 + number.length()).append(" | ").repeat(' ', column() - 1);
      int free = Math.max(1, Math.min(at.length(), own.length() - column() + 1));
      out.repeat('^', free).append('\n');
    }
    furtherNotes.forEach(n -> out.append("note: ").append(n).append('\n'));
    help.forEach(h -> out.append("help: ").append(h).append('\n'));
    return out.toString();
  }
}
