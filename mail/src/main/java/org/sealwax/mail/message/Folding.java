package org.sealwax.mail.message;

/** Writes one header field in lines of at most {@link #WIDTH} characters where words allow it. */
final class Folding {
  /** RFC 5322 2.1.1: lines should not be longer. */
  static final int WIDTH = 78;

  private final StringBuilder out = new StringBuilder(256);
  private int column;

  Folding(String name) {
    out.append(name).append(':');
    column = out.length();
  }

  /** Appends a word after a space, or on a new line when it does not fit any more. */
  Folding word(String word) {
    if (column + 1 + word.length() > WIDTH && !atLineStart()) {
      newLine();
    }
    if (!atLineStart()) {
      out.append(' ');
      column++;
    }
    out.append(word);
    column += word.length();
    return this;
  }

  /** The words of a text, split at single spaces. */
  Folding words(String text) {
    int from = 0;
    while (from <= text.length()) {
      int space = text.indexOf(' ', from);
      int to = space < 0 ? text.length() : space;
      if (to > from) {
        word(text.substring(from, to));
      }
      from = to + 1;
    }
    return this;
  }

  /** Starts a new line; the tab makes it a continuation. */
  Folding newLine() {
    out.append("\r\n\t");
    column = 8;
    return this;
  }

  /** Appends without a space. */
  Folding glued(String text) {
    out.append(text);
    column += text.length();
    return this;
  }

  private boolean atLineStart() {
    return out.charAt(out.length() - 1) == '\t';
  }

  /** The field with its CRLF. */
  String end() {
    return out.append("\r\n").toString();
  }
}
