package org.sealwax.lab.serve;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.http.WebRequest;
import org.sealwax.mail.http.WebResponse;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;

/**
 * The pages of a public lab: one public page, and for each token one that fills as its sender
 * works, with the evidence behind each test case. Complete without script; with script, new test
 * cases appear without a reload. Thread-safe: a connection is one request.
 */
public final class LabWebSite {
  /** Time limit for a request and its answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** A stream of events; the browser reconnects by itself. */
  private static final Duration STREAM = Duration.ofMinutes(15);

  private static final Duration POLL_INTERVAL = Duration.ofMillis(700);

  /** Interval of keep-alive lines, so that a closed connection is noticed. */
  private static final Duration ALIVE = Duration.ofSeconds(10);

  /** Streams of one token at once: a few users who watch the same token. */
  static final int MAX_STREAMS = 6;

  private record CachedReport(long version, SenderReport report) {}

  private final LabService lab;
  private final ReportDownloads downloads;
  private final Clock clock;
  private final Map<String, CachedReport> reports = new ConcurrentHashMap<>();
  private final Map<String, Integer> streams = new HashMap<>();

  /**
   * What can be downloaded.
   *
   * @param json a report for programs
   * @param junit a report for continuous integration
   */
  public record ReportDownloads(
      Function<SenderReport, String> json, Function<SenderReport, String> junit) {}

  /** The pages of this lab. */
  public LabWebSite(LabService lab, ReportDownloads downloads, Clock clock) {
    this.lab = lab;
    this.downloads = downloads;
    this.clock = clock;
  }

  /** Reads one request, answers it, and closes the wire. */
  public void serve(Wire wire) {
    try (Wire _ = wire) {
      wire.readTimeout(PATIENCE);
      switch (read(wire)) {
        case WebRequest.ReadResult.BadRequest(int status) -> {
          if (status > 0) {
            answer(wire, WebResponse.of(status, WebResponse.TEXT, "what?\n"), false);
          }
        }
        case WebRequest.ReadResult.CompleteRequest(WebRequest request) -> {
          Optional<TokenBooking> stream = stream(request);
          if (stream.isPresent() && enter(stream.get())) {
            watch(wire, stream.get());
          } else {
            answer(
                wire,
                stream.isPresent()
                    ? WebResponse.of(503, WebResponse.TEXT, "too many look\n")
                    : answer(request, wire.peer().getAddress()),
                request.method().equals("HEAD"));
          }
        }
      }
    } catch (IOException e) {
      // The browser closed the connection, or the time limit has passed.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static WebRequest.ReadResult read(Wire wire) throws IOException {
    try (Deadline _ = Deadline.after(PATIENCE, wire)) {
      return WebRequest.read(wire.in());
    }
  }

  private static void answer(Wire wire, WebResponse answer, boolean head) throws IOException {
    try (Deadline _ = Deadline.after(PATIENCE, wire)) {
      answer.write(wire.out(), head);
      wire.finish();
    }
  }

  private WebResponse answer(WebRequest request, InetAddress from) {
    return switch (request.method()) {
      case "GET", "HEAD" -> get(request.path());
      case "POST" -> post(request, from);
      default -> new WebResponse(405, WebResponse.TEXT, "Allow: GET, HEAD, POST\r\n", new byte[0]);
    };
  }

  private WebResponse get(String path) {
    return switch (path) {
      case "/" -> WebResponse.page(LabHtmlPages.start(lab));
      case "/ca.pem" -> WebResponse.download("application/x-pem-file", "lab-ca.pem", lab.rootPem());
      case "/style.css" ->
          file("text/css; charset=utf-8", HtmlPage.style() + HtmlPage.resource("lab.css"));
      case "/lab.js" -> file("text/javascript; charset=utf-8", HtmlPage.resource("lab.js"));
      case "/robots.txt" -> file(WebResponse.TEXT, "User-agent: *\nDisallow: /t/\n");
      default -> path.startsWith("/at/") ? at(path.substring(4)) : token(path);
    };
  }

  private static WebResponse file(String type, String text) {
    return new WebResponse(
        200, type, "Cache-Control: max-age=3600\r\n", text.getBytes(StandardCharsets.UTF_8));
  }

  private static WebResponse missing() {
    return WebResponse.of(404, WebResponse.HTML, LabHtmlPages.missing());
  }

  /** The address that stands in the traps' replies: {@code /at/e3.TOKEN.lab.example}. */
  private WebResponse at(String name) {
    String[] labels = name.toLowerCase(Locale.ROOT).split("\\.", -1);
    if (labels.length < 2) {
      return missing();
    }
    return lab.find(labels[1])
        .filter(b -> b.token().find(labels[0]).isPresent())
        .map(b -> WebResponse.see("/t/" + labels[1] + "/r/" + labels[0]))
        .orElse(missing());
  }

  private WebResponse token(String path) {
    String[] parts = path.split("/", -1);
    if (parts.length < 3 || parts.length > 5 || !parts[1].equals("t")) {
      return missing();
    }
    Optional<TokenBooking> found = lab.find(parts[2]);
    if (found.isEmpty()) {
      return missing();
    }
    TokenBooking booking = found.get();
    if (parts.length == 3) {
      return WebResponse.page(LabHtmlPages.token(lab, booking, report(booking)));
    }
    if (parts.length == 5) {
      return parts[3].equals("r")
          ? booking
              .token()
              .find(parts[4])
              .map(s -> WebResponse.page(TrapEvidencePage.of(booking, s, report(booking))))
              .orElse(missing())
          : missing();
    }
    String name = "lab-" + booking.token().token();
    return switch (parts[3]) {
      case "report.json" ->
          WebResponse.download(
              "application/json", name + ".json", downloads.json().apply(report(booking)));
      case "junit.xml" ->
          WebResponse.download(
              "application/xml", name + ".xml", downloads.junit().apply(report(booking)));
      case "recipients.txt" ->
          WebResponse.download(
              WebResponse.TEXT,
              name + ".txt",
              String.join("\n", LabHtmlPages.ready(booking)) + "\n");
      default -> missing();
    };
  }

  private WebResponse post(WebRequest request, InetAddress from) {
    // Pages of other sites must not use up a visitor's tokens.
    String origin = request.header("origin");
    String site = request.header("sec-fetch-site");
    if ((!origin.isEmpty() && !origin.equals("https://" + request.header("host")))
        || (!site.isEmpty() && !site.equals("same-origin"))) {
      return WebResponse.of(403, WebResponse.TEXT, "from another site\n");
    }
    if (request.path().equals("/tokens")) {
      return issue(request.form(), from);
    }
    String[] parts = request.path().split("/", -1);
    if (parts.length == 4 && parts[1].equals("t") && parts[3].equals("end")) {
      lab.find(parts[2]).ifPresent(lab::end);
      return WebResponse.see("/");
    }
    return missing();
  }

  private WebResponse issue(Map<String, String> form, InetAddress from) {
    Optional<List<Trap.TrapCase>> trapCases =
        Optional.ofNullable(form.get("rows")).flatMap(Traps::chosen);
    Optional<SenderProfile> profile = SenderProfile.read(form.getOrDefault("profile", ""));
    Optional<SenderAddressFamily> family = family(form.getOrDefault("family", ""));
    if (trapCases.isEmpty() || profile.isEmpty() || family.isEmpty()) {
      return WebResponse.of(400, WebResponse.TEXT, "the form was not filled in\n");
    }
    return switch (lab.issue(from, trapCases.get(), family.get(), profile.get().label())) {
      case LabService.TokenResult.TokenIssued(TokenBooking booking) ->
          WebResponse.see("/t/" + booking.token().token());
      case LabService.TokenResult.TokenRefused(String why) ->
          WebResponse.of(429, WebResponse.HTML, LabHtmlPages.refused(why));
    };
  }

  private Optional<SenderAddressFamily> family(String word) {
    return switch (word) {
      case "ipv4" -> Optional.of(SenderAddressFamily.IPV4);
      case "ipv6" ->
          lab.settings().trapsV6().isPresent()
              ? Optional.of(SenderAddressFamily.IPV6)
              : Optional.empty();
      default -> Optional.empty();
    };
  }

  /** The report as it stands; made again only when there is something new. */
  private SenderReport report(TokenBooking booking) {
    String token = booking.token().token();
    long version = booking.token().version();
    CachedReport seen = reports.get(token);
    if (seen == null || seen.version() != version) {
      SenderProfile profile =
          SenderProfile.read(booking.note()).orElse(SenderProfile.OPPORTUNISTIC);
      List<Sighting> ready =
          booking.token().sightings().stream()
              .filter(s -> !booking.token().setupFailures().containsKey(s.trapCase().label()))
              .toList();
      seen = new CachedReport(version, new SenderAssessment(profile, false).report(ready));
      reports.keySet().removeIf(t -> lab.find(t).isEmpty());
      reports.put(token, seen);
    }
    return seen.report();
  }

  private Optional<TokenBooking> stream(WebRequest request) {
    String[] parts = request.path().split("/", -1);
    return request.method().equals("GET")
            && parts.length == 4
            && parts[1].equals("t")
            && parts[3].equals("events")
        ? lab.find(parts[2])
        : Optional.empty();
  }

  private boolean enter(TokenBooking booking) {
    synchronized (streams) {
      int now = streams.getOrDefault(booking.token().token(), 0);
      if (now >= MAX_STREAMS) {
        return false;
      }
      streams.put(booking.token().token(), now + 1);
      return true;
    }
  }

  private void leave(TokenBooking booking) {
    synchronized (streams) {
      streams.computeIfPresent(
          booking.token().token(), (token, count) -> count > 1 ? count - 1 : null);
    }
  }

  private static void begin(OutputStream out) throws IOException {
    out.write(
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n"
                + "Cache-Control: no-store\r\n"
                + WebResponse.GUARDS
                + "\r\nretry: 3000\n\n")
            .getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  /** Sends what is new until the token or the time ends. */
  private void watch(Wire wire, TokenBooking booking) throws IOException, InterruptedException {
    try {
      begin(wire.out());
      Map<String, String> answers = new HashMap<>();
      Instant end = clock.now().plus(STREAM);
      Instant spoke = Instant.EPOCH;
      long version = -1;
      while (clock.now().isBefore(end)) {
        if (lab.find(booking.token().token()).isEmpty()) {
          event(wire, "end", "");
          return;
        }
        long now = booking.token().version();
        if (now != version) {
          version = now;
          SenderReport report = report(booking);
          for (Map.Entry<String, String> each :
              LabHtmlPages.fragments(booking, report).entrySet()) {
            if (!each.getValue().equals(answers.put(each.getKey(), each.getValue()))) {
              event(wire, "part", each.getValue());
            }
          }
          spoke = clock.now();
        } else if (clock.now().isAfter(spoke.plus(ALIVE))) {
          spoke = clock.now();
          send(wire, ":\n\n");
        }
        Thread.sleep(POLL_INTERVAL);
      }
    } finally {
      leave(booking);
    }
  }

  private static void event(Wire wire, String name, String html) throws IOException {
    send(wire, "event: " + name + "\ndata: " + html.replaceAll("[\\r\\n]+", " ") + "\n\n");
  }

  private static void send(Wire wire, String text) throws IOException {
    try (Deadline _ = Deadline.after(PATIENCE, wire)) {
      wire.out().write(text.getBytes(StandardCharsets.UTF_8));
      wire.out().flush();
    }
  }
}
