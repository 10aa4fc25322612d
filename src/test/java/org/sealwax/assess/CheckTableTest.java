package org.sealwax.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of checks: complete, well formed, and strict about its form. */
final class CheckTableTest {
  @Test
  void everyCheckSaysWhatWhyWhenceAndWhatToDo() {
    List<Check> all = Check.all();
    assertTrue(all.size() > 70, "only " + all.size() + " checks");
    for (Check check : all) {
      assertFalse(check.title().isBlank(), check.id() + " has no title");
      assertFalse(check.why().isBlank(), check.id() + " has no why");
      assertFalse(check.sources().isEmpty(), check.id() + " has no source");
      assertFalse(check.advice().general().isBlank(), check.id() + " has no advice");
    }
  }

  @Test
  void valuesGoOnOverLines() {
    Check check =
        CheckTable.parse(
                """
                # remark
                [a.b]
                group: Policy
                title: one
                  two
                why: because
                aspect: x
                aspect: y
                postfix: a = b
                """)
            .find("a.b")
            .orElseThrow();
    assertEquals("one two", check.title());
    assertEquals(List.of("x", "y"), check.aspects());
    assertEquals(List.of("a = b"), check.advice().postfix());
    assertEquals(Group.POLICY, check.group());
  }

  @Test
  void mistakesAreNamedWithTheirLine() {
    for (String wrong :
        List.of(
            "title: x",
            "[a]\ngroup: Nowhere\n[b]",
            "[a]\nnothing",
            "[a]\nunknown: x",
            "[A b]",
            "[a]\ngroup: Policy\n[a]\ngroup: Policy")) {
      assertThrows(IllegalArgumentException.class, () -> CheckTable.parse(wrong), wrong);
    }
  }

  @Test
  void aFindingHasOnlyAspectsOfItsCheck() {
    Check check = Check.of("kex.dh");
    Finding good = Finding.of(check, Outcome.FAIL, Place.domain(), "512 bits").as("export");
    assertEquals("kex.dh/export", good.code());
    assertThrows(IllegalArgumentException.class, () -> good.as("nonsense"));
  }

  @Test
  void adviceForPostfixNeverContradictsItself() {
    java.util.Map<String, String> settings = new java.util.TreeMap<>();
    for (Check check : Check.all()) {
      for (String line : check.advice().postfix()) {
        java.util.regex.Matcher setting =
            java.util.regex.Pattern.compile("([a-z0-9_]+) = ([^#]*).*").matcher(line);
        if (setting.matches()) {
          String value = setting.group(2).strip();
          String before = settings.putIfAbsent(setting.group(1), value);
          assertTrue(
              before == null || before.equals(value),
              setting.group(1) + " is " + before + " and, by " + check.id() + ", " + value);
        }
      }
    }
    assertTrue(settings.size() > 8, settings.toString());
  }
}
