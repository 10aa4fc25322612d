package org.sealwax.lab.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.assess.render.Html;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.lab.judge.SampleSenderReports;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.testkit.fuzz.Injections;

/**
 * The sender's page: self-contained, escaped, saying what the report states; and how it is served.
 */
@Timeout(300)
final class SenderReportPageTest {
  private static SenderReport report(List<String> leaks) {
    return SampleSenderReports.failed("<script>alert(1)</script>", "[1] C: EHLO <b>\u202e", leaks);
  }

  @Test
  void thePageHasNoExternalResourcesAndEscapesUntrustedText() {
    String page = SenderReportPage.of(report(List.of()), "A <sender>", "1");
    assertFalse(page.contains("<script"), "a script");
    assertFalse(Pattern.compile("(src|href)=").matcher(page).find(), "leads somewhere else");
    assertTrue(page.contains("A &lt;sender&gt;"));
    assertTrue(page.contains("&lt;script&gt;alert(1)"));
    assertTrue(page.contains("EHLO &lt;b&gt;\\u{202e}"));
    assertTrue(page.contains("<code>e3</code>"));
    assertTrue(page.contains("RFC 7672 2.2"));
  }

  @Test
  void aLeakIsShownFirst() {
    assertTrue(
        SenderReportPage.of(report(List.of("e3")), "s", "1").contains("was sent against a policy"));
    assertFalse(
        SenderReportPage.of(report(List.of()), "s", "1").contains("was sent against a policy"));
  }

  /** In all traps of the lab: remedies first, each trap in its context, and a small page. */
  @Test
  void theRemediesStandFirst() throws Exception {
    SenderReport report = SampleSenderReports.withoutMtaSts();
    String page = SenderReportPage.of(report, "Postfix as a sender", "1");
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    Files.writeString(pages.resolve("sender.html"), page);
    assertTrue(Html.size(page) <= HtmlPage.MAX_SIZE, Html.size(page) + " bytes");
    assertEquals("sender.sts", report.remedies().getFirst().check().id());
    assertTrue(report.remedies().getFirst().points() > 10, report.remedies().toString());
    assertTrue(page.contains("# Postfix has no MTA-STS: use sealwax policyd"));
    assertTrue(page.contains("127.0.0.1:8461:tls"));
    assertTrue(page.contains("Remedy: Postfix has no MTA-STS: use sealwax policyd<"));
    assertTrue(page.contains("502 to STARTTLS, MTA-STS enforce"));
    assertTrue(page.contains("defer: the MTA-STS policy demands TLS with a valid certificate"));
    Files.writeString(
        pages.resolve("sender-worst.html"),
        SenderReportPage.of(SampleSenderReports.withoutPolicies(), "Without policies", "1"));
    assertTrue(page.contains("<p class=\"result\">With th"), "the grade that follows");
    assertTrue(page.contains(report.first().result()), report.first().result());
    assertTrue(report.first().grade().score() > report.grade().score(), report.first().result());
    assertTrue(page.indexOf("Do these first") < page.indexOf("Traps that failed"));
  }

  static List<String> injections() {
    return Injections.few();
  }

  @ParameterizedTest
  @MethodSource("injections")
  void nothingOfASenderIsMarkupAndThePageStaysSmall(String text) {
    String page = SenderReportPage.of(SampleSenderReports.everywhere(text), text, text);
    assertTrue(Html.size(page) <= HtmlPage.MAX_SIZE, Html.size(page) + " bytes");
    assertFalse(Pattern.compile("<[^>]* on[a-z]+=").matcher(page).find(), "a handler");
    assertFalse(Pattern.compile("(href|src)=\"(?!#)").matcher(page).find(), "a reference");
    assertFalse(
        Pattern.compile("<(script|img|iframe|object|base|marquee|form|link)").matcher(page).find());
  }

  @Test
  void aHostilePageForTheBrowser() throws Exception {
    String text = Injections.together();
    Files.writeString(
        Files.createDirectories(Path.of("target", "pages")).resolve("hostile-sender.html"),
        SenderReportPage.of(SampleSenderReports.everywhere(text), text, text));
  }

  @Test
  void pagesAreServedAtTheirPathsOnly() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    HttpService service =
        new HttpService(
            HttpService.HttpLimits.SMALL, HttpHandler.pages(Map.of("/", "<p>one", "/b", "<p>two")));
    try (TcpListener server = service.listen("pages", any, problem -> {});
        HttpClient client = HttpClient.newHttpClient()) {
      URI at = URI.create("http://127.0.0.1:" + server.address().getPort());
      HttpResponse.BodyHandler<String> text = HttpResponse.BodyHandlers.ofString();
      HttpResponse<String> first =
          client.send(HttpRequest.newBuilder(at.resolve("/")).build(), text);
      assertEquals("<p>one", first.body());
      assertEquals(
          "text/html; charset=utf-8", first.headers().firstValue("Content-Type").orElse(""));
      assertEquals(
          "<p>two", client.send(HttpRequest.newBuilder(at.resolve("/b")).build(), text).body());
      assertEquals(
          404, client.send(HttpRequest.newBuilder(at.resolve("/c")).build(), text).statusCode());
      assertEquals(
          405,
          client
              .send(
                  HttpRequest.newBuilder(at.resolve("/"))
                      .POST(HttpRequest.BodyPublishers.ofString("x"))
                      .build(),
                  text)
              .statusCode());
    }
  }
}
