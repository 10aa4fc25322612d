package org.sealwax.assess.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.fuzz.Injections;
import org.sealwax.testkit.net.ManualClock;
import tools.jackson.databind.JsonNode;

/** The pages and the JSON of the service: what they show, and which attacks they refuse. */
@Timeout(120)
final class ScanWebSiteTest {
  @TempDir Path folder = Path.of(".");
  private final List<TestScanService> open = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    FixedResolver zones =
        TestScanService.zones().mx("xn--bcher-kva.example.org", 10, "mx.d1.example.org").build();
    open.add(new TestScanService(folder, zones, TestScanService.settings()));
  }

  @AfterEach
  void stop() {
    open.forEach(TestScanService::close);
  }

  private TestScanService test() {
    return open.getFirst();
  }

  private static JsonNode body(String response) {
    return Json.read(response.substring(response.indexOf("\r\n\r\n") + 4));
  }

  @Test
  void aVisitorNamesADomainWaitsAndReadsTheReport() throws Exception {
    TestScanService test = test();
    assertTrue(
        test.get("/").contains("<form class=\"card ask\" method=\"post\" action=\"/scan\">"));
    String answer = test.post(1, "domain=D0.Example.ORG.", "");
    assertTrue(answer.startsWith("HTTP/1.1 303"), answer);
    assertTrue(answer.contains("\r\nLocation: /d/d0.example.org\r\n"), answer);
    test.begun(1);
    assertTrue(test.get("/d/d0.example.org").contains("The scan is running."));
    test.post(2, "domain=d1.example.org", "");
    test.begun(2);
    test.post(3, "domain=d2.example.org", "");
    test.post(4, "domain=d3.example.org", "");
    String waits = test.get("/d/d3.example.org");
    assertTrue(waits.contains("Waiting: number 2 of 2."), waits);
    assertTrue(waits.contains("<a href=\"/d/d3.example.org\">"), "without script, too");
    assertEquals(
        "waiting", body(test.get("/api/v1/results/d3.example.org")).path("state").asString());
    test.settle();
    String report = test.get("/d/d0.example.org");
    assertTrue(report.startsWith("HTTP/1.1 200"), report);
    assertTrue(report.contains("<h1>good.example</h1>"), report);
    assertTrue(report.contains("\r\nContent-Security-Policy: default-src 'none'; style-src"));
    assertTrue(report.contains("value=\"d0.example.org\""), "to scan it again");
  }

  @Test
  void programsDoTheSameByJson() throws Exception {
    TestScanService test = test();
    JsonNode asked = body(test.api(1, "{\"domain\":\"d0.example.org\"}"));
    assertEquals("https://assess.example/d/d0.example.org", asked.path("page").asString());
    test.settle();
    JsonNode done = body(test.get("/api/v1/results/d0.example.org"));
    assertEquals("done", done.path("state").asString());
    assertEquals("good.example", done.path("report").path("target").asString());
    assertTrue(test.get("/api/v1/results/d9.example.org").startsWith("HTTP/1.1 404"));
    for (String bad :
        List.of(
            "",
            "{",
            "[]",
            "{\"domain\":1}",
            "{\"domain\":\"\"}",
            "{\"domain\":\"a:25\"}",
            "{\"domain\":\"d0.example.org\"}{}",
            "{\"domain\":\"a.org\",\"domain\":\"b.org\"}",
            "[".repeat(2_000))) {
      assertTrue(test.api(1, bad).startsWith("HTTP/1.1 400"), bad);
    }
    assertTrue(
        test.send(
                1,
                "POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                    + "Content-Length: 27\r\n\r\n{\"domain\":\"d1.example.org\"}")
            .startsWith("HTTP/1.1 415"),
        "a form of another site can send this type");
    assertEquals(1, test.begun.size());
  }

  /** No GET starts a scan. */
  @Test
  void aPageViewStartsNoScan() throws Exception {
    TestScanService test = test();
    for (String path :
        List.of(
            "/d/d0.example.org",
            "/d/d0.example.org?scan=1",
            "/scan?domain=d0.example.org",
            "/api/v1/scans?domain=d0.example.org",
            "/api/v1/results/d0.example.org",
            "/?domain=d0.example.org")) {
      for (String method : List.of("GET", "HEAD", "PUT", "DELETE", "OPTIONS")) {
        test.send(1, method + " " + path + " HTTP/1.1\r\nHost: assess.example\r\n\r\n");
      }
    }
    assertEquals(0, test.service.waiting() + test.service.running() + test.begun.size());
  }

  @Test
  void formsOfOtherSitesStartNoScan() throws Exception {
    TestScanService test = test();
    for (String foreign :
        List.of(
            "Origin: https://evil.example\r\n",
            "Origin: null\r\n",
            "Origin: http://assess.example\r\n",
            "Origin: https://assess.example.evil.example\r\n",
            "Origin: https://assess.example\r\nOrigin: https://evil.example\r\n",
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
            "Sec-Fetch-Site: none\r\n")) {
      assertTrue(
          test.post(1, "domain=d0.example.org", foreign).startsWith("HTTP/1.1 403"), foreign);
    }
    assertEquals(0, test.begun.size());
    String own = "Origin: https://assess.example\r\nSec-Fetch-Site: same-origin\r\n";
    assertTrue(test.post(1, "domain=d0.example.org", own).startsWith("HTTP/1.1 303"));
    test.settle();
  }

  /** Addresses, ports, our own hosts, and what is not a name: refused, and nothing is connected. */
  @Test
  void hostileNamesAreRefusedAndNotRepeated() throws Exception {
    TestScanService test = test();
    for (String name :
        List.of(
            "",
            " ",
            "127.0.0.1",
            "[::1]",
            "::1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "1.2.3",
            "example.org:22",
            "example.org:25",
            "http://example.org/",
            "user@example.org",
            "localhost",
            "localhost.",
            "foo.localhost",
            "router.local",
            "db.internal",
            "x.onion",
            "printer.lan",
            "x.home.arpa",
            "4.3.2.1.in-addr.arpa",
            "x.test",
            "x.invalid",
            "example.org/../..",
            "..",
            "a..b",
            ".",
            "-",
            "a b.org",
            "a\tb.org",
            "a\u0000.org",
            "a%00.org",
            "a\r\nX: y.org",
            "xn--.org",
            "xn--a.org",
            "\u202eorg.example",
            "<script>alert(1)</script>.org",
            "\"><img src=x>.org",
            "a'.org",
            "x".repeat(64) + ".org",
            ("x".repeat(60) + ".").repeat(5) + "org",
            "x".repeat(900) + ".org")) {
      String form = "domain=" + URLEncoder.encode(name, StandardCharsets.UTF_8);
      String answer = test.post(1, form, "");
      assertTrue(answer.startsWith("HTTP/1.1 400"), name + ": " + answer);
      assertFalse(answer.contains("<script>"), answer);
      assertFalse(answer.contains("<img"), answer);
      assertFalse(answer.contains("\u202e"), answer);
    }
    assertEquals(0, test.service.waiting() + test.service.running() + test.begun.size());
    assertEquals(List.of(), test.dialled);
    // A name of another alphabet is shown as the DNS has it.
    String answer =
        test.post(
            1,
            "domain=" + URLEncoder.encode("B\u00fccher.example.org", StandardCharsets.UTF_8),
            "");
    assertTrue(answer.contains("Location: /d/xn--bcher-kva.example.org\r\n"), answer);
    test.settle();
  }

  /** One page has one address; nothing that a request has in other places changes a response. */
  @Test
  void noRequestChangesWhatOthersGet() throws Exception {
    TestScanService test = test();
    test.post(1, "domain=d0.example.org", "");
    test.settle();
    String page = test.get("/d/d0.example.org");
    for (String more :
        List.of(
            "X-Forwarded-Host: evil.example\r\n",
            "X-Forwarded-For: 127.0.0.1\r\n",
            "X-Original-URL: /d/d1.example.org\r\n",
            "X-HTTP-Method-Override: POST\r\n",
            "Accept-Language: <script>\r\n",
            "User-Agent: <script>alert(1)</script>\r\n",
            "Cookie: a=b\r\n")) {
      assertEquals(
          page,
          test.send(1, "GET /d/d0.example.org HTTP/1.1\r\nHost: evil.example\r\n" + more + "\r\n"),
          more);
    }
    assertEquals(page, test.get("/d/d0.example.org?x=<script>"));
    assertTrue(page.contains("\r\nCache-Control: no-store\r\n"));
    assertFalse(page.contains("Set-Cookie"));
    for (String other :
        List.of(
            "/d/D0.example.org",
            "/d/d0.example.org.",
            "/d/d0.example.org/",
            "/d/%64%30.example.org",
            "/d//d0.example.org",
            "/d/../d/d0.example.org",
            "/d/d0.example.org%0d%0aX:y",
            "/d/<script>alert(1)</script>",
            "/d/",
            "/d/..%2f..%2fetc",
            "/<script>alert(1)</script>",
            "/assess.css/../../etc/passwd")) {
      String missing = test.get(other);
      assertTrue(missing.startsWith("HTTP/1.1 404"), other);
      assertFalse(missing.contains("alert(1)"), other);
    }
  }

  /** What comes from a target's servers stands in the report, and is text there. */
  @Test
  void textsOfTargetsAreEscapedOnEveryPage() throws Exception {
    TestScanService test = test();
    test.report = SampleReports.bad();
    test.post(1, "domain=d0.example.org", "");
    test.settle();
    test.clock.pass(Duration.ofHours(2));
    test.report = SampleReports.none();
    test.post(1, "domain=d0.example.org", "");
    test.settle();
    test.fault = new IllegalStateException(SampleReports.HOSTILE);
    test.post(1, "domain=d1.example.org", "");
    test.settle();
    for (String page :
        List.of(
            test.get("/d/d0.example.org"),
            test.get("/d/d1.example.org"),
            test.get("/api/v1/results/d1.example.org"))) {
      assertFalse(page.contains("<script>"), page);
      assertFalse(page.contains("\u202e"), page);
      assertFalse(page.contains("\u001b"), page);
    }
    String json = test.get("/api/v1/results/d0.example.org");
    assertTrue(json.contains("\r\nContent-Type: application/json\r\n"));
    assertTrue(json.contains("\r\nX-Content-Type-Options: nosniff\r\n"));
    assertFalse(json.contains("\u001b"), "JSON escapes it");
  }

  @Test
  void everyPageHasSecurityHeadersAndOnlyItsOwnFiles() throws Exception {
    TestScanService test = test();
    test.post(1, "domain=d0.example.org", "");
    test.begun(1);
    for (String path : List.of("/", "/d/d0.example.org", "/d/d5.example.org", "/none")) {
      String page = test.get(path);
      assertTrue(
          page.contains("\r\nContent-Security-Policy: default-src 'none'; style-src 'self';"),
          path);
      assertTrue(page.contains("\r\nX-Content-Type-Options: nosniff\r\n"), path);
      assertTrue(page.contains("\r\nReferrer-Policy: same-origin\r\n"), path);
      assertTrue(page.contains("\r\nCache-Control: no-store\r\n"), path);
      assertFalse(
          Pattern.compile("<script(?! src=\"/wait.js\" defer></script>)").matcher(page).find());
      assertFalse(Pattern.compile("(src|href|action)=\"(?!/)").matcher(page).find(), path);
      assertFalse(page.contains(" style="), "the policy would refuse it");
      assertFalse(Pattern.compile(" on[a-z]+=").matcher(page).find(), path);
    }
    assertTrue(test.get("/assess.css").contains("prefers-color-scheme: dark"));
    assertTrue(test.get("/wait.js").contains("location.reload"));
    assertTrue(test.get("/robots.txt").contains("Disallow: /d/"));
    test.settle();
  }

  @Test
  void pagesForTheBrowser() throws Exception {
    TestScanService test = test();
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    test.report = SampleReports.everywhere(Injections.together());
    test.post(1, "domain=d0.example.org", "");
    test.settle();
    test.post(2, "domain=d1.example.org", "");
    test.begun(2);
    test.post(2, "domain=d2.example.org", "");
    keep(pages, "assess-too-many.html", test.post(2, "domain=d3.example.org", ""));
    keep(pages, "assess-no-name.html", test.post(3, "domain=192.0.2.1", ""));
    keep(
        pages, "assess-other-site.html", test.post(3, "domain=a.org", "Origin: https://b.org\r\n"));
    keep(pages, "assess-method.html", test.send(3, "PUT / HTTP/1.1\r\nHost: x\r\n\r\n"));
    test.post(3, "domain=d4.example.org", "");
    test.begun(3);
    test.post(4, "domain=d5.example.org", "");
    test.list = OptOut.read(List.of("d6.example.org"));
    for (String[] page :
        new String[][] {
          {"/d/d5.example.org", "assess-queue.html"},
          {"/d/d6.example.org", "assess-opted-out.html"},
          {"/nothing", "assess-missing.html"},
          {"/", "assess-start.html"},
          {"/d/d0.example.org", "assess-result.html"},
          {"/d/d1.example.org", "assess-waiting.html"},
          {"/d/d9.example.org", "assess-unknown.html"},
          {"/assess.css", "assess.css"},
          {"/wait.js", "wait.js"}
        }) {
      keep(pages, page[1], test.get(page[0]));
    }
    test.settle();
  }

  /** Writes the page of a response. */
  private static void keep(Path pages, String name, String answer) throws IOException {
    String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
    if (name.endsWith(".html")) {
      assertTrue(answer.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"), answer);
      assertTrue(body.startsWith("<!doctype html>"), body);
    }
    Files.writeString(pages.resolve(name), body);
    assertFalse(Pattern.compile("<(img|iframe|object|base|marquee)").matcher(body).find());
  }

  @Test
  void limitsAreStatedWithTheirStatus() throws Exception {
    TestScanService test = test();
    test.post(1, "domain=d0.example.org", "");
    test.post(1, "domain=d1.example.org", "");
    String own = test.post(1, "domain=d2.example.org", "");
    assertTrue(own.startsWith("HTTP/1.1 429"), own);
    assertTrue(own.contains("\r\nRetry-After: "), own);
    test.begun(2);
    for (int i = 2; i < 7; i++) {
      assertTrue(test.post(i, "domain=d" + i + ".example.org", "").startsWith("HTTP/1.1 303"));
    }
    assertTrue(test.post(9, "domain=d9.example.org", "").startsWith("HTTP/1.1 503"));
    assertTrue(test.api(9, "{\"domain\":\"d9.example.org\"}").startsWith("HTTP/1.1 503"));
    String metrics = test.service.counters().text(test.service);
    assertTrue(metrics.contains("\nsealwax_assess_waiting 5\n"), metrics);
    assertTrue(metrics.contains("\nsealwax_assess_requests_refused_total 3\n"), metrics);
    test.settle();
  }

  @Test
  void invalidAndHugeRequestsAreRefused() throws Exception {
    TestScanService test = test();
    assertTrue(test.send(1, "GET /\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(test.send(1, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n").startsWith("HTTP/1.1 405"));
    assertTrue(
        test.send(1, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(
        test.send(1, "POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: 4097\r\n\r\n")
            .startsWith("HTTP/1.1 413"));
    assertTrue(
        test.send(1, "GET / HTTP/1.1\r\nX: " + "x".repeat(ScanWebSite.LIMITS.head()))
            .startsWith("HTTP/1.1 431"));
    assertTrue(
        test.send(1, "GET /" + "x".repeat(4_000) + " HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(test.post(1, "", "").startsWith("HTTP/1.1 400"));
    assertTrue(test.post(1, "other=d0.example.org", "").startsWith("HTTP/1.1 400"));
    assertEquals(0, test.begun.size());
  }

  private static InetAddress client(InetAddress peer, String... forwarded) {
    List<HttpField> fields = new ArrayList<>();
    for (String each : forwarded) {
      fields.add(new HttpField("x-forwarded-for", each));
    }
    return new ClientAddress(
            List.of(
                Cidr.parse(TestScanService.PROXY).orElseThrow(),
                Cidr.parse("fd00::/8").orElseThrow()))
        .of(new HttpRequest("GET", "/", 1, fields), peer);
  }

  /** A client cannot choose its address: only what a trusted proxy has added counts. */
  @Test
  void theClientsAddressComesFromTrustedProxiesOnly() {
    InetAddress proxy = InetAddress.ofLiteral(TestScanService.PROXY);
    InetAddress peer = InetAddress.ofLiteral("193.0.1.1");
    InetAddress real = InetAddress.ofLiteral("193.0.2.2");
    assertEquals(peer, client(peer, "193.0.2.2"), "no proxy");
    assertEquals(real, client(proxy, "193.0.2.2"));
    assertEquals(real, client(proxy, "1.1.1.1, 193.0.2.2"), "the client has sent the first");
    assertEquals(real, client(proxy, "1.1.1.1", "193.0.2.2"));
    assertEquals(real, client(proxy, "193.0.2.2, fd00::1"), "both are our proxies");
    assertEquals(proxy, client(proxy));
    assertEquals(proxy, client(proxy, ""));
    for (String bad : List.of("unknown", "x, y", "193.0.2.2:443", "localhost", "1", "_hidden")) {
      assertEquals(proxy, client(proxy, bad), bad);
    }
    assertEquals(InetAddress.ofLiteral("2001:500:2::c"), client(proxy, "2001:500:2::c"));
  }

  @Test
  void limitsCountTheClientBehindTheProxy() throws Exception {
    TestScanService test = test();
    InetAddress proxy = InetAddress.ofLiteral(TestScanService.PROXY);
    for (int i = 0; i < 4; i++) {
      String form = "domain=d" + i + ".example.org";
      String answer =
          test.send(
              proxy,
              "POST /scan HTTP/1.1\r\nHost: assess.example\r\nX-Forwarded-For: 9.9.9.9, 193.0."
                  + (i < 3 ? 1 : 2)
                  + ".9\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
                  + form.length()
                  + "\r\n\r\n"
                  + form);
      assertTrue(answer.startsWith(i == 2 ? "HTTP/1.1 429" : "HTTP/1.1 303"), i + ": " + answer);
    }
    test.settle();
  }

  /** Many clients, and those that read or write slowly: each has a place for a bounded time. */
  @Test
  void connectionsOfOneClientAreFewAndSlowOnesEnd() throws Exception {
    TestScanService test = test();
    ManualClock clock = test.clock;
    TcpListener.ClientGate gate = test.site.gate(clock);
    InetAddress one = TestScanService.client(1);
    int entered = 0;
    while (gate.enter(one)) {
      entered++;
    }
    assertEquals(ScanWebSite.CONNECTIONS_EACH, entered);
    int all = entered;
    for (int i = 2; i < 200 && gate.enter(TestScanService.client(i)); i++) {
      all++;
    }
    assertEquals(ScanWebSite.CONNECTIONS - ScanWebSite.PROXIES_OWN, all);
    InetAddress proxy = InetAddress.ofLiteral(TestScanService.PROXY);
    int proxied = 0;
    while (gate.enter(proxy)) {
      proxied++;
    }
    assertEquals(ScanWebSite.PROXIES_OWN, proxied, "places of its own, and no more in all");
    gate.leave(proxy);
    gate.leave(one);
    assertTrue(gate.enter(TestScanService.client(1)));

    try (TcpListener listener =
        TcpListener.start(
            "site",
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            64,
            test.site.gate(clock),
            test.site::serve,
            problem -> {})) {
      List<Socket> silent = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        Socket socket = new Socket();
        socket.connect(listener.address());
        silent.add(socket);
      }
      int ended = 0;
      for (Socket each : silent) {
        each.setSoTimeout(300);
        try {
          ended += each.getInputStream().read() < 0 ? 1 : 0;
        } catch (IOException e) {
          ended += e instanceof SocketTimeoutException ? 0 : 1;
        }
        each.close();
      }
      assertEquals(40 - ScanWebSite.CONNECTIONS_EACH, ended);
    }
  }

  /**
   * Places of a client that reads nothing, or writes a byte now and then, are free after a time.
   */
  @Test
  void slowReadersAndWritersEnd() throws Exception {
    TestScanService test = test();
    test.service
        .store()
        .put(
            TestScanService.domain(0),
            test.clock.now(),
            ResultStore.content("{}", "x".repeat(ResultStore.MAX_RESULT - 10)));
    ScanWebSite site =
        new ScanWebSite(
            test.service,
            new ScanWebSite.SiteSettings(Optional.empty(), List.of(), false),
            new HttpService.HttpLimits(8_192, 4_096, Duration.ofSeconds(1)));
    List<Socket> slow = new ArrayList<>();
    try (TcpListener listener =
        TcpListener.start(
            "site",
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            64,
            site.gate(test.clock),
            site::serve,
            problem -> {})) {
      for (int i = 0; i < ScanWebSite.CONNECTIONS_EACH; i++) {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(1_024);
        socket.connect(listener.address());
        String request = i % 2 == 0 ? "GET /d/d0.example.org HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        slow.add(socket);
      }
      assertFalse(answers(listener.address()), "no place is left for this client");
      boolean answered = false;
      for (int i = 0; i < 100 && !answered; i++) {
        Thread.sleep(200);
        for (int s = 1; s < slow.size(); s += 2) {
          try {
            slow.get(s).getOutputStream().write('x');
          } catch (IOException e) {
            // It has ended, as it should.
          }
        }
        test.clock.pass(Duration.ofSeconds(10));
        answered = answers(listener.address());
      }
      assertTrue(answered, "the places are free again");
    } finally {
      for (Socket each : slow) {
        each.close();
      }
    }
  }

  private static boolean answers(InetSocketAddress address) throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(5_000);
      socket.connect(address);
      socket
          .getOutputStream()
          .write("GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
          .startsWith("HTTP/1.1 200");
    } catch (SocketException e) {
      return false; // closed at once
    }
  }

  @Test
  void aNameIsReadInOneWay() {
    for (String good : List.of("example.org", "EXAMPLE.ORG.", " example.org ", "_x.example.org")) {
      assertTrue(RequestedDomain.read(good) instanceof RequestedDomain.PublicName, good);
    }
    assertEquals(
        new RequestedDomain.PublicName(Domain.of("xn--bcher-kva.example.org")),
        RequestedDomain.read("B\u00dcCHER.example\u3002org"));
  }
}
