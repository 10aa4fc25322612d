package org.sealwax.assess.render;

import java.util.Locale;
import org.sealwax.mail.net.UnsafeCharacters;

/** Escapes text from other hosts for a page or an SVG picture. */
public final class Html {
  private Html() {}

  /** Escapes for element content and quoted attributes; controls become visible. */
  public static String escape(String text) {
    return escape(text, Integer.MAX_VALUE);
  }

  /**
   * The same for the beginning of a text that may be longer than a page.
   *
   * @param most bytes of the result, without the note that counts the rest
   */
  public static String escape(String text, int most) {
    StringBuilder out = new StringBuilder(Math.min(text.length(), most) + 16);
    int size = 0;
    int i = 0;
    while (i < text.length()) {
      int c = text.codePointAt(i);
      String shown = escaped(c);
      size += size(shown);
      if (size > most) {
        return out.append("… (").append(text.length() - i).append(" more characters)").toString();
      }
      out.append(shown);
      i += Character.charCount(c);
    }
    return out.toString();
  }

  private static String escaped(int c) {
    return switch (c) {
      case '&' -> "&amp;";
      case '<' -> "&lt;";
      case '>' -> "&gt;";
      case '"' -> "&quot;";
      case '\'' -> "&#39;";
      case '\n', '\t' -> Character.toString(c);
      default ->
          UnsafeCharacters.contains(c)
              ? "\\u{" + Integer.toHexString(c) + "}"
              : Character.toString(c);
    };
  }

  /** Bytes of a page in UTF-8. */
  public static int size(CharSequence page) {
    int size = page.length();
    for (int i = 0; i < page.length(); i++) {
      char c = page.charAt(i);
      size += c < 0x80 ? 0 : c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
    }
    return size;
  }

  /** A number for a path or length: at most two decimals, always with a point. */
  static String number(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}
