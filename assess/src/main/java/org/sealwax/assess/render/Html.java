package org.sealwax.assess.render;

import java.util.Locale;

/** Escapes text from other hosts for a page or an SVG picture. */
public final class Html {
  private Html() {}

  /** Escapes for element content and quoted attributes; controls become visible. */
  public static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                case '\n', '\t' -> out.appendCodePoint(c);
                default -> {
                  int kind = Character.getType(c);
                  boolean steers =
                      kind == Character.CONTROL
                          || kind == Character.FORMAT
                          || kind == Character.SURROGATE
                          || kind == Character.UNASSIGNED
                          || kind == Character.LINE_SEPARATOR
                          || kind == Character.PARAGRAPH_SEPARATOR;
                  if (steers) {
                    // Direction marks could make a page say something else than it says.
                    out.append("\\u{").append(Integer.toHexString(c)).append('}');
                  } else {
                    out.appendCodePoint(c);
                  }
                }
              }
            });
    return out.toString();
  }

  /** Bytes of a page in UTF-8. */
  static int size(CharSequence page) {
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
