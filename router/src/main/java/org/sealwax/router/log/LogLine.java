package org.sealwax.router.log;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One log line while it is put together, as text or as JSON. Everything that may come from outside
 * is escaped here, once, and cut at {@link #MAX_VALUE}: a line break in a peer's reply must not
 * start a line, a {@code >} in an address must not end its field, and direction marks must not turn
 * what the admin reads.
 */
final class LogLine {
  /** Characters of one value that are kept: RFC 5321 replies are 512 bytes, stacks go apart. */
  static final int MAX_VALUE = 1000;

  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private final StringBuilder out = new StringBuilder(240);
  private final boolean json;
  private boolean comma;

  private LogLine(boolean json) {
    this.json = json;
  }

  /** The part before the facts. */
  static LogLine begin(
      LogSettings settings,
      Severity severity,
      String time,
      String room,
      String event,
      @Nullable String session,
      @Nullable String id) {
    boolean json = settings.format() == LogSettings.Format.JSON;
    LogLine line = new LogLine(json);
    StringBuilder out = line.out;
    if (settings.priorities()) {
      out.append('<').append(severity.priority()).append('>');
    }
    if (json) {
      out.append("{\"time\":\"").append(time).append("\",\"level\":\"").append(severity.word());
      out.append("\",\"room\":\"").append(room).append("\",\"event\":\"").append(event).append('"');
      line.data("session", session).data("id", id);
      return line;
    }
    if (!settings.priorities()) {
      out.append(time).append(' ');
    }
    out.append("sealwax/").append(room);
    if (session != null && !session.isEmpty()) {
      out.append('[');
      escape(session, false, out);
      out.append(']');
    }
    out.append(": ");
    if (id != null && !id.isEmpty()) {
      escape(id, false, out);
      out.append(": ");
    }
    if (severity != Severity.FACT) {
      out.append(severity.word()).append(": ");
    }
    return line;
  }

  /** Our own words, in text only. */
  LogLine words(String words) {
    if (!json) {
      out.append(words);
    }
    return this;
  }

  /** A value from outside between words, in text only. */
  LogLine quotedText(String value) {
    if (!json) {
      escape(value, false, out);
    }
    return this;
  }

  /** A value in JSON only. */
  LogLine data(String key, @Nullable String value) {
    if (json && value != null && !value.isEmpty()) {
      out.append(",\"").append(key).append("\":\"");
      escape(value, true, out);
      out.append('"');
    }
    return this;
  }

  /** A number in JSON only. */
  LogLine data(String key, long value) {
    if (json) {
      out.append(",\"").append(key).append("\":").append(value);
    }
    return this;
  }

  /** A claim in JSON only. */
  LogLine data(String key, boolean value) {
    if (json) {
      out.append(",\"").append(key).append("\":").append(value);
    }
    return this;
  }

  /** {@code key=value}, in JSON a field. */
  LogLine field(String key, @Nullable String value) {
    if (value == null) {
      return this;
    }
    if (json) {
      return data(key, value);
    }
    separate();
    out.append(key).append('=');
    escape(value, false, out);
    return this;
  }

  /** {@code key=number}. */
  LogLine field(String key, long value) {
    if (json) {
      return data(key, value);
    }
    separate();
    out.append(key).append('=').append(value);
    return this;
  }

  /** {@code key=<address>}; in JSON the address alone. */
  LogLine address(String key, String value) {
    if (json) {
      out.append(",\"").append(key).append("\":\"");
      escape(value, true, out);
      out.append('"');
      return this;
    }
    separate();
    out.append(key).append("=<");
    int from = out.length();
    escape(value, false, out);
    for (int i = from; i < out.length(); i++) {
      char c = out.charAt(i);
      if (c == '<' || c == '>') {
        out.replace(i, i + 1, c == '<' ? "\\x3c" : "\\x3e");
        i += 3;
      }
    }
    out.append('>');
    return this;
  }

  /** A time in seconds with two decimals. */
  LogLine seconds(String key, java.time.Duration time) {
    long hundredths = Math.max(0, time.toMillis() / 10);
    if (json) {
      out.append(",\"").append(key).append("\":");
    } else {
      separate();
      out.append(key).append('=');
    }
    out.append(hundredths / 100).append('.');
    long rest = hundredths % 100;
    out.append((char) ('0' + rest / 10)).append((char) ('0' + rest % 10));
    return this;
  }

  /** {@code (reply of the peer)} at the end of a line; in JSON a field. */
  LogLine last(String key, @Nullable String value) {
    if (json) {
      return data(key, value);
    }
    if (value != null && !value.isEmpty()) {
      out.append(" (");
      escape(value, false, out);
      out.append(')');
    }
    return this;
  }

  /** The finished line with its line end. */
  String end() {
    if (json) {
      out.append('}');
    }
    return out.append('\n').toString();
  }

  private void separate() {
    if (comma) {
      out.append(", ");
    }
    comma = true;
  }

  /** Appends {@code value} so that it stays inside its line and its field. */
  static void escape(String value, boolean json, StringBuilder out) {
    int end = Math.min(value.length(), MAX_VALUE);
    for (int i = 0; i < end; i++) {
      char c = value.charAt(i);
      if (c >= 0x20 && c < 0x7f) {
        if (c == '\\' || (json && c == '"')) {
          out.append('\\');
        }
        out.append(c);
      } else if (Character.isHighSurrogate(c)
          && i + 1 < end
          && Character.isLowSurrogate(value.charAt(i + 1))) {
        out.append(c).append(value.charAt(++i));
      } else if (harmless(c)) {
        out.append(c);
      } else if (json || c > 0xff) {
        out.append("\\u").append(HEX[c >> 12]).append(HEX[c >> 8 & 15]);
        out.append(HEX[c >> 4 & 15]).append(HEX[c & 15]);
      } else {
        out.append("\\x").append(HEX[c >> 4]).append(HEX[c & 15]);
      }
    }
    if (end < value.length()) {
      out.append("[+").append(value.length() - end).append(" more]");
    }
  }

  /** Not a control, not a separator of lines, not a direction mark, not half a character. */
  private static boolean harmless(char c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          false;
      default -> c != 0xfffd;
    };
  }

  /** The severity of a line. */
  enum Severity {
    FACT(6),
    WARNING(4),
    ERROR(3);

    private final int priority;

    Severity(int priority) {
      this.priority = priority;
    }

    /** The number of syslog (RFC 5424 6.2.1). */
    int priority() {
      return priority;
    }

    /** The word of a line. */
    String word() {
      return this == FACT ? "info" : name().toLowerCase(Locale.ROOT);
    }
  }
}
