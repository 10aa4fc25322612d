package org.sealwax.mail.cli;

import org.sealwax.mail.net.UnsafeCharacters;

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
              if (c == '\t' || !UnsafeCharacters.contains(c)) {
                out.appendCodePoint(c);
              } else {
                out.append("\\u{").append(Integer.toHexString(c)).append('}');
              }
            });
    return out.toString();
  }
}
