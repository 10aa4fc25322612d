package org.sealwax.mail.json;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.UnsafeCharacters;

/**
 * Members of one JSON object on one line, in the order in which they are added; each is written at
 * once. Texts are cut at a limit, because peers choose them. For one thread.
 */
public final class JsonLine {
  /** Texts of one list. */
  static final int MAX_LIST = 16;

  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private final int maxText;
  private final StringBuilder out = new StringBuilder(512);

  /**
   * Creates one without members.
   *
   * @param maxText characters of one text that are kept
   */
  public JsonLine(int maxText) {
    this.maxText = maxText;
  }

  /**
   * Adds a text.
   *
   * @param name of the member, without characters to escape
   * @param value the text, from anywhere; null is written as {@code null}
   * @return this
   */
  public JsonLine text(String name, @Nullable String value) {
    name(name);
    if (value == null) {
      out.append("null");
    } else {
      quote(value);
    }
    return this;
  }

  /**
   * Adds a claim.
   *
   * @param name of the member
   * @param value the claim
   * @return this
   */
  public JsonLine flag(String name, boolean value) {
    name(name);
    out.append(value);
    return this;
  }

  /**
   * Adds an integer.
   *
   * @param name of the member
   * @param value the number
   * @return this
   */
  public JsonLine number(String name, long value) {
    name(name);
    out.append(value);
    return this;
  }

  /**
   * Adds a number with two decimals.
   *
   * @param name of the member
   * @param value the number times a hundred, not negative
   * @return this
   */
  public JsonLine hundredths(String name, long value) {
    name(name);
    appendHundredths(value, out);
    return this;
  }

  /**
   * Adds a list of texts; the first {@value #MAX_LIST} are kept.
   *
   * @param name of the member
   * @param values the texts
   * @return this
   */
  public JsonLine list(String name, List<String> values) {
    name(name);
    out.append('[');
    for (int i = 0; i < Math.min(values.size(), MAX_LIST); i++) {
      if (i > 0) {
        out.append(',');
      }
      quote(values.get(i));
    }
    out.append(']');
    return this;
  }

  private void name(String name) {
    out.append(",\"").append(name).append("\":");
  }

  private void quote(String value) {
    out.append('"');
    escape(value, maxText, true, out);
    out.append('"');
  }

  /**
   * Adds the members of another one.
   *
   * @param other gives its members
   * @return this
   */
  public JsonLine and(JsonLine other) {
    out.append(other.out);
    return this;
  }

  /** {@return the whole object; it has a member} */
  public String object() {
    return "{" + out.substring(1) + "}";
  }

  /**
   * Appends a number with two decimals.
   *
   * @param value the number times a hundred, not negative
   * @param out gets it
   */
  public static void appendHundredths(long value, StringBuilder out) {
    long rest = value % 100;
    out.append(value / 100).append('.').append((char) ('0' + rest / 10));
    out.append((char) ('0' + rest % 10));
  }

  /**
   * Appends a text from outside so that it stays inside its line and its field: {@link
   * UnsafeCharacters} are escaped, those above U+FFFF as two halves.
   *
   * @param value the text
   * @param max characters that are kept; how many more there are is appended
   * @param json whether it is for a string of JSON; otherwise a byte is {@code \xNN}, and quotes
   *     stay
   * @param out gets it
   */
  public static void escape(String value, int max, boolean json, StringBuilder out) {
    int end = Math.min(value.length(), max);
    int i = 0;
    while (i < end) {
      char c = value.charAt(i);
      if (c >= 0x20 && c < 0x7f) {
        if (c == '\\' || (json && c == '"')) {
          out.append('\\');
        }
        out.append(c);
        i++;
        continue;
      }
      int whole = value.codePointAt(i);
      int next = i + Character.charCount(whole);
      if (next <= end && !UnsafeCharacters.contains(whole)) {
        out.append(value, i, next);
        i = next;
      } else {
        appendEscaped(c, json, out);
        i++;
      }
    }
    if (end < value.length()) {
      out.append("[+").append(value.length() - end).append(" more]");
    }
  }

  private static void appendEscaped(char c, boolean json, StringBuilder out) {
    if (json || c > 0xff) {
      out.append("\\u").append(HEX[c >> 12]).append(HEX[c >> 8 & 15]);
    } else {
      out.append("\\x");
    }
    out.append(HEX[c >> 4 & 15]).append(HEX[c & 15]);
  }
}
