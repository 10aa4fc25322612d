package org.sealwax.mail.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a command is used. A command is declared by its help page, and the parser, {@code help} and
 * the manual page are made from it. The first line is the command with its operands, the second its
 * purpose in one line (none: the command is hidden). Blocks of text, of options and of examples
 * follow, with empty lines between them:
 *
 * <pre>
 * sealwax backup FOLDER
 * copy the spool while the server runs
 *
 * Copies queue and bodies in one consistent state into a new folder.
 *
 * --option VALUE    an option; continued
 *                   on lines that begin with a space
 *
 * $ sealwax backup /var/backups/sealwax
 * </pre>
 *
 * @param path the words of the command: {@code sealwax backup}
 * @param operands what follows: {@code FOLDER}; {@code [X]} is optional, {@code X...} may be
 *     several
 * @param purpose one line; empty when the command is not shown
 * @param text the manual's paragraphs
 * @param options in addition to {@link #COMMON}
 * @param examples command lines
 */
public record Usage(
    String path,
    String operands,
    String purpose,
    List<String> text,
    List<Option> options,
    List<String> examples) {
  /** Options of every command. */
  public static final List<Option> COMMON =
      List.of(
          Option.of("--config FILE  the configuration file"),
          Option.of("--help  print this help (also -h)"));

  /** Copies. */
  public Usage {
    text = List.copyOf(text);
    options = List.copyOf(options);
    examples = List.copyOf(examples);
  }

  /**
   * One option.
   *
   * @param name with its dashes
   * @param argument the word for its argument, or null for none
   * @param purpose one line
   */
  public record Option(String name, @Nullable String argument, String purpose) {
    private static Option of(String line) {
      String[] parts = line.split(" {2,}", 2);
      String[] left = parts[0].split(" ", 2);
      return new Option(left[0], left.length < 2 ? null : left[1], parts[1]);
    }

    /** As help shows it: {@code --limit COUNT}. */
    public String form() {
      return argument == null ? name : name + " " + argument;
    }
  }

  /** Reads a page. */
  static Usage of(String page) {
    String[] blocks = page.strip().split("\n{2,}");
    String[] head = blocks[0].split("\n", 2);
    String path = pathOf(page);
    List<String> text = new ArrayList<>();
    List<Option> options = new ArrayList<>();
    List<String> examples = new ArrayList<>();
    for (String block : List.of(blocks).subList(1, blocks.length)) {
      String joined = block.replaceAll("\n +", " ");
      if (block.startsWith("--")) {
        joined.lines().map(Option::of).forEach(options::add);
      } else if (block.startsWith("$ ")) {
        joined.lines().map(line -> line.substring(2)).forEach(examples::add);
      } else {
        text.add(joined.replace('\n', ' '));
      }
    }
    return new Usage(
        path,
        head[0].substring(path.length()).strip(),
        head.length < 2 ? "" : head[1],
        text,
        options,
        examples);
  }

  /** The words at the head of a page that are in lower case. */
  static String pathOf(String page) {
    int end = 0;
    while (end < page.length()
        && (page.charAt(end) == ' ' || Character.isLowerCase(page.charAt(end)))) {
      end++;
    }
    return page.substring(0, end).strip();
  }

  /** The purpose as a sentence. */
  public String summary() {
    return shown() ? Character.toUpperCase(purpose.charAt(0)) + purpose.substring(1) + "." : "";
  }

  /** The last word of the path, by which the command is called. */
  public String name() {
    return path.substring(path.lastIndexOf(' ') + 1);
  }

  /** Whether help names the command. */
  public boolean shown() {
    return !purpose.isEmpty();
  }

  /** The first line of help. */
  public String synopsis() {
    return path
        + (options.isEmpty() ? "" : " [OPTION...]")
        + (operands.isEmpty() ? "" : " ")
        + operands;
  }

  /**
   * Whether so many operands may be given.
   *
   * @throws Arguments.UsageError shows what is expected
   */
  void checkOperands(List<String> given) throws Arguments.UsageError {
    List<String> expected =
        operands.isEmpty() ? List.of() : List.of(operands.replaceAll(" \\| \\S+", "").split(" "));
    long least = expected.stream().filter(word -> !word.startsWith("[")).count();
    boolean several = operands.contains("...");
    if (given.size() < least) {
      throw new Arguments.UsageError(path + " needs " + operands);
    }
    if (given.size() > expected.size() && !several) {
      String extra = given.get(expected.size());
      throw new Arguments.UsageError(
          path
              + " takes "
              + (operands.isEmpty() ? "no argument" : operands)
              + "; \""
              + Printable.of(extra)
              + "\" is not expected"
              + (extra.endsWith(".toml") ? "; --config FILE names the configuration file" : ""));
    }
  }
}
