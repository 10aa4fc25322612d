package org.sealwax.assess.survey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.assess.render.AssessmentReportJson;
import org.sealwax.mail.json.Json;
import org.sealwax.testkit.fuzz.Injections;

/** The page and the table of a survey. */
final class SurveyTablesTest {
  @TempDir Path folder = Path.of(".");

  private record Written(String csv, String html) {}

  private Written written(List<String> lines) throws IOException {
    // As the program writes it: half a character becomes a question mark.
    byte[] text = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
    Path results = Files.write(folder.resolve("results"), text);
    Path csv = folder.resolve("table.csv");
    Path html = folder.resolve("page.html");
    SurveyTables.write(results, Optional.of(csv), Optional.of(html));
    return new Written(Files.readString(csv), Files.readString(html));
  }

  private static List<String> sample() {
    return List.of(
        AssessmentReportJson.of(SampleReports.good(), 1, false),
        AssessmentReportJson.of(SampleReports.bad(), 2, false),
        AssessmentReportJson.of(SampleReports.none(), 3, false),
        AssessmentReportJson.bad(4, "=cmd|'/c calc'!A1", "no domain, host or host:port"),
        "no JSON",
        "{\"line\":9",
        "");
  }

  @Test
  void theTableHasALineForEachResult() throws Exception {
    String[] lines = written(sample()).csv().split("\r\n", -1);
    assertEquals(6, lines.length, "heading, four results, nothing behind the last end");
    assertTrue(lines[0].startsWith("line,target,grade,at_best,"), lines[0]);
    assertTrue(lines[1].startsWith("1,good.example,A+,A+,no,"), lines[1]);
    assertTrue(lines[2].startsWith("2,bad.example,D,D,"), lines[2]);
    assertTrue(lines[2].contains(",ssl3/on,"), lines[2]);
    assertTrue(lines[4].startsWith("4,\"'=cmd|'/c calc'!A1\",none,,,,"), lines[4]);
  }

  @Test
  void noCellIsAFormula() {
    for (String evil :
        List.of("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|x", "%0", "\u00a0=1")) {
      String cell = SurveyTables.cell(evil);
      assertFalse(Pattern.compile("^\"?\\s*[=+@|%-]").matcher(cell).find(), cell);
    }
    assertEquals("\"a\"\"b, c\"", SurveyTables.cell("a\"b, c"));
    assertEquals("\"a  b\"", SurveyTables.cell("a\r\nb"));
    assertEquals("A-", SurveyTables.cell("A-"));
    assertEquals("\"a b\"", SurveyTables.cell("a\ud83db"), "half a character");
  }

  @Test
  void thePageShowsDistributionsAndEveryOrderWithoutScript() throws Exception {
    String page = written(sample()).html();
    assertTrue(page.contains("<h1>Survey of 4 targets</h1>"), page);
    assertTrue(page.contains("25.0 %"), page);
    assertTrue(page.contains("<code>ssl3/on</code>"), page);
    assertFalse(page.contains("<script"), "neither ours nor a stranger's");
    assertFalse(Pattern.compile(" on[a-z]+=").matcher(page).find());
    assertTrue(page.contains("id=\"by-worst\" checked>"), page);
    // Each order of the table has a rule, and each row a place in it.
    for (String id : List.of("worst", "best", "name", "score", "findings", "line")) {
      assertTrue(page.contains(".sorted:has(#by-" + id + ":checked) .body > div { order: var(--"));
      assertEquals(4, Pattern.compile("--" + id + ":\\d+;").matcher(page).results().count());
    }
    int worst = page.indexOf(">bad.example<");
    assertTrue(worst > 0 && worst < page.indexOf(">good.example<"), "the worst first");
  }

  /** Rows are bounded, counts are not. */
  @Test
  void thePageKeepsTheWorstAndTheTableKeepsAll() throws Exception {
    List<String> lines = new ArrayList<>();
    int many = SurveyTables.MAX_ROWS + 50;
    for (int i = 1; i <= many; i++) {
      lines.add(
          "{\"line\":"
              + i
              + ",\"target\":\"d"
              + i
              + ".example\",\"grade\":{\"letter\":\""
              + (i % 100 == 0 ? "F" : "A")
              + "\",\"at_best\":\"A\",\"score\":90},\"findings\":[{\"outcome\":\"warn\",\"code\":\"x"
              + i
              + "\"}]}");
    }
    Written written = written(lines);
    assertEquals(many + 1, written.csv().lines().count());
    assertTrue(written.html().contains("Survey of " + many + " targets"));
    assertTrue(written.html().contains("The " + SurveyTables.MAX_ROWS + " with the worst grades"));
    assertTrue(written.html().contains(">d5000.example<"), "each F is there");
    assertFalse(written.html().contains("<code>x1</code>"), "codes of another program");
  }

  @Test
  void pagesForTheBrowser() throws Exception {
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    List<String> lines = new ArrayList<>();
    for (int i = 1; i <= 150; i++) {
      lines.add(
          AssessmentReportJson.of(
              i % 3 == 0 ? SampleReports.good() : SampleReports.bad(), i, false));
    }
    Files.writeString(pages.resolve("survey.html"), written(lines).html());
    int line = 0;
    for (String text : Injections.all()) {
      lines.add(
          AssessmentReportJson.bad(
              1_000 + line++, text.substring(0, Math.min(80, text.length())), "no domain"));
      lines.add(
          Json.line(
              Json.object().put("line", 2_000 + line).put("target", text).put("ungraded", text)));
    }
    String hostile = written(lines).html();
    Files.writeString(pages.resolve("hostile-survey.html"), hostile);
    assertFalse(
        Pattern.compile("<(script|img|iframe|object|base|marquee)").matcher(hostile).find());
    assertTrue(hostile.length() < 400_000, "texts are cut: " + hostile.length());
  }

  @Test
  void anEmptySurveyHasAPage() throws Exception {
    assertTrue(written(List.of()).html().contains("Survey of 0 targets"));
  }
}
