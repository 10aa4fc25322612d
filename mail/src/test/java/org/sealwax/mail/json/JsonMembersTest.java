package org.sealwax.mail.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was written on one line is read back from it, and nothing else is read. */
final class JsonMembersTest {
  private static JsonMembers read(String line) {
    return JsonMembers.read(line).orElseThrow(() -> new AssertionError(line));
  }

  @Test
  void everyMemberIsReadBack() {
    String hostile = "a\"b\\c\n\t\u2028\u00e4\ud83d\ude00\u202e";
    JsonMembers members =
        read(
            new JsonLine(1000)
                .text("text", hostile)
                .text("none", null)
                .number("number", Long.MAX_VALUE / 100)
                .flag("flag", true)
                .hundredths("hundredths", 1234)
                .list("list", List.of("x", "\"]"))
                .list("empty", List.of())
                .and(new JsonLine(10).number("last", -7))
                .object());
    assertEquals(hostile, members.text("text"));
    assertEquals(OptionalLong.of(Long.MAX_VALUE / 100), members.number("number"));
    assertEquals(OptionalLong.of(-7), members.number("last"));
    for (String name : List.of("none", "number", "flag", "hundredths", "list", "empty", "no")) {
      assertNull(members.text(name), name);
    }
    for (String name : List.of("none", "text", "flag", "hundredths", "list", "empty", "no")) {
      assertTrue(members.number(name).isEmpty(), name);
    }
  }

  @Test
  void whatTheLibraryWritesIsReadAsWell() {
    String text = "\b\f\r\u0001/\u00fc";
    assertEquals(text, read(Json.line(Json.object().put("from", text))).text("from"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{}",
        "{\"a\":1",
        "{\"a\":1}x",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{}}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\" :1}",
        " {\"a\":1}",
        "{\"a\":\"x}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\t\"}",
        "{\"a\":[1}",
        "[1]"
      })
  void nothingElseIsRead(String line) {
    assertEquals(Optional.empty(), JsonMembers.read(line));
  }
}
