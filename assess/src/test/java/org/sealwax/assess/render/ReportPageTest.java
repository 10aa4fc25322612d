package org.sealwax.assess.render;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.SampleReports;
import org.xml.sax.InputSource;

/** The page and the badge: self-contained, escaped, and saying what the report states. */
final class ReportPageTest {
  @Test
  void thePageHasNoExternalResources() {
    for (AssessmentReport report :
        new AssessmentReport[] {SampleReports.good(), SampleReports.bad(), SampleReports.none()}) {
      String page = ReportPage.of(report);
      assertFalse(page.contains("<script"), "a script");
      assertFalse(
          Pattern.compile("(src|href)=\"(?!#)").matcher(page).find(), "leads somewhere else");
      assertFalse(page.contains("url("), "a style leads somewhere else");
      assertTrue(page.contains("prefers-color-scheme: dark"));
      assertTrue(page.contains("@media print"));
    }
  }

  @Test
  void untrustedTextIsEscaped() {
    String page = ReportPage.of(SampleReports.bad());
    assertTrue(
        page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;\\u{1b}[31m\\u{202e}"));
    assertFalse(page.contains("\u202e"));
    assertFalse(page.contains("\u001b"));
  }

  @Test
  void gradeCapsAndAdviceAreOnThePage() {
    String page = ReportPage.of(SampleReports.bad());
    assertTrue(page.contains("aria-label=\"Grade D?\""));
    assertTrue(page.contains("SSLv3 is spoken"));
    assertTrue(page.contains("href=\"#ssl3-on\""));
    assertTrue(page.contains("id=\"ssl3-on\""));
    assertTrue(page.contains("smtpd_tls_protocols = &gt;=TLSv1.2"));
    assertTrue(page.contains("_smtp._tls IN TXT"));
    assertTrue(page.contains("Not tested: relay"));
    assertTrue(ReportPage.of(SampleReports.good()).contains("aria-label=\"Grade A+\""));
    assertTrue(
        ReportPage.of(SampleReports.none()).contains("No grade: no host accepts connections."));
  }

  /** A page for each letter, kept for the browser: its seal, its explanation, what to do first. */
  @ParameterizedTest
  @EnumSource(GradeLetter.class)
  void eachGradeHasAPage(GradeLetter letter) throws IOException {
    AssessmentReport report = SampleReports.graded(letter);
    assertEquals(letter.text(), report.letter());
    String page = ReportPage.of(report);
    assertTrue(page.contains("aria-label=\"Grade " + letter.text() + "\""));
    assertEquals(letter != GradeLetter.A_PLUS, page.contains("Do these first"), letter.text());
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    String name = letter.name().toLowerCase(Locale.ROOT).replace('_', '-');
    Files.writeString(pages.resolve("grade-" + name + ".html"), page);
  }

  @Test
  void theBadgeIsWellFormed() throws Exception {
    for (AssessmentReport report :
        new AssessmentReport[] {SampleReports.good(), SampleReports.bad(), SampleReports.none()}) {
      String svg = GradeBadge.of(report);
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      assertEquals(
          "svg",
          factory
              .newDocumentBuilder()
              .parse(new InputSource(new StringReader(svg)))
              .getDocumentElement()
              .getNodeName());
      assertTrue(svg.contains(">" + report.letter() + "</text>"));
    }
  }
}
