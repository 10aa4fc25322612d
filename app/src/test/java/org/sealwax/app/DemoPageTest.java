package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;

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

  @Test
  void bothGradesAreShownAndLinkToTheirPages() {
    assertTrue(PAGE.contains("<a href=\"/sender\">"), PAGE);
    assertTrue(PAGE.contains("<a href=\"/receiver\">"), PAGE);
    assertTrue(PAGE.contains("aria-label=\"Grade A+\""), PAGE);
    assertFalse(PAGE.contains("http://"), PAGE);
    assertFalse(PAGE.contains("https://"), PAGE);
  }
}
