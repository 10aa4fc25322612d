package org.sealwax.assess.render;

import java.util.List;
import org.sealwax.mail.cli.Printable;

/**
 * Text for a terminal or a mail, in aligned columns and at most {@link #WIDTH} columns wide. Text
 * from other hosts is made harmless, and cut where it is too long to read.
 */
public final class TextLayout {
  /** Columns; only lines that are to be pasted may be longer. */
  public static final int WIDTH = 100;

  /** Characters of one text. */
  private static final int MAX_TEXT = 1_000;

  /** Colours of a terminal. */
  public enum Ink {
    BOLD("1"),
    DIM("2"),
    RED("1;31"),
    GREEN("32"),
    YELLOW("33"),
    BLUE("36"),
    PLAIN("");

    private final String code;

    Ink(String code) {
      this.code = code;
    }
  }

  private final StringBuilder out = new StringBuilder();
  private final boolean color;

  /**
   * An empty one.
   *
   * @param color whether escape sequences are written
   */
  public TextLayout(boolean color) {
    this.color = color;
  }

  /** A text in a colour. */
  public String ink(Ink ink, String text) {
    return color && ink != Ink.PLAIN ? "\u001b[" + ink.code + "m" + text + "\u001b[0m" : text;
  }

  /** A heading, after an empty line. */
  public TextLayout title(String text) {
    out.append('\n').append(ink(Ink.BOLD, text)).append('\n');
    return this;
  }

  /** A line as it is; the caller has made it harmless. */
  public TextLayout line(String text) {
    out.append(text.stripTrailing()).append('\n');
    return this;
  }

  /** One cell of a row: a text in a column of its own. */
  public record Cell(String text, int width, Ink ink) {}

  /**
   * A row: cells next to each other, and in the rest of the width a text that wraps in its own
   * column.
   *
   * @param cells from the left; one that is too long pushes the other cells, and the text begins in
   *     the next line
   * @param text untrusted
   */
  public TextLayout row(List<Cell> cells, String text) {
    StringBuilder head = new StringBuilder();
    int indent = 0;
    int used = 0;
    for (Cell cell : cells) {
      String shown = Printable.of(cell.text());
      indent += cell.width();
      used = Math.max(used + shown.length() + 1, indent);
      head.append(shown.isEmpty() ? "" : ink(cell.ink(), shown));
      head.append(" ".repeat(Math.max(0, used - length(head))));
    }
    String first = head.toString();
    boolean begun = used > indent;
    if (begun) {
      line(first);
    }
    int beginning = begun ? indent : used;
    for (String line : wrapped(Printable.of(Excerpt.of(text, MAX_TEXT)), indent, beginning)) {
      line((begun ? " ".repeat(indent) : first) + line);
      begun = true;
    }
    return this;
  }

  /** Lines that are to be pasted, never wrapped, with cells before the first. */
  public TextLayout verbatim(List<Cell> cells, List<String> lines) {
    int indent = cells.stream().mapToInt(Cell::width).sum();
    for (int i = 0; i < lines.size(); i++) {
      String shown = Printable.of(lines.get(i));
      if (i == 0) {
        StringBuilder head = new StringBuilder();
        int used = 0;
        for (Cell cell : cells) {
          used += cell.width();
          head.append(ink(cell.ink(), cell.text()));
          head.append(" ".repeat(Math.max(1, used - length(head))));
        }
        line(head + shown);
      } else {
        line(" ".repeat(indent) + shown);
      }
    }
    return this;
  }

  /** Characters that are seen. */
  private static int length(StringBuilder text) {
    return text.toString().replaceAll("\u001b\\[[0-9;]*m", "").length();
  }

  /**
   * Breaks at blanks, and a word that is wider than the column anywhere.
   *
   * @param indent where the lines begin
   * @param first where the first one begins
   */
  private static List<String> wrapped(String text, int indent, int first) {
    List<String> lines = new java.util.ArrayList<>();
    StringBuilder line = new StringBuilder();
    int room = Math.max(20, WIDTH - first);
    for (String whole : text.strip().split("\\s+", -1)) {
      String word = whole;
      if (!line.isEmpty() && line.length() + 1 + word.length() > room) {
        lines.add(line.toString());
        line.setLength(0);
        room = Math.max(20, WIDTH - indent);
      }
      while (word.length() > room) {
        lines.add(word.substring(0, room));
        word = word.substring(room);
        room = Math.max(20, WIDTH - indent);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    lines.add(line.toString());
    return lines;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
