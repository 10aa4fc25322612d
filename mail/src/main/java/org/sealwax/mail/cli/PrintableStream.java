package org.sealwax.mail.cli;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A stream of the process for text: what steers a terminal is shown and not executed ({@link
 * Printable}), also in a reply, a report or a file. Only our own colours and the erasure of our
 * status line pass. Bytes pass unchanged; they are for other programs.
 */
final class PrintableStream extends PrintStream {
  /** Colours of reports, and the start of a status line that is written again. */
  private static final Pattern OWN_SEQUENCE =
      Pattern.compile("\u001b\\[(?:[012]|1;31|32|33|36)m|\r\u001b\\[K");

  private final PrintStream below;

  private PrintableStream(PrintStream below) {
    super(below, true, StandardCharsets.UTF_8);
    this.below = below;
  }

  /** A stream over another one; itself, if it is one. */
  static PrintStream over(PrintStream stream) {
    return stream instanceof PrintableStream ? stream : new PrintableStream(stream);
  }

  /** The stream below this one. */
  PrintStream below() {
    return below;
  }

  @Override
  public void print(String text) {
    super.print(shown(String.valueOf(text)));
  }

  @Override
  public void print(Object object) {
    print(String.valueOf(object));
  }

  @Override
  public void print(char c) {
    print(String.valueOf(c));
  }

  @Override
  public void print(char[] text) {
    print(new String(text));
  }

  private static String shown(String text) {
    if (text.chars().allMatch(c -> (c >= ' ' && c <= '~') || c == '\n')) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    Matcher own = OWN_SEQUENCE.matcher(text);
    int at = 0;
    while (own.find()) {
      lines(text.substring(at, own.start()), out);
      out.append(own.group());
      at = own.end();
    }
    lines(text.substring(at), out);
    return out.toString();
  }

  private static void lines(String text, StringBuilder out) {
    int from = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      out.append(Printable.of(text.substring(from, end))).append('\n');
      from = end + 1;
    }
    out.append(Printable.of(text.substring(from)));
  }
}
