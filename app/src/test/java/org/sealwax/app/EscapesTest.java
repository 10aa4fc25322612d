package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.assess.render.Html;
import org.sealwax.mail.cli.Printable;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.json.JsonLine;
import org.sealwax.mail.net.UnsafeCharacters;

/** Log, JSON, terminal and page escape the same characters: there is one list of them. */
final class EscapesTest {
  /** Planes with characters, and the first of private use. */
  private static IntStream characters() {
    return IntStream.concat(IntStream.range(0, 0x3_2000), IntStream.range(0xe_0000, 0xf_0100));
  }

  @ParameterizedTest
  @ValueSource(strings = {"log", "JSON line", "JSON", "terminal", "page"})
  void everyWriterEscapesWhatTheListContains(String writer) {
    Set<String> wrong = new TreeSet<>();
    characters()
        .filter(c -> c >= 0x7f || c < 0x20)
        .filter(c -> c != '\t' && c != '\n')
        .forEach(
            c -> {
              String text = Character.toString(c);
              boolean raw = written(writer, text).contains(text);
              // Jackson asks for each half of a character.
              boolean safe =
                  !UnsafeCharacters.contains(c) && !(writer.equals("JSON") && c > 0xffff);
              if (raw != safe) {
                wrong.add("U+%04X".formatted(c));
              }
            });
    assertEquals(Set.of(), wrong);
  }

  private static String written(String writer, String text) {
    return switch (writer) {
      case "log" -> {
        StringBuilder out = new StringBuilder();
        JsonLine.escape(text, 100, false, out);
        yield out.toString();
      }
      case "JSON line" -> new JsonLine(100).text("a", text).object();
      case "JSON" -> Json.line(Json.object().put("a", text));
      case "terminal" -> Printable.of(text);
      default -> Html.escape(text);
    };
  }

  /** A character outside the first plane that is cut in half by the limit is escaped. */
  @Test
  void theLimitLeavesNoHalfOfACharacter() {
    StringBuilder out = new StringBuilder();
    JsonLine.escape("a\ud83d\ude00", 2, false, out);
    assertEquals("a\\ud83d[+1 more]", out.toString());
    out.setLength(0);
    JsonLine.escape("tag \udb40\udc41 end", 100, false, out);
    assertEquals("tag \\udb40\\udc41 end", out.toString());
  }

  /** Another list would soon differ. SASLprep has that of RFC 3454. */
  @Test
  void noOtherClassHasSuchAList() throws IOException {
    Set<String> lists = new TreeSet<>();
    for (String module : ArchitectureTest.modules().keySet()) {
      try (Stream<Path> files = Files.walk(Path.of(module, "src/main/java"))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          if (Files.readString(file).contains("Character.FORMAT")) {
            lists.add(String.valueOf(file.getFileName()));
          }
        }
      }
    }
    assertEquals(Set.of("SaslPrep.java", "UnsafeCharacters.java"), lists);
  }
}
