package org.sealwax.assess.render;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.SampleReports;

/** The report at a terminal. */
final class ReportTextTest {
  @Test
  void printsGradeReasonsAndFixes() {
    String text = new ReportText(false, "", false).of(SampleReports.bad());
    assertTrue(text.contains("D?   bad.example"), text);
    assertTrue(text.contains("at most D because of SSLv3"), text);
    assertTrue(text.contains("smtpd_tls_protocols = >=TLSv1.2"), text);
    assertTrue(text.contains("not tested      relay"), text);
    assertTrue(text.contains("_smtp._tls IN TXT"), text);
    assertFalse(text.contains("\u001b"), "escape sequences without being asked for");
    assertFalse(text.contains("\u202e"), "a direction mark");
  }

  /** The whole text: what it looks like is a decision, and an admin reads each line of it. */
  @Test
  void theTextIsTheGoldenFile() throws IOException {
    String text = new ReportText(false, "", false).of(SampleReports.bad());
    Path seen = Files.createDirectories(Path.of("target")).resolve("report-bad.txt");
    Files.writeString(seen, text);
    Path golden = Path.of("assess/src/test/resources/report/bad.txt");
    assertEquals(Files.readString(golden), text, "now it is " + seen);
  }

  @Test
  void columnsAreAlignedAndLinesFit() {
    for (AssessmentReport report :
        List.of(SampleReports.good(), SampleReports.bad(), SampleReports.none())) {
      for (boolean all : new boolean[] {false, true}) {
        for (String line : new ReportText(false, "sealwax", all).of(report).lines().toList()) {
          assertTrue(line.length() <= TextLayout.WIDTH || line.contains("TLSA"), line);
          assertEquals(line.stripTrailing(), line);
        }
      }
    }
  }

  /** A code that is wider than its column has a line of its own: the texts stay in theirs. */
  @Test
  void everyTextBeginsInItsColumn() {
    TextLayout out = new TextLayout(false);
    for (String code : List.of("tls10/on", "starttls.required/clear-taken")) {
      out.row(
          List.of(
              new TextLayout.Cell("", 2, TextLayout.Ink.PLAIN),
              new TextLayout.Cell(code, 26, TextLayout.Ink.PLAIN)),
          "a text");
    }
    assertEquals(
        "  tls10/on                  a text\n"
            + "  starttls.required/clear-taken\n"
            + "                            a text\n",
        out.toString());
  }

  @Test
  void passedChecksAreCountedOrListed() {
    String text = new ReportText(false, "", false).of(SampleReports.bad());
    assertTrue(text.contains("checks; --all lists them"), text);
    assertFalse(text.contains("vuln.heartbleed"), text);
    String all = new ReportText(false, "", true).of(SampleReports.bad());
    assertTrue(all.contains("vuln.heartbleed"), all);
  }

  @Test
  void noSettingIsPrintedTwice() {
    String text = new ReportText(false, "", false).of(SampleReports.bad());
    assertEquals(1, text.lines().filter(l -> l.contains("smtpd_tls_protocols = ")).count(), text);
  }

  @Test
  void printsLinesOfOneRouterOnly() {
    String text = new ReportText(false, "exim", false).of(SampleReports.bad());
    assertFalse(text.contains("smtpd_tls_protocols"), text);
    assertTrue(text.contains("openssl_options"), text);
  }

  @Test
  void usesColourOnlyWhenRequested() {
    assertTrue(new ReportText(true, "", false).of(SampleReports.bad()).contains("\u001b[1;31mD?"));
    assertTrue(
        new ReportText(false, "", false).of(SampleReports.none()).contains("no grade: no host"));
  }
}
