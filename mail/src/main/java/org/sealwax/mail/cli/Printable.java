package org.sealwax.mail.cli;

/**
 * Escapes text from outside for a terminal: control characters and direction marks are shown, not
 * executed.
 */
public final class Printable {
  private Printable() {}

  public static String of(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              int kind = Character.getType(c);
              boolean steers =
                  kind == Character.CONTROL
                      || kind == Character.FORMAT
                      || kind == Character.LINE_SEPARATOR
                      || kind == Character.PARAGRAPH_SEPARATOR
                      || kind == Character.SURROGATE
                      || kind == Character.UNASSIGNED;
              if (c == '\t' || !steers) {
                out.appendCodePoint(c);
              } else {
                out.append("\\u{").append(Integer.toHexString(c)).append('}');
              }
            });
    return out.toString();
  }
}
