package org.sealwax.router.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.UnsafeCharacters;
import org.sealwax.testkit.fuzz.Injections;

/**
 * Every fact of the log with hostile text wherever it takes a text: one line, no field that is not
 * its own, nothing that steers a terminal, and labels of metrics that end where they should.
 */
final class LogForgeryTest {
  private static final String FORGED =
      "x, status=sent, to=<victim@example.org>; verdict=verified; from=<a@b.example>";

  private static final Pattern FIELD = Pattern.compile("[,;:] ([a-z_]+)=");

  private static final Pattern LABELS = Pattern.compile("(?:[a-z_]+=\"[ -~&&[^\"\\\\]]{0,100}\")?");

  static Stream<Method> facts() {
    return Arrays.stream(MailLog.class.getMethods());
  }

  private static Object argument(Class<?> type, String text) throws Exception {
    if (type == String.class) {
      return text;
    }
    if (type == InetSocketAddress.class) {
      return new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 4711);
    }
    if (type == Domain.class) {
      return Domain.of("a.example");
    }
    if (type == Duration.class) {
      return Duration.ofMillis(1_500);
    }
    if (type == List.class) {
      return List.of(text, text);
    }
    if (type == Exception.class || type == Throwable.class) {
      return new IOException(text);
    }
    if (type == int.class) {
      return 3;
    }
    if (type == long.class) {
      return 4L;
    }
    if (type == boolean.class) {
      return true;
    }
    if (type.isEnum()) {
      return type.getEnumConstants()[0];
    }
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < values.length; i++) {
      types[i] = components[i].getType();
      values[i] = argument(types[i], text);
    }
    Constructor<?> made = type.getDeclaredConstructor(types);
    return made.newInstance(values);
  }

  private static String line(LogSettings.Format format, Method fact, String text, Counters counters)
      throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TextMailLog log =
        new TextMailLog(new LogSettings(format, false), out, Clock.system(), counters)) {
      Object[] arguments = new Object[fact.getParameterCount()];
      for (int i = 0; i < arguments.length; i++) {
        arguments[i] = argument(fact.getParameterTypes()[i], text);
      }
      fact.invoke(log, arguments);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Before the reply of another host, which ends a line in brackets. */
  private static List<String> fields(String line) {
    int reply = line.indexOf(" (");
    return FIELD
        .matcher(reply < 0 ? line : line.substring(0, reply))
        .results()
        .map((MatchResult m) -> m.group(1))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("facts")
  void aTextAddsNoField(Method fact) throws Exception {
    if (List.of(
            "warning",
            "note",
            "configuration",
            "storeTrouble",
            "identity",
            "certificateRefused",
            "bug")
        .contains(fact.getName())) {
      return; // our sentences, without fields after them
    }
    List<String> own = fields(line(LogSettings.Format.TEXT, fact, "x", new Counters()));
    assertEquals(own, fields(line(LogSettings.Format.TEXT, fact, FORGED, new Counters())));
  }

  @ParameterizedTest
  @MethodSource("facts")
  void aFactIsOneLine(Method fact) throws Exception {
    Counters counters = new Counters();
    for (String text :
        Stream.concat(Injections.few().stream(), Stream.of(FORGED, "a\r\nb", "")).toList()) {
      for (LogSettings.Format format : LogSettings.Format.values()) {
        String line = line(format, fact, text, counters);
        assertTrue(line.length() < 70_000, line.length() + " characters");
        if (line.isEmpty()) {
          continue; // a fact that is only counted
        }
        assertEquals(line.length() - 1, line.indexOf('\n'), line);
        assertEquals(
            List.of(),
            line.strip()
                .codePoints()
                .filter(UnsafeCharacters::contains)
                .mapToObj(Integer::toHexString)
                .distinct()
                .toList());
        if (format == LogSettings.Format.JSON) {
          assertTrue(Json.read(line).isObject(), line);
        }
      }
    }
    counters
        .read()
        .forEach(
            m ->
                m.samples()
                    .forEach(s -> assertTrue(LABELS.matcher(s.labels()).matches(), s.labels())));
  }
}
