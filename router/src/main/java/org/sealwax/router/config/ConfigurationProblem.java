package org.sealwax.router.config;

import java.util.ArrayList;
import java.util.List;

/**
 * One error or warning at one place of a configuration.
 *
 * @param error an error; else a warning
 * @param line from 1, or 0 when it concerns no line
 * @param column from 1
 * @param length characters that the caret marks, at least 1
 * @param text one plain sentence
 * @param furtherNotes what was seen, beyond the sentence
 * @param help what to do
 */
public record ConfigurationProblem(
    boolean error,
    int line,
    int column,
    int length,
    String text,
    List<String> furtherNotes,
    List<String> help) {
  /** Copies. */
  public ConfigurationProblem {
    furtherNotes = List.copyOf(furtherNotes);
    help = List.copyOf(help);
  }

  /** The same with one more piece of help. */
  ConfigurationProblem help(String advice) {
    List<String> more = new ArrayList<>(help);
    more.add(advice);
    return new ConfigurationProblem(error, line, column, length, text, furtherNotes, more);
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
    if (line > 0) {
      out.append(':').append(line).append(':').append(column);
    }
    out.append(": ").append(error ? "error: " : "warning: ").append(text).append('\n');
    if (line > 0 && line <= lines.size()) {
      String number = Integer.toString(line);
      String own = lines.get(line - 1).replace('\t', ' ');
      out.append("  ").append(number).append(" | ").append(own).append('\n');
      out.repeat(' ', 2 + number.length()).append(" | ").repeat(' ', column - 1);
      int free = Math.max(1, Math.min(length, own.length() - column + 1));
      out.repeat('^', free).append('\n');
    }
    furtherNotes.forEach(n -> out.append("note: ").append(n).append('\n'));
    help.forEach(h -> out.append("help: ").append(h).append('\n'));
    return out.toString();
  }
}
