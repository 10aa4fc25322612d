package org.sealwax.lab.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.http.HttpReader;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.fuzz.Injections;
import org.sealwax.testkit.net.MemoryWire;

/**
 * The public lab's pages: what they show, to which client, and which hostile input they do not
 * show.
 */
@Timeout(600)
final class LabWebSiteTest {
  private static final String FORM = "rows=a1,b1,b3,e3,f2&family=ipv4&profile=opportunistic";

  private static final List<LabService> OPEN = new ArrayList<>();
  private static final List<LabWebSite> SITES = new ArrayList<>();

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    LabService lab =
        TestLabService.open(
            TestLabService.settings(30), folder, Clock.system(), TestLabService::closeConnection);
    OPEN.add(lab);
    SITES.add(
        new LabWebSite(
            lab,
            new LabWebSite.ReportDownloads(
                r -> "{\"grade\":\"" + r.grade().text() + "\"}", r -> "<junit/>"),
            Clock.system()));
  }

  @AfterAll
  static void stop() throws IOException {
    for (LabService each : OPEN) {
      each.close();
    }
  }

  /** A name for the network that asks, so that tests do not take each other's tokens. */
  private static MemoryWire.MemoryWirePair wires(int network) {
    return MemoryWire.pair(
        new InetSocketAddress(InetAddress.ofLiteral("192.0." + network + ".1"), 40_000),
        new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 443));
  }

  private static String send(int network, String request) {
    try {
      MemoryWire.MemoryWirePair pair = wires(network);
      Thread server = Threads.start("site", () -> SITES.getFirst().serve(pair.server()));
      pair.client().out().write(request.getBytes(StandardCharsets.ISO_8859_1));
      String out = new String(pair.client().in().readAllBytes(), StandardCharsets.UTF_8);
      server.join();
      return out;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String get(String path) {
    return send(1, "GET " + path + " HTTP/1.1\r\nHost: lab.example\r\n\r\n");
  }

  private static String post(int network, String path, String form, String more) {
    return send(
        network,
        "POST "
            + path
            + " HTTP/1.1\r\n"
            + "Host: lab.example\r\n"
            + "Content-Type: application/x-www-form-urlencoded\r\n"
            + more
            + "Content-Length: "
            + form.length()
            + "\r\n\r\n"
            + form);
  }

  private static String token(int network) {
    Matcher found =
        Pattern.compile("Location: /t/([a-z0-9]{16})\r\n")
            .matcher(post(network, "/tokens", FORM, ""));
    assertTrue(found.find());
    return found.group(1);
  }

  private static LabService lab() {
    return OPEN.getFirst();
  }

  private static void recordLines(String token, String row, List<String> lines) {
    Resolver resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(List.of(lab().resolvers().getFirst()))
                .withValidation(DnsSettings.Validation.OFF),
            Clock.system(),
            RandomSource.secure());
    InetAddress at =
        resolver
            .addresses(
                Domain.of("mx." + row + "." + token + ".lab.example"), Resolver.AddressFamily.IPV4)
            .records()
            .getFirst();
    try (Socket socket = new Socket(at, lab().settings().ports().smtp())) {
      socket.setSoTimeout(30_000);
      InputStream in = socket.getInputStream();
      reply(in);
      for (String line : lines) {
        socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
        reply(in);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String reply(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0; c = in.read()) {
      line.append((char) c);
      if (c == '\n') {
        if (line.length() > 3 && line.charAt(3) == '-') {
          line.setLength(0);
        } else {
          break;
        }
      }
    }
    return line.toString();
  }

  private static List<String> mail(String token, String row) {
    return List.of(
        "EHLO mx.sender.example",
        "MAIL FROM:<a@sender.example>",
        "RCPT TO:<probe@" + row + "." + token + ".lab.example>",
        "DATA",
        "Subject: hello\r\n\r\nhello\r\n.",
        "QUIT");
  }

  @Test
  void everyPageHasSecurityHeadersAndNoExternalResources() {
    String token = token(10);
    for (String path :
        List.of(
            "/",
            "/t/" + token,
            "/t/" + token + "/r/e3",
            "/none",
            "/t/none",
            "/t/" + token + "/r/x")) {
      String page = get(path);
      assertTrue(
          page.contains("\r\nContent-Security-Policy: default-src 'none'; style-src 'self';"),
          path);
      assertTrue(page.contains("\r\nX-Content-Type-Options: nosniff\r\n"), path);
      assertTrue(page.contains("\r\nReferrer-Policy: same-origin\r\n"), path);
      assertTrue(page.contains("\r\nCache-Control: no-store\r\n"), path);
      assertFalse(
          Pattern.compile("<script(?! src=\"/lab.js\" defer></script>)").matcher(page).find());
      assertFalse(Pattern.compile("(src|href|action)=\"(?!/)").matcher(page).find(), path);
      assertFalse(page.contains(" style="), "the policy would refuse it");
      assertFalse(Pattern.compile(" on[a-z]+=").matcher(page).find(), path);
    }
    assertTrue(get("/style.css").contains("prefers-color-scheme: dark"));
    assertTrue(get("/style.css").contains("@media print"));
    assertTrue(get("/lab.js").contains("EventSource"));
    assertTrue(get("/ca.pem").contains("BEGIN CERTIFICATE"));
  }

  @Test
  void theTokensPageListsRecipientsAndFillsWithResults() {
    String token = token(11);
    String before = get("/t/" + token);
    assertTrue(before.contains("No mail has arrived yet."));
    assertTrue(before.contains("probe@b1." + token + ".lab.example\nprobe@b3."));
    assertTrue(before.contains("swaks --server HOST --from sender@bounce." + token));
    assertTrue(get("/t/" + token + "/recipients.txt").contains("probe@f2." + token));
    recordLines(token, "b3", mail(token, "b3"));
    String after = get("/t/" + token);
    assertTrue(
        after.contains("<span class=\"chip poor\">leak</span>"), "plaintext against enforce");
    assertTrue(after.contains("Mail was sent against a policy."));
    String evidence = get("/t/" + token + "/r/b3");
    assertTrue(evidence.contains("EHLO mx.sender.example"));
    assertTrue(evidence.contains("message accepted in plaintext"));
    assertTrue(evidence.contains("DNS mx.b3." + token));
    assertTrue(
        get("/at/b3." + token + ".lab.example").contains("Location: /t/" + token + "/r/b3\r\n"));
    assertTrue(get("/t/" + token + "/report.json").contains("{\"grade\":"));
    assertTrue(get("/t/" + token + "/junit.xml").contains("attachment; filename=\"lab-" + token));
    assertTrue(post(11, "/t/" + token + "/end", "", "").contains("303 See Other"));
    assertTrue(get("/t/" + token).startsWith("HTTP/1.1 404"));
  }

  /**
   * Mail that its sender refused to send is a fact, and no verdict: its next try may leak. The
   * grade is one so far until the last trap is decided.
   */
  @Test
  void noVerdictIsShownBeforeItIsFinal() {
    String token = token(18);
    for (int tries = 0; tries < 3; tries++) {
      recordLines(token, "b3", List.of("EHLO mx.sender.example", "QUIT"));
    }
    recordLines(token, "b1", mail(token, "b1"));
    String page = get("/t/" + token);
    Matcher refused = Pattern.compile("<tr id=\"row-b3\".*?</tr>").matcher(page);
    assertTrue(refused.find());
    assertTrue(refused.group().contains("<span class=\"chip none\">undecided</span>"));
    assertTrue(refused.group().contains("not delivered, 3 connections"), refused.group());
    assertTrue(get("/t/" + token + "/r/b3").contains("<span class=\"chip none\">undecided</span>"));
    Matcher delivered = Pattern.compile("<tr id=\"row-b1\".*?</tr>").matcher(page);
    assertTrue(delivered.find());
    assertTrue(delivered.group().contains("<span class=\"chip good\">good</span>"));
    assertTrue(page.contains("<li>Grade so far <b>"), page);
    assertTrue(page.contains("<li>Undecided <b>4</b></li>"), page);
    assertFalse(page.contains("<li>Score "), "no score before the end");
    assertFalse(page.contains("<li>Stuck "), "mail that is stuck may still go");
    assertTrue(
        Pattern.compile("<svg[^>]*class=\"seal none\"|seal none").matcher(page).find(), page);
  }

  /** The pages of a token whose sender is hostile in all that it can say, kept for the browser. */
  @Test
  void pagesForTheBrowser() throws Exception {
    String token = token(17);
    String ended = token(17);
    recordLines(ended, "b1", mail(ended, "b1"));
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    keep(pages, "lab-new.html", get("/t/" + token));
    for (String text : Injections.all()) {
      String line = text.replaceAll("[\r\n\0]", " ");
      recordLines(
          token, "b1", List.of("EHLO " + line.substring(0, Math.min(400, line.length())), "QUIT"));
    }
    recordLines(token, "b3", mail(token, "b3"));
    assertTrue(post(17, "/t/" + ended + "/end", "", "").contains("303"));
    assertTrue(get("/t/" + ended).startsWith("HTTP/1.1 404"), "as lab-missing.html");
    String refused = "";
    for (int i = 0; i < 100 && !refused.startsWith("HTTP/1.1 429"); i++) {
      refused = post(17, "/tokens", FORM, "");
    }
    keep(pages, "lab-refused.html", refused);
    for (String[] page :
        new String[][] {
          {"/", "lab-start.html"},
          {"/t/" + token, "lab-token.html"},
          {"/t/" + token + "/r/b1", "lab-trap.html"},
          {"/t/none", "lab-missing.html"},
          {"/style.css", "style.css"},
          {"/lab.js", "lab.js"}
        }) {
      keep(pages, page[1], get(page[0]));
    }
  }

  /** The pages of an ordinary sender while it works, and of requests that are refused. */
  @Test
  void pagesOfARunAndOfRefusalsForTheBrowser() throws Exception {
    String token = token(19);
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    recordLines(token, "a1", mail(token, "a1"));
    recordLines(token, "b1", mail(token, "b1"));
    recordLines(token, "b3", List.of("EHLO mx.sender.example", "QUIT"));
    String running = get("/t/" + token);
    assertTrue(running.contains("<li>Grade so far <b>"), running);
    assertTrue(running.contains("<li>Undecided <b>"), running);
    keep(pages, "lab-running.html", running);
    keep(pages, "lab-incomplete.html", post(19, "/tokens", "rows=quick", ""));
    keep(
        pages,
        "lab-other-site.html",
        post(19, "/tokens", FORM, "Origin: https://evil.example\r\n"));
    keep(pages, "lab-method.html", send(19, "DELETE / HTTP/1.1\r\nHost: lab.example\r\n\r\n"));
  }

  /** Writes the page of a response. */
  private static void keep(Path pages, String name, String answer) throws IOException {
    String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
    Files.writeString(pages.resolve(name), body);
    if (name.endsWith(".html")) {
      assertTrue(body.startsWith("<!doctype html>"), body);
      assertFalse(
          Pattern.compile("<script(?! src=\"/lab.js\" defer></script>)").matcher(body).find());
      assertFalse(Pattern.compile("<[^>]* on[a-z]+=").matcher(body).find(), name);
      assertFalse(Pattern.compile("<(img|iframe|object|base|marquee)").matcher(body).find());
    }
  }

  @Test
  void rowsAppearWithoutReload() throws Exception {
    String token = token(12);
    MemoryWire.MemoryWirePair pair = wires(12);
    Thread server = Threads.start("site", () -> SITES.getFirst().serve(pair.server()));
    pair.client()
        .out()
        .write(
            ("GET /t/" + token + "/events HTTP/1.1\r\nHost: lab.example\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    InputStream in = pair.client().in();
    String head = until(in, "\r\n\r\n");
    assertTrue(head.contains("Content-Type: text/event-stream\r\n"), head);
    assertTrue(until(in, "id=\"head\"").contains("event: part\ndata: <div"));
    recordLines(token, "b1", mail(token, "b1"));
    String row = until(in, "message was delivered in plaintext", "id=\"row-b1\"");
    assertFalse(row.contains("id=\"row-e3\""), "only what changed");
    assertTrue(post(12, "/t/" + token + "/end", "", "").contains("303"));
    until(in, "event: end\n");
    server.join();
  }

  /** Reads until one of the ends was seen. */
  private static String until(InputStream in, String... ends) throws IOException {
    StringBuilder out = new StringBuilder();
    while (true) {
      int c = in.read();
      if (c < 0) {
        throw new IOException("the stream ended: " + out);
      }
      out.append((char) c);
      for (String end : ends) {
        if (out.length() >= end.length()
            && out.substring(out.length() - end.length()).equals(end)) {
          return out.toString();
        }
      }
    }
  }

  @Test
  void streamsPerTokenAreLimited() throws Exception {
    String token = token(13);
    List<MemoryWire.MemoryWirePair> pairs = new ArrayList<>();
    List<Thread> servers = new ArrayList<>();
    String request = "GET /t/" + token + "/events HTTP/1.1\r\nHost: lab.example\r\n\r\n";
    for (int i = 0; i < LabWebSite.MAX_STREAMS; i++) {
      MemoryWire.MemoryWirePair pair = wires(13);
      pairs.add(pair);
      servers.add(Threads.start("site", () -> SITES.getFirst().serve(pair.server())));
      pair.client().out().write(request.getBytes(StandardCharsets.US_ASCII));
      until(pair.client().in(), "\r\n\r\n");
    }
    assertTrue(send(13, request).startsWith("HTTP/1.1 503"));
    lab().end(lab().find(token).orElseThrow());
    for (Thread server : servers) {
      server.join();
    }
    assertTrue(
        send(13, request).startsWith("HTTP/1.1 404"), "and another stream would be accepted");
    pairs.forEach(p -> p.client().close());
  }

  @Test
  void untrustedTextIsEscaped() throws Exception {
    String token = token(14);
    String nasty = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&";
    recordLines(
        token,
        "b1",
        List.of(
            "EHLO " + nasty,
            "EHLO \u202e" + nasty,
            nasty + nasty,
            "MAIL FROM:<" + nasty + "@sender.example> X=" + nasty,
            "RCPT TO:<" + nasty + "@b1." + token + ".lab.example>",
            "RCPT TO:<probe@b1." + token + ".lab.example>",
            "DATA",
            "Subject: " + nasty + "\r\nUser-Agent: " + nasty + "\r\n\r\n" + nasty + "\r\n.",
            "QUIT"));
    MemoryWire.MemoryWirePair pair = wires(14);
    Thread server = Threads.start("site", () -> SITES.getFirst().serve(pair.server()));
    pair.client()
        .out()
        .write(
            ("GET /t/"
                    + token
                    + "/events HTTP/1.1\r\nHost: lab.example\r\nUser-Agent: "
                    + nasty
                    + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    String stream = until(pair.client().in(), "id=\"row-b1\"");
    for (String page :
        List.of(
            get("/t/" + token),
            get("/t/" + token + "/r/b1"),
            stream,
            get("/t/" + token + "/r/%3Cscript%3Ealert(1)%3C/script%3E"),
            get("/<script>alert(1)</script>"),
            get("/t/<script>alert(1)</script>"),
            post(14, "/tokens", "rows=<script>alert(1)</script>", ""))) {
      assertFalse(page.contains("<script>"), page);
      assertFalse(page.contains("<img"), page);
      assertFalse(page.contains("\u202e"), page);
    }
    assertTrue(get("/t/" + token + "/r/b1").contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    lab().end(lab().find(token).orElseThrow());
    server.join();
  }

  @Test
  void crossSiteRequestsCannotUseAClientsTokens() {
    for (String foreign :
        List.of(
            "Origin: https://evil.example\r\n",
            "Origin: null\r\n",
            "Origin: http://lab.example\r\n",
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n")) {
      assertTrue(post(15, "/tokens", FORM, foreign).startsWith("HTTP/1.1 403"), foreign);
    }
    String own = "Origin: https://lab.example\r\nSec-Fetch-Site: same-origin\r\n";
    assertTrue(post(15, "/tokens", FORM, own).startsWith("HTTP/1.1 303"));
  }

  @Test
  void tokensPerNetworkAreLimitedAndTheReasonIsShown() {
    token(16);
    token(16);
    String no = post(16, "/tokens", FORM, "");
    assertTrue(no.startsWith("HTTP/1.1 429"));
    assertTrue(no.contains("your network has 2 tokens"));
  }

  @Test
  void invalidRequestsAreRejected() {
    assertTrue(send(17, "GET /\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(
        send(17, "GET http://elsewhere.example/ HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(
        send(17, "CONNECT elsewhere.example:25 HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(send(17, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n").startsWith("HTTP/1.1 405"));
    assertTrue(send(17, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(send(17, "GET / HTTP/1.1\r\nHost : a\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(
        send(17, "POST /tokens HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            .startsWith("HTTP/1.1 400"));
    assertTrue(
        send(17, "POST /tokens HTTP/1.1\r\nContent-Length: 1025\r\n\r\n")
            .startsWith("HTTP/1.1 413"));
    assertTrue(
        send(17, "POST /tokens HTTP/1.1\r\nContent-Length: -1\r\n\r\n").startsWith("HTTP/1.1 400"));
    assertTrue(
        send(17, "GET /" + "x".repeat(HttpReader.MAX_TARGET) + " HTTP/1.1\r\n\r\n")
            .startsWith("HTTP/1.1 400"));
    assertTrue(
        send(17, "GET / HTTP/1.1\r\nX: " + "x".repeat(LabWebSite.LIMITS.head()))
            .startsWith("HTTP/1.1 431"));
    assertTrue(post(17, "/tokens", "rows=quick", "").startsWith("HTTP/1.1 400"));
    assertTrue(post(17, "/elsewhere", FORM, "").startsWith("HTTP/1.1 404"));
    String head = send(17, "HEAD / HTTP/1.1\r\nHost: lab.example\r\n\r\n");
    assertEquals("", head.substring(head.indexOf("\r\n\r\n") + 4));
  }
}
