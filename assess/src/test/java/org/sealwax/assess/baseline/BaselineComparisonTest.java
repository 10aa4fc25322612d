package org.sealwax.assess.baseline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.render.AssessmentReportJson;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.json.Json;
import org.sealwax.testkit.fuzz.Injections;

/** An earlier report and the present one: what is better, worse, and not comparable. */
final class BaselineComparisonTest {
  private static FindingLocation at(String address) {
    return FindingLocation.of(Domain.of("mx.good.example"), InetAddress.ofLiteral(address), 25);
  }

  private static Finding finding(String id, CheckOutcome outcome, FindingLocation location) {
    return Finding.of(Check.of(id), outcome, location, "seen");
  }

  /** The good report with other findings of some checks, graded again. */
  private static AssessmentReport report(Finding... findings) {
    AssessmentReport good = SampleReports.good();
    List<Finding> all = new ArrayList<>();
    for (Finding f : good.findings()) {
      List<Finding> other =
          List.of(findings).stream().filter(o -> o.check().equals(f.check())).toList();
      all.addAll(other.isEmpty() ? List.of(f) : other);
    }
    Grade grade = ReceiverRubric.rules().grade(all, true);
    return new AssessmentReport(
        good.target(),
        good.depth(),
        good.began(),
        good.duration(),
        good.program(),
        good.rules(),
        good.rulesHash(),
        good.addresses(),
        grade,
        "",
        all);
  }

  private static BaselineReport baseline(AssessmentReport report) throws MalformedBaseline {
    return BaselineReport.read(AssessmentReportJson.of(report));
  }

  private static BaselineComparison compared(AssessmentReport before, AssessmentReport after)
      throws MalformedBaseline {
    return BaselineComparison.of(baseline(before), after);
  }

  private static String changes(BaselineComparison comparison) {
    return comparison.changes().stream()
        .map(c -> c.kind().label() + " " + c.code() + " at " + String.join(",", c.places()))
        .collect(Collectors.joining("; "));
  }

  @Test
  void theSameReportHasNoChange() throws Exception {
    for (AssessmentReport each : List.of(SampleReports.good(), SampleReports.bad())) {
      BaselineComparison comparison = compared(each, each);
      assertEquals("", changes(comparison));
      assertEquals(List.of(), comparison.notes());
      assertFalse(comparison.isWorse());
    }
  }

  @Test
  void aNewFaultIsWorseAndAFixedOneIsBetter() throws Exception {
    FindingLocation here = FindingLocation.domain();
    AssessmentReport good = report();
    AssessmentReport ssl3 = report(finding("ssl3", CheckOutcome.FAIL, here).as("on"));
    BaselineComparison worse = compared(good, ssl3);
    assertEquals("worse ssl3/on at domain", changes(worse));
    assertTrue(worse.comparesGrades());
    assertTrue(worse.isWorse());
    BaselineComparison better = compared(ssl3, good);
    assertEquals("better ssl3/on at domain", changes(better));
    assertFalse(better.isWorse());
    AssessmentReport warned = report(finding("tls10", CheckOutcome.WARN, here).as("on"));
    AssessmentReport failed = report(finding("tls10", CheckOutcome.FAIL, here).as("on"));
    assertEquals("worse tls10/on at domain", changes(compared(warned, failed)));
    assertEquals("better tls10/on at domain", changes(compared(failed, warned)));
  }

  @Test
  void aSecondFaultOfACheckIsWorseAndAnotherOneIsDifferent() throws Exception {
    FindingLocation here = FindingLocation.domain();
    List<String> aspects = Check.of("kex.dh").aspects();
    Finding first = finding("kex.dh", CheckOutcome.FAIL, here).as(aspects.get(0));
    Finding second = finding("kex.dh", CheckOutcome.FAIL, here).as(aspects.get(1));
    assertTrue(changes(compared(report(first), report(first, second))).startsWith("worse kex.dh"));
    assertTrue(changes(compared(report(first, second), report(first))).startsWith("better kex.dh"));
    BaselineComparison other = compared(report(first), report(second));
    assertTrue(changes(other).startsWith("other kex.dh/"), changes(other));
    assertFalse(other.of(FindingChange.Kind.OTHER).isEmpty());
  }

  /** What only one of the two has seen is neither better nor worse. */
  @Test
  void theUnknownIsNeverBetterOrWorse() throws Exception {
    FindingLocation here = FindingLocation.domain();
    for (CheckOutcome unknown : List.of(CheckOutcome.INCONCLUSIVE, CheckOutcome.NOT_TESTED)) {
      AssessmentReport blind = report(finding("ssl3", unknown, here));
      AssessmentReport bad = report(finding("ssl3", CheckOutcome.FAIL, here).as("on"));
      assertEquals("not comparable ssl3/on at domain", changes(compared(blind, bad)));
      assertEquals("not comparable ssl3/on at domain", changes(compared(bad, blind)));
      assertEquals("", changes(compared(blind, report())));
      assertEquals("", changes(compared(report(), blind)));
    }
  }

  /** A server that offers TLS now has faults that it could not have before. */
  @Test
  void aCheckThatAppliesToOneReportOnlyIsAnotherChange() throws Exception {
    FindingLocation here = FindingLocation.domain();
    AssessmentReport before = report(finding("tls10", CheckOutcome.NOT_NEEDED, here));
    AssessmentReport after = report(finding("tls10", CheckOutcome.WARN, here).as("on"));
    assertEquals("other tls10/on at domain", changes(compared(before, after)));
    assertEquals("other tls10/on at domain", changes(compared(after, before)));
    assertEquals("", changes(compared(before, report())));
  }

  /** Providers change their addresses; a worse one among them counts nevertheless. */
  @Test
  void anAddressOfOneReportIsComparedWithTheWorstOfTheOther() throws Exception {
    Finding good1 = finding("tls10", CheckOutcome.PASS, at("192.0.2.1"));
    Finding good2 = finding("tls10", CheckOutcome.PASS, at("192.0.2.2"));
    Finding bad1 = finding("tls10", CheckOutcome.WARN, at("192.0.2.1")).as("on");
    Finding bad2 = finding("tls10", CheckOutcome.WARN, at("192.0.2.2")).as("on");
    assertEquals("", changes(compared(report(good1), report(good2))));
    assertEquals("", changes(compared(report(bad1), report(bad2))), "the same fault elsewhere");
    assertEquals(
        "worse tls10/on at mx.good.example [192.0.2.2]:25",
        changes(compared(report(good1), report(good1, bad2))));
    assertEquals(
        "better tls10/on at mx.good.example [192.0.2.2]:25",
        changes(compared(report(good1, bad2), report(good1))));
    assertEquals(
        "worse tls10/on at mx.good.example [192.0.2.1]:25,mx.good.example [192.0.2.2]:25",
        changes(compared(report(good1, good2), report(bad1, bad2))),
        "the same change at two places is one");
  }

  private static AssessmentReport with(AssessmentReport report, String rulesHash, ScanDepth depth) {
    return new AssessmentReport(
        report.target(),
        depth,
        report.began(),
        report.duration(),
        report.program(),
        report.rules(),
        rulesHash,
        report.addresses(),
        report.grade(),
        report.ungraded(),
        report.findings());
  }

  @Test
  void lettersOfOtherRulesOrDepthsAreNotCompared() throws Exception {
    AssessmentReport good = report();
    AssessmentReport bad =
        report(finding("ssl3", CheckOutcome.FAIL, FindingLocation.domain()).as("on"));
    BaselineComparison rules = compared(with(good, "0".repeat(64), ScanDepth.FULL), bad);
    assertFalse(rules.comparesGrades());
    assertTrue(rules.notes().getFirst().contains("graded by other rules"));
    assertTrue(rules.isWorse(), "a finding is a finding");
    BaselineComparison depth = compared(with(good, good.rulesHash(), ScanDepth.QUICK), good);
    assertFalse(depth.comparesGrades());
    assertTrue(depth.notes().getFirst().contains("quick"));
    assertFalse(depth.isWorse());
  }

  @Test
  void checksOfAnotherVersionAreNamedAndLeftOut() throws Exception {
    String json = AssessmentReportJson.of(report()).replace("\"code\":\"ssl3", "\"code\":\"ssl9");
    BaselineComparison comparison = BaselineComparison.of(BaselineReport.read(json), report());
    assertEquals("", changes(comparison));
    assertTrue(comparison.notes().getFirst().contains("ssl9"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "nothing",
        "[]",
        "{}",
        "{\"schema\":1}",
        "{\"schema\":\"1\"}",
        "{\"schema\":99}",
        "{\"line\":3,\"target\":\"x\",\"error\":\"no domain\"}",
        "\u0000\u0001"
      })
  void whatIsNoReportIsRefusedWithAReason(String text) {
    String why =
        assertThrows(MalformedBaseline.class, () -> BaselineReport.read(text)).getMessage();
    assertTrue(why != null && (why.startsWith("is ") || why.startsWith("has ")), why);
  }

  /** Each member cut out, or of another kind, is an error and no other exception. */
  @Test
  void aDamagedReportIsRefusedOrRead() {
    String json = AssessmentReportJson.of(SampleReports.bad());
    List<UnaryOperator<String>> damages =
        List.of(
            s -> s.replace("\"FULL\"", "\"x\"").replace("\"full\"", "\"deep\""),
            s -> s.replace("2026-11-25T12:34:56Z", "yesterday"),
            s -> s.replace("\"outcome\":\"fail\"", "\"outcome\":\"perhaps\""),
            s -> s.replace("192.0.2.1", "300.0.2.1"),
            s -> s.replace("mx1.bad.example", "mx1..bad"),
            s -> s.replace("\"port\":25", "\"port\":99999"),
            s -> s.replace("\"letter\":\"", "\"letter\":\"Z"),
            s -> s.replace("\"code\":", "\"core\":"),
            s -> s.substring(0, s.length() / 2),
            s -> s + s);
    for (UnaryOperator<String> damage : damages) {
      assertThrows(MalformedBaseline.class, () -> BaselineReport.read(damage.apply(json)));
    }
  }

  @Test
  void aShortenedLineOfASurveyIsRefusedAndAWholeOneIsRead() throws Exception {
    AssessmentReport bad = SampleReports.bad();
    MalformedBaseline why =
        assertThrows(
            MalformedBaseline.class,
            () -> BaselineReport.read(AssessmentReportJson.of(bad, 7, false)));
    assertTrue(String.valueOf(why.getMessage()).contains("--whole"));
    assertEquals(bad.target(), BaselineReport.read(AssessmentReportJson.of(bad, 7, true)).target());
  }

  @Test
  void pagesForTheBrowser() throws Exception {
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    AssessmentReport hostile = SampleReports.everywhere(Injections.together());
    String page =
        ReportPage.of(
            SampleReports.bad(),
            new ComparisonText(compared(hostile, SampleReports.bad())).section());
    Files.writeString(pages.resolve("baseline.html"), page);
    assertFalse(Pattern.compile("<(script|img|iframe|object|base|marquee)").matcher(page).find());
  }

  @Test
  void textPageAndJsonShowTheChangesAndEscapeThem() throws Exception {
    FindingLocation here = FindingLocation.domain();
    Finding hostile =
        Finding.of(Check.of("ssl3"), CheckOutcome.FAIL, here, SampleReports.HOSTILE).as("on");
    ComparisonText worse = new ComparisonText(compared(report(), report(hostile)));
    assertTrue(worse.plain().contains("Worse\n  ssl3/on at domain\n    was  pass"), worse.plain());
    assertTrue(worse.plain().contains("1 worse, 0 better"), worse.plain());
    assertFalse(worse.plain().contains("\u001b"), worse.plain());
    assertTrue(worse.section().contains("&lt;script&gt;"), worse.section());
    assertFalse(worse.section().contains("<script"), worse.section());
    ComparisonText better = new ComparisonText(compared(report(hostile), report()));
    assertFalse(better.plain().contains("\u001b"), "the earlier report is a stranger's, too");
    assertFalse(better.section().contains("<script"), better.section());
    String code =
        AssessmentReportJson.of(report(hostile))
            .replace("\"code\":\"ssl3/on\"", "\"code\":\"ssl3/\\u001b<script>\"");
    ComparisonText other =
        new ComparisonText(BaselineComparison.of(BaselineReport.read(code), report()));
    assertFalse(other.plain().contains("\u001b"), "a code of the file, too");
    assertFalse(other.section().contains("<script"), other.section());
    String json = worse.json(AssessmentReportJson.of(report(hostile)));
    assertTrue(Json.read(json).path("baseline").path("worse").asBoolean());
    assertEquals(
        "ssl3/on",
        Json.read(json).path("baseline").path("changes").path(0).path("code").asString());
    assertEquals("full", Json.read(json).path("depth").asString(), "the report itself stays");
  }
}
