package org.sealwax.router.log;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.json.JsonLine;

/**
 * One log line while it is put together, as text or as JSON. Everything that may come from outside
 * is escaped here, once, and cut at {@link #MAX_VALUE}: a line break in a peer's reply must not
 * start a line, a {@code >} in an address must not end its field, and direction marks must not turn
 * what the admin reads.
 */
final class LogLine {
  /** Characters of one value that are kept: RFC 5321 replies are 512 bytes, stacks go apart. */
  static final int MAX_VALUE = 1000;

  /** Where a parser would see another field. */
  private static final Pattern FIELD = Pattern.compile("([,;] [a-z_]+)=");

  private final StringBuilder out = new StringBuilder(240);
  private final @Nullable JsonLine json;
  private final LogWriter sink;
  private boolean comma;

  private LogLine(@Nullable JsonLine json, LogWriter sink) {
    this.json = json;
    this.sink = sink;
  }

  /** The part before the facts. */
  static LogLine begin(
      LogSettings settings,
      LogWriter sink,
      Severity severity,
      String time,
      String service,
      String event,
      @Nullable String session,
      @Nullable String id) {
    JsonLine json = settings.format() == LogSettings.Format.JSON ? new JsonLine(MAX_VALUE) : null;
    LogLine line = new LogLine(json, sink);
    StringBuilder out = line.out;
    if (settings.priorities()) {
      out.append('<').append(severity.priority()).append('>');
    }
    if (json != null) {
      json.text("time", time).text("level", severity.word()).text("service", service);
      json.text("event", event);
      line.data("session", session).data("id", id);
      return line;
    }
    if (!settings.priorities()) {
      out.append(time).append(' ');
    }
    out.append("sealwax/");
    line.escapeFields(service);
    if (session != null && !session.isEmpty()) {
      out.append('[');
      line.escapeFields(session);
      out.append(']');
    }
    out.append(": ");
    if (id != null && !id.isEmpty()) {
      line.escapeFields(id);
      out.append(": ");
    }
    if (severity != Severity.FACT) {
      out.append(severity.word()).append(": ");
    }
    return line;
  }

  /** Our own words, in text only. */
  LogLine words(String words) {
    if (json == null) {
      out.append(words);
    }
    return this;
  }

  /** A value between words, in text only. */
  LogLine quotedText(String value) {
    if (json == null) {
      escapeFields(value);
    }
    return this;
  }

  /** One of our sentences, with no field after it, in text only. */
  LogLine sentence(String text) {
    if (json == null) {
      escape(text, out);
    }
    return this;
  }

  /** Escapes a value, and the {@code =} of what looks like a field in it. */
  private void escapeFields(String value) {
    int from = out.length();
    escape(value, out);
    if (out.indexOf("=", from) < 0) {
      return;
    }
    Matcher field = FIELD.matcher(out.substring(from));
    StringBuilder safe = new StringBuilder();
    while (field.find()) {
      field.appendReplacement(safe, "$1\\\\x3d");
    }
    if (!safe.isEmpty()) {
      out.replace(from, out.length(), field.appendTail(safe).toString());
    }
  }

  /** The address of a client, between words; in JSON a field. */
  LogLine client(String address) {
    return words(address).data("client", address);
  }

  /** A value in JSON only. */
  LogLine data(String key, @Nullable String value) {
    if (json != null && value != null && !value.isEmpty()) {
      json.text(key, value);
    }
    return this;
  }

  /** A number in JSON only. */
  LogLine data(String key, long value) {
    if (json != null) {
      json.number(key, value);
    }
    return this;
  }

  /** A claim in JSON only. */
  LogLine data(String key, boolean value) {
    if (json != null) {
      json.flag(key, value);
    }
    return this;
  }

  /** {@code key=value}, in JSON a field. */
  LogLine field(String key, @Nullable String value) {
    if (value == null) {
      return this;
    }
    if (json != null) {
      return data(key, value);
    }
    separate();
    out.append(key).append('=');
    escapeFields(value);
    return this;
  }

  /** {@code key=number}. */
  LogLine field(String key, long value) {
    if (json != null) {
      return data(key, value);
    }
    separate();
    out.append(key).append('=').append(value);
    return this;
  }

  /** {@code key=<address>}; in JSON the address alone. */
  LogLine address(String key, String value) {
    if (json != null) {
      json.text(key, value);
      return this;
    }
    separate();
    out.append(key).append("=<");
    int from = out.length();
    escapeFields(value);
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
  LogLine seconds(String key, Duration time) {
    long hundredths = Math.max(0, time.toMillis() / 10);
    if (json != null) {
      json.hundredths(key, hundredths);
      return this;
    }
    separate();
    out.append(key).append('=');
    JsonLine.appendHundredths(hundredths, out);
    return this;
  }

  /** {@code (reply of the peer)} at the end of a line; in JSON a field. */
  LogLine last(String key, @Nullable String value) {
    if (json != null) {
      return data(key, value);
    }
    if (value != null && !value.isEmpty()) {
      out.append(" (");
      escape(value, out);
      out.append(')');
    }
    return this;
  }

  /** The finished line with its line end. */
  String end() {
    if (json != null) {
      out.append(json.object());
    }
    return out.append('\n').toString();
  }

  /** Hands the finished line in. */
  void put() {
    sink.put(end());
  }

  private void separate() {
    if (comma) {
      out.append(", ");
    }
    comma = true;
  }

  static void escape(String value, StringBuilder out) {
    JsonLine.escape(value, MAX_VALUE, false, out);
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

  /** The enhanced status in a reply like {@code 250 2.0.0 Ok}, else {@code other}. */
  static String statusOf(String reply, String other) {
    int from = reply.indexOf(' ') + 1;
    int end = from;
    int dots = 0;
    while (end < reply.length()) {
      char c = reply.charAt(end);
      if (c == '.') {
        dots++;
      } else if (c < '0' || c > '9') {
        break;
      }
      end++;
    }
    return dots == 2 && end - from >= 5 && end - from <= 9 ? reply.substring(from, end) : other;
  }
}
