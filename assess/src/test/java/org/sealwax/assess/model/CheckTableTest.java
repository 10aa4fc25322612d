package org.sealwax.assess.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of checks: complete, well formed, and strict about its form. */
final class CheckTableTest {
  @Test
  void everyCheckHasTitleReasonSourceAndAdvice() {
    List<Check> all = Check.all();
    assertTrue(all.size() > 70, "only " + all.size() + " checks");
    for (Check check : all) {
      assertFalse(check.title().isBlank(), check.id() + " has no title");
      assertFalse(check.reason().isBlank(), check.id() + " has no why");
      assertFalse(check.sources().isEmpty(), check.id() + " has no source");
      assertFalse(check.advice().general().isBlank(), check.id() + " has no advice");
    }
  }

  @Test
  void valuesMaySpanLines() {
    Check check =
        CheckTable.parse(
                """
                # remark
                [a.b]
                group: Policy
                title: one
                  two
                why: because
                found: nothing
                aspect: x = an x
                aspect: y = a y
                postfix: a = b
                """)
            .find("a.b")
            .orElseThrow();
    assertEquals("one two", check.title());
    assertEquals(List.of("x", "y"), check.aspects());
    assertEquals(Map.of("", "nothing", "x", "an x", "y", "a y"), check.headings());
    assertEquals(List.of("a = b"), check.advice().settings().get("Postfix"));
    assertEquals(CheckGroup.POLICY, check.group());
  }

  /** A heading shows what was found; the title shows what should be. */
  @Test
  void aHeadingIsNotTheTitle() {
    for (Check check : Check.all()) {
      check
          .headings()
          .forEach(
              (aspect, heading) -> {
                assertFalse(heading.isBlank(), check.id() + "/" + aspect);
                assertFalse(heading.equals(check.title()), check.id() + "/" + aspect);
                assertTrue(heading.length() <= 66, check.id() + "/" + aspect + " is too long");
              });
    }
    Finding old = Check.of("tls11").atDomain().warn("TLS 1.1 is still spoken").as("on");
    assertEquals("TLS 1.1 is accepted", old.heading());
    assertEquals(Check.of("tls11").title(), Check.of("tls11").atDomain().pass("refused").heading());
  }

  @Test
  void errorsNameTheirLine() {
    for (String wrong :
        List.of(
            "title: x",
            "[a]\ngroup: Nowhere\n[b]",
            "[a]\nnothing",
            "[a]\nunknown: x",
            "[a]\naspect: x\ngroup: Policy",
            "[A b]",
            "[a]\ngroup: Policy\n[a]\ngroup: Policy")) {
      assertThrows(IllegalArgumentException.class, () -> CheckTable.parse(wrong), wrong);
    }
  }

  @Test
  void aFindingHasOnlyAspectsOfItsCheck() {
    Check check = Check.of("kex.dh");
    Finding good =
        Finding.of(check, CheckOutcome.FAIL, FindingLocation.domain(), "512 bits").as("export");
    assertEquals("kex.dh/export", good.code());
    assertThrows(IllegalArgumentException.class, () -> good.as("nonsense"));
  }

  /** One value per setting and remark: a remark states for which library or case a line is. */
  private static Map<String, String> settings(String router, String form) {
    Map<String, String> settings = new TreeMap<>();
    for (Check check : Check.all()) {
      for (String line : check.advice().settings().getOrDefault(router, List.of())) {
        Matcher setting = Pattern.compile(form + "([^#]*)(#.*)?").matcher(line);
        if (setting.matches()) {
          String name = setting.group(1) + " " + setting.group(3);
          String value = setting.group(2).strip();
          String before = settings.putIfAbsent(name, value);
          assertTrue(
              before == null || before.equals(value),
              name + " is " + before + " and, by " + check.id() + ", " + value);
        }
      }
    }
    return settings;
  }

  @Test
  void adviceNeverContradictsItself() {
    assertTrue(settings("Postfix", "([a-z0-9_]+) = ").size() > 8);
    assertTrue(settings("Exim", "([a-z0-9_]+) = ").size() > 8);
    assertEquals(1, settings("OpenSMTPD", "(smtp ciphers) ").size());
  }

  @Test
  void eximAdviceNamesItsTlsLibrary() {
    for (Check check : Check.all()) {
      for (String line : check.advice().settings().getOrDefault("Exim", List.of())) {
        boolean library =
            line.startsWith("openssl_options")
                || line.startsWith("tls_require_ciphers")
                || line.startsWith("tls_eccurve");
        assertTrue(
            !library || line.contains("# OpenSSL") || line.contains("# GnuTLS"),
            check.id() + ": " + line);
      }
    }
  }

  /** Each documented aspect has a check that reports it. */
  @Test
  void everyCheckAndEveryAspectIsReportedByTheCode() throws IOException {
    StringBuilder source = new StringBuilder();
    for (String module : List.of("assess", "lab")) {
      try (Stream<Path> files = Files.walk(Path.of(module, "src/main/java"))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          if (!file.endsWith("ReceiverRubric.java")) {
            source.append(Files.readString(file));
          }
        }
      }
    }
    for (Check check : Check.all()) {
      assertTrue(source.indexOf('"' + check.id() + '"') >= 0, check.id());
      for (String aspect : check.aspects()) {
        assertTrue(source.indexOf('"' + aspect + '"') >= 0, check.id() + "/" + aspect);
      }
    }
  }
}
