package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.lab.judge.SampleSenderReports;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;
import org.sealwax.testkit.fuzz.Injections;

/** The demo's page: the story and both grades, escaped, and nothing from elsewhere. */
final class DemoPageTest {
  private static final String PAGE =
      DemoPage.of(
          List.of(
              new DemoPage.DemoSection(
                  "An <act>",
                  List.of(
                      new DemoPage.DestinationResult(
                          "e3",
                          "another key",
                          DemoPage.MessageEnd.KEPT,
                          "waits: <script>1</script>"),
                      new DemoPage.DestinationResult(
                          "a1", "good", DemoPage.MessageEnd.SEALED, "arrived")))),
          new SenderAssessment(SenderProfile.OPPORTUNISTIC, true).report(List.of()),
          SampleReports.good(),
          "1");

  @Test
  void eachResultIsShownAndEscaped() {
    assertTrue(PAGE.contains(">not sent</span> <code>e3</code>"), PAGE);
    assertTrue(PAGE.contains(">sealed</span> <code>a1</code>"), PAGE);
    assertTrue(PAGE.contains("An &lt;act&gt;"), PAGE);
    assertFalse(PAGE.contains("<script"), PAGE);
  }

  static List<String> injections() {
    return Injections.few();
  }

  /** Every text of the page is from another host, and the page is kept for the browser. */
  @ParameterizedTest
  @MethodSource("injections")
  void nothingOfATextIsMarkup(String text) {
    String page = page(text);
    assertFalse(Pattern.compile("<[^>]* on[a-z]+=").matcher(page).find(), "a handler");
    assertFalse(
        Pattern.compile("<(script|img|iframe|object|base|marquee|form|link)").matcher(page).find());
    assertTrue(page.length() < HtmlPage.MAX_SIZE, page.length() + " characters");
  }

  @Test
  void pagesForTheBrowser() throws IOException {
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    Files.writeString(pages.resolve("demo.html"), PAGE);
    Files.writeString(pages.resolve("hostile-demo.html"), page(Injections.together()));
  }

  private static String page(String text) {
    return DemoPage.of(
        List.of(
            new DemoPage.DemoSection(
                "Attacked",
                List.of(
                    new DemoPage.DestinationResult(
                        "e3", "another key", DemoPage.MessageEnd.KEPT, text)))),
        SampleSenderReports.everywhere(text),
        SampleReports.everywhere(text),
        "1");
  }

  @Test
  void bothGradesAreShownAndLinkToTheirPages() {
    assertTrue(PAGE.contains("<a href=\"/sender\">"), PAGE);
    assertTrue(PAGE.contains("<a href=\"/receiver\">"), PAGE);
    assertTrue(PAGE.contains("aria-label=\"Grade A+\""), PAGE);
    assertFalse(PAGE.contains("http://"), PAGE);
    assertFalse(PAGE.contains("https://"), PAGE);
  }
}
