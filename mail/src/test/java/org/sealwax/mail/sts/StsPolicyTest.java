package org.sealwax.mail.sts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxPattern;

/** RFC 8461 3.2, row by row. */
final class StsPolicyTest {
  private static final String GOOD =
      "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n";

  private static StsPolicy.ParsedStsPolicy read(String text) {
    return StsPolicy.read(text.getBytes(StandardCharsets.UTF_8));
  }

  private static StsPolicy sound(String text) {
    return assertInstanceOf(StsPolicy.ParsedStsPolicy.ValidStsPolicy.class, read(text)).policy();
  }

  private static String flaw(String text) {
    return assertInstanceOf(StsPolicy.ParsedStsPolicy.StsPolicyFlaw.class, read(text)).text();
  }

  /** The first thing that a strict reader would not take; senders pass it over. */
  private static String deviation(String text) {
    return assertInstanceOf(StsPolicy.ParsedStsPolicy.ValidStsPolicy.class, read(text))
        .deviations()
        .getFirst()
        .text();
  }

  @Test
  void readsWhatTheRfcShows() {
    StsPolicy policy = sound(GOOD);
    assertEquals(StsPolicy.Mode.ENFORCE, policy.mode());
    assertEquals(Duration.ofDays(7), policy.maxAge());
    assertEquals(
        List.of(
            MxPattern.parse("mail.example.com").orElseThrow(),
            MxPattern.parse("*.example.net").orElseThrow()),
        policy.mx());
    assertEquals(GOOD, policy.text());
  }

  @Test
  void f15LinesMayEndEitherWayAndUnknownFieldsAreIgnored() {
    StsPolicy crlf = sound(GOOD.replace("\n", "\r\n"));
    assertEquals(sound(GOOD).mx(), crlf.mx());
    assertEquals(GOOD.replace("\n", "\r\n"), crlf.text());
    assertEquals(sound(GOOD).mx(), sound(GOOD.strip()).mx());
    assertEquals(sound(GOOD).mx(), sound("x-later.1: a; b = \u00fc\n" + GOOD).mx());
    assertEquals(
        sound(GOOD).mx(), sound(GOOD.replace(": ", ":\t  ").replace("\n", " \t\r\n")).mx());
    assertEquals(sound(GOOD).mx(), sound(GOOD.replace(": ", ":")).mx());
  }

  @Test
  void ofRepeatedFieldsTheFirstCountsExceptMx() {
    StsPolicy policy =
        sound(GOOD + "mode: none\nmax_age: 1\nversion: STSv1\nmode: nonsense\nmax_age: x\n");
    assertEquals(StsPolicy.Mode.ENFORCE, policy.mode());
    assertEquals(Duration.ofDays(7), policy.maxAge());
    assertEquals(StsPolicy.Mode.NONE, sound("mode: none\n" + GOOD).mode());
  }

  @Test
  void f16MaxAgeIsFrom0To31557600() {
    assertEquals(Duration.ZERO, sound(GOOD.replace("604800", "0")).maxAge());
    assertEquals(Duration.ofDays(7), sound(GOOD.replace("604800", "0000604800")).maxAge());
    assertEquals(StsPolicy.MAX_AGE, sound(GOOD.replace("604800", "31557600")).maxAge());
    for (String wrong : List.of("-1", "1.5", "1h", "+1", "\u0661")) {
      assertTrue(flaw(GOOD.replace("604800", wrong)).startsWith("line 5: max_age"), wrong);
    }
    for (String large : List.of("31557601", "9999999999", "10000000000", "9".repeat(1_000))) {
      String text = GOOD.replace("604800", large);
      assertEquals(StsPolicy.MAX_AGE, sound(text).maxAge(), large);
      assertTrue(deviation(text).startsWith("line 5: max_age"), large);
    }
    assertEquals(Duration.ofDays(7), sound(GOOD.replace("604800", "00000604800")).maxAge());
  }

  @Test
  void mxIsRequiredUnlessTheModeIsNone() {
    String none = GOOD.replaceAll("mx: .*\n", "");
    assertEquals("no mx; required by mode enforce", flaw(none));
    assertEquals("no mx; required by mode testing", flaw(none.replace("enforce", "testing")));
    assertTrue(sound(none.replace("enforce", "none")).mx().isEmpty());
    assertEquals(2, sound(GOOD.replace("enforce", "none")).mx().size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "version: STSv1\\n|''|no version",
        "version: STSv1|version: STSv2|line 1: version is not STSv1",
        "version: STSv1|Version: STSv1|no version",
        "mode: enforce\\n|''|no mode",
        "mode: enforce|mode: Enforce|line 2: mode is not enforce, testing or none",
        "max_age: 604800\\n|''|no max_age",
        "mode: enforce|mode enforce|line 2: no \":\"",
        "mode: enforce|mode : enforce|line 2: not a key",
        "mode: enforce|' mode: enforce'|line 2: not a key",
        "mode: enforce|mode:|line 2: no value",
      })
  void everyOtherLineIsAFlaw(String part, String instead, String why) {
    String from = part.replace("\\n", "\n");
    assertEquals(why, flaw(GOOD.replace(from, instead)));
  }

  @Test
  void emptyLinesAndAMarkArePassedOver() {
    for (String text :
        List.of(
            GOOD + "\n",
            GOOD + "\r\n\r\n",
            GOOD + " \t\n",
            "\n" + GOOD,
            GOOD.replace("\nmx", "\n\nmx"),
            "\ufeff" + GOOD,
            "\ufeff\n" + GOOD)) {
      assertEquals(sound(GOOD).mx(), sound(text).mx());
      assertEquals(StsPolicy.Mode.ENFORCE, sound(text).mode());
      assertEquals(text, sound(text).text(), "quoted as it was served");
      String first = deviation(text);
      assertTrue(
          first.contains("empty line") || first.contains("begins with a byte order mark"), first);
    }
    assertEquals("line 6: empty line", deviation(GOOD + "\n"));
    assertEquals("line 2: not a key", flaw(GOOD.replace("mode", "\ufeffmode")));
    assertEquals("line 1: not a key", flaw("\ufeff\ufeff" + GOOD));
    assertEquals("no version", flaw("\n\n"));
    assertTrue(
        assertInstanceOf(StsPolicy.ParsedStsPolicy.ValidStsPolicy.class, read(GOOD))
            .deviations()
            .isEmpty());
  }

  @Test
  void controlCharactersAreFlaws() {
    assertEquals("empty", flaw(""));
    assertEquals("line 6: control character in the value", flaw(GOOD + "x: a\0b\n"));
    // A lone CR ends no line, so it stands in the value.
    assertEquals("line 1: control character in the value", flaw("version: STSv1\rmode: enforce\n"));
    assertEquals(
        "not UTF-8",
        assertInstanceOf(
                StsPolicy.ParsedStsPolicy.StsPolicyFlaw.class,
                StsPolicy.read((GOOD + "x: \u00ff\n").getBytes(StandardCharsets.ISO_8859_1)))
            .text());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "*.",
        "*.*.example.org",
        "a*.example.org",
        "mail.*.org",
        "mail.example.org.",
        ".example.org",
        "mail_1.example.org",
        "192.0.2.1/24",
        "mail.example.org:25",
        "b\u00fccher.example",
        "a b",
        "-a.example",
        "[192.0.2.1]",
        "",
        "a\0b.example"
      })
  void mxIsAHostNameOrAStarAndOne(String wrong) {
    String text = GOOD.replace("mail.example.com", wrong);
    assertEquals(List.of(MxPattern.parse("*.example.net").orElseThrow()), sound(text).mx());
    assertTrue(deviation(text).startsWith("line 3: mx is not"), wrong);
    String none = text.replace("mx: *.example.net\n", "");
    assertTrue(flaw(none).startsWith("line 3: mx is not"), "none is left: " + wrong);
  }

  @Test
  void f5TheStarStandsForExactlyOneLabel() {
    StsPolicy policy = sound(GOOD.replace("*.example.net", "*.MX.test"));
    assertTrue(policy.lists(Domain.of("a.mx.test")));
    assertFalse(policy.lists(Domain.of("a.b.mx.test")));
    assertFalse(policy.lists(Domain.of("mx.test")));
    assertTrue(policy.lists(Domain.of("mail.example.com")));
    assertFalse(policy.lists(Domain.of("a.mail.example.com")));
  }

  @Test
  void f12TheFileIsAtMost64KiB() {
    String filler = "x: " + "y".repeat(StsPolicy.MAX_SIZE - GOOD.length() - 4) + "\n";
    assertEquals(StsPolicy.MAX_SIZE, (GOOD + filler).length());
    sound(GOOD + filler);
    assertEquals("over 65536 bytes", flaw(GOOD + "x" + filler));
  }

  @ParameterizedTest
  @CsvSource({
    "text/plain, true",
    "text/plain; charset=utf-8, true",
    "Text/Plain ;charset=x, true",
    "text/html, false",
    "text/plainer, false",
    "application/octet-stream, false",
    "'', false"
  })
  void theMediaTypeIsTextPlain(String type, boolean good) {
    assertEquals(good, StsPolicy.isMediaType(type));
    assertFalse(StsPolicy.isMediaType(null));
  }
}
