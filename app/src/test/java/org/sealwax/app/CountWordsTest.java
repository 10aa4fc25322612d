package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.net.CountText;

/** No text reads "1 messages": a number that varies has its noun from {@code CountText}. */
final class CountWordsTest {
  private static final Pattern NUMBER_AND_NOUN =
      Pattern.compile(
          "(?:\\+|append\\(|println\\(|[(,=:?])\\s*([\\w.]+(?:\\([\\w., ]*\\))*(?:\\.\\w+\\(\\))*)"
              + "\\s*(?:\\+|\\)\\s*\\.append\\()\\s*\" (?:[a-z]+ )?(messages|recipients|receipts"
              + "|records|contents|sessions|connections|domains|files|keys|lines|reports|points"
              + "|hosts|warnings|errors|checks|policies|listeners|entries|days|hours|minutes"
              + "|reporters|traps|receipts|scans|aliases|users|attempts)\\b");

  /** A number in a constant is not one. */
  private static final Pattern CONSTANT =
      Pattern.compile("(?:.*\\.)?[A-Z][A-Z0-9_]*(?:\\.to\\w+\\(\\))?");

  /** Places where the number is never one, or the plural is right, by file and number. */
  private static final Map<String, String> NEVER_ONE =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("AssessmentBudget.java connections", "a bug's text"),
              Map.entry("CertificateReview.java whole.toDays()", "over a year"),
              Map.entry(
                  "ConfiguredFilesCheck.java settings.receive().sessions()",
                  "more than the memory has"),
              Map.entry("ControlService.java destinations.size()", "two or more"),
              Map.entry("DeadTargets.java run.days()", "a week"),
              Map.entry("Demo.java destinations.size()", "the whole table"),
              Map.entry("DnsText.java exact.records().getFirst().type()", "a type, not a number"),
              Map.entry("RecordJudge.java several.count()", "two or more"),
              Map.entry("RecordJudge.java several.records()", "two or more"),
              Map.entry("DomainStatus.java days.size()", "\"of N with reports\""),
              Map.entry("DomainStatus.java failed", "\"S successful and F failed\""),
              Map.entry("DomainStatus.java several.count()", "two or more"),
              Map.entry("ExplainCodeCommand.java rule.pass()", "\"none of the N\""),
              Map.entry("FirstConnection.java connector.greetings()", "\"of N\""),
              Map.entry("Grade.java open", "of a whole category"),
              Map.entry("Grade.java score", "of a hundred"),
              Map.entry("LabHtmlPages.java minutes", "one has a word of its own"),
              Map.entry("PersistentLedger.java together.size()", "two or more"),
              Map.entry("ReceivingReview.java same", "two or more"),
              Map.entry("RoundMx.java hosts.size()", "a bug's text"),
              Map.entry("SenderAssessment.java findings.size()", "\"of N\""),
              Map.entry("SenderReport.java all", "\"of N\""),
              Map.entry("SenderWideFindings.java asked.size()", "\"of N\""),
              Map.entry("SenderWideFindings.java findings.size()", "\"of N\""),
              Map.entry("SenderWideFindings.java legal.size()", "\"of N\""),
              Map.entry("SenderWideFindings.java met.size()", "\"all N\""),
              Map.entry("TlsReportJson.java policies.size()", "more than a maximum"),
              Map.entry("TlsReportJudge.java reported", "several traps report"),
              Map.entry("TlsReporter.java s.records()", "two or more"),
              Map.entry("TrapJudge.java tries", "the singular stands next to it"),
              Map.entry("WatchedFile.java before.size()", "\"of N\"")));

  @Test
  void aNumberThatVariesHasItsNounFromOneClass() throws IOException {
    Set<String> wrong = new TreeSet<>();
    Set<String> used = new TreeSet<>();
    int files = 0;
    for (String module : ArchitectureTest.modules().keySet()) {
      try (Stream<Path> all = Files.walk(Path.of(module, "src/main/java"))) {
        for (Path file : all.filter(f -> f.toString().endsWith(".java")).sorted().toList()) {
          files++;
          Matcher m = NUMBER_AND_NOUN.matcher(Files.readString(file));
          while (m.find()) {
            String place = file.getFileName() + " " + m.group(1);
            if (NEVER_ONE.containsKey(place)) {
              used.add(place);
            } else if (!CONSTANT.matcher(m.group(1)).matches()) {
              wrong.add(place + " " + m.group(2));
            }
          }
        }
      }
    }
    assertTrue(files > 500, "only " + files + " were found");
    assertEquals(Set.of(), wrong);
    assertEquals(NEVER_ONE.keySet(), used, "no such place any more");
  }

  @ParameterizedTest
  @CsvSource({
    "0,      0 bytes",
    "1,      1 byte",
    "1023,   1023 bytes",
    "1024,   1.0 KB",
    "1572864, 1.5 MB",
    "52428800, 50 MB",
    "9223372036854775807, 8.0 EB"
  })
  void sizesHaveUnits(long bytes, String text) {
    assertEquals(text, CountText.bytes(bytes));
  }

  @Test
  void oneIsSingular() {
    assertEquals(
        List.of("0 traps", "1 trap", "2 traps", "1 key is"),
        List.of(
            CountText.of(0, "trap"),
            CountText.of(1, "trap"),
            CountText.of(2, "trap"),
            CountText.of(1, "key is | keys are")));
  }
}
