package org.sealwax.assess.render;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.testkit.fuzz.Injections;

/**
 * Names, replies, certificates and policies of a hostile server on the page and in the text. The
 * pages are kept for the browser, which shows whether anything runs.
 */
final class HostileTextTest {
  /** The only elements that the page consists of. */
  private static final Pattern TAG = Pattern.compile("</?([a-zA-Z][a-zA-Z0-9]*)");

  private static final List<String> ELEMENTS =
      List.of(
          "html", "head", "meta", "title", "style", "body", "main", "svg", "path", "circle", "text",
          "div", "section", "header", "footer", "h1", "h2", "h3", "p", "span", "small", "b", "br",
          "a", "ul", "ol", "li", "code", "pre", "details", "summary", "table", "thead", "tbody",
          "tr", "th", "td");

  static Stream<String> injections() {
    return Injections.all().stream();
  }

  @ParameterizedTest
  @MethodSource("injections")
  void nothingOfItIsMarkupAndThePageStaysSmall(String text) {
    AssessmentReport report = SampleReports.everywhere(text);
    String page = ReportPage.of(report);
    assertTrue(size(page) <= HtmlPage.MAX_SIZE, size(page) + " bytes");
    TAG.matcher(page)
        .results()
        .forEach(tag -> assertTrue(ELEMENTS.contains(tag.group(1)), tag.group()));
    assertFalse(Pattern.compile("<[^>]* on[a-z]+=").matcher(page).find(), "a handler");
    assertFalse(Pattern.compile("(?i)(href|src)=\"(?!#)").matcher(page).find(), "a reference");
    String plain = new ReportText(false, "", true).of(report);
    for (String shown : List.of(page, plain)) {
      assertEquals(
          List.of(),
          shown
              .codePoints()
              .filter(c -> c != '\n' && !isShown(c))
              .mapToObj(Integer::toHexString)
              .toList());
    }
  }

  private static boolean isShown(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          c == '\t';
      default -> true;
    };
  }

  @Test
  void pagesForTheBrowser() throws IOException {
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    Files.writeString(
        pages.resolve("hostile-report.html"),
        ReportPage.of(SampleReports.everywhere(Injections.together())));
    Files.writeString(
        pages.resolve("long-report.html"), ReportPage.of(SampleReports.each(Injections.all())));
    Files.writeString(pages.resolve("report.html"), ReportPage.of(SampleReports.bad()));
    Files.writeString(pages.resolve("worst-report.html"), ReportPage.of(SampleReports.worst()));
    Files.writeString(pages.resolve("unreachable.html"), ReportPage.of(SampleReports.none()));
    assertTrue(size(Files.readString(pages.resolve("long-report.html"))) <= HtmlPage.MAX_SIZE);
  }

  @Test
  void aCutTextSaysSo() {
    assertEquals("abc… (2 more characters)", Excerpt.of("abcde", 3));
    assertEquals("abc", Excerpt.of("abc", 3));
    assertEquals("a… (2 more characters)", Excerpt.of("a\ud83d\ude80", 2));
  }

  private static int size(String page) {
    int size = Html.size(page);
    assertEquals(page.getBytes(StandardCharsets.UTF_8).length, size);
    return size;
  }
}
