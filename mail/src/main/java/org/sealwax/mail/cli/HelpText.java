package org.sealwax.mail.cli;

import java.util.ArrayList;
import java.util.List;

/** The help of a command, wrapped. */
final class HelpText {
  /** Columns of what stands on the left. */
  private static final int LEFT = 22;

  /** Columns below which nothing is wrapped any more. */
  private static final int NARROW = 40;

  private final StringBuilder out = new StringBuilder();
  private final int width;

  private HelpText(int width) {
    this.width = Math.max(NARROW, width);
  }

  /**
   * The text.
   *
   * @param width columns of the terminal
   */
  static String of(Command command, int width) {
    HelpText help = new HelpText(width);
    Usage usage = command.usage();
    help.wrapped("usage: ", usage.synopsis(), 7);
    help.paragraph(usage.summary());
    usage.text().forEach(help::paragraph);
    help.out.append('\n');
    for (Command each : command.commands()) {
      Usage sub = each.usage();
      if (sub.shown()) {
        String operands = sub.operands().startsWith("[-") ? "" : " " + sub.operands();
        help.row(sub.name() + (usage.path().contains(" ") ? operands : ""), sub.purpose());
      }
    }
    if (!command.commands().isEmpty()) {
      help.paragraph(usage.path() + " COMMAND --help explains one");
      help.out.append('\n');
    }
    List<Usage.Option> options = new ArrayList<>(usage.options());
    options.addAll(Usage.COMMON);
    options.forEach(o -> help.row(o.form(), o.purpose()));
    if (!usage.examples().isEmpty()) {
      help.out.append("\nexamples:\n");
      usage.examples().forEach(line -> help.out.append("  ").append(line).append('\n'));
    }
    return help.out.toString();
  }

  private void paragraph(String text) {
    out.append('\n');
    wrapped("", text, 0);
  }

  private void row(String left, String right) {
    String start = "  " + left;
    if (left.length() >= LEFT) {
      out.append(start).append('\n');
      start = "";
    }
    wrapped(start + " ".repeat(LEFT + 2 - start.length()), right, LEFT + 2);
  }

  /** A first line that begins with {@code left}, and further ones that are indented. */
  private void wrapped(String left, String text, int indent) {
    out.append(left);
    int column = left.length();
    boolean first = true;
    for (String word : text.split(" ")) {
      if (!first && column + 1 + word.length() > width) {
        out.append('\n').repeat(' ', indent);
        column = indent;
        first = true;
      }
      out.append(first ? "" : " ").append(word);
      column += word.length() + (first ? 0 : 1);
      first = false;
    }
    out.append('\n');
  }
}
