package org.sealwax.lab.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
import org.sealwax.mail.http.HttpEvents;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpReply;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Wire;

/**
 * The pages of a public lab: one public page, and for each token one that fills as its sender
 * works, with the evidence behind each test case. Complete without script; with script, new test
 * cases appear without a reload. Thread-safe: a connection is one request.
 */
public final class LabWebSite {
  /** Three short fields are the largest form. */
  static final HttpService.HttpLimits LIMITS =
      new HttpService.HttpLimits(HttpService.HttpLimits.USUAL_HEAD, 1_024, Duration.ofSeconds(20));

  /**
   * What every response has: nothing but our own files, no script in a page, no frame around it, no
   * address of a page sent to other sites (a token stands in it). (Without any referrer browsers
   * send "Origin: null" with our own forms.)
   */
  private static final List<HttpField> GUARDS =
      List.of(
          new HttpField(
              "Content-Security-Policy",
              "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
                  + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
          new HttpField("X-Content-Type-Options", "nosniff"),
          new HttpField("Referrer-Policy", "same-origin"),
          new HttpField("Cross-Origin-Opener-Policy", "same-origin"),
          new HttpField("Cross-Origin-Resource-Policy", "same-origin"),
          new HttpField("Strict-Transport-Security", "max-age=31536000"),
          new HttpField("X-Robots-Tag", "noindex"));

  /** A stream of events; the browser reconnects by itself. */
  private static final Duration STREAM = Duration.ofMinutes(15);

  private static final Duration POLL_INTERVAL = Duration.ofMillis(700);

  /** Interval of keep-alive lines, so that a closed connection is noticed. */
  private static final Duration ALIVE = Duration.ofSeconds(10);

  /** Concurrent streams of one token: a few users who watch the same token. */
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
    HttpService service =
        new HttpService(
            LIMITS, GUARDS, (request, content) -> answer(request, content, wire.peer()));
    try (Wire _ = wire) {
      service.serve(wire);
    } catch (IOException e) {
      // The browser closed the connection, or the time limit has passed.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private HttpReply answer(
      HttpRequest request, HttpHandler.RequestContent content, InetSocketAddress from)
      throws IOException {
    Optional<TokenBooking> stream = stream(request);
    if (stream.isPresent()) {
      return enter(stream.get())
          ? new HttpEvents(client -> watch(client, stream.get()))
          : page(503, HttpResponse.TEXT, "too many viewers of this page; try again later\n");
    }
    return switch (request.method()) {
      case "GET", "HEAD" -> get(request.path());
      case "POST" -> post(request, content.read().orElse(new byte[0]), from.getAddress());
      default ->
          message(405, "This address answers GET, HEAD and POST.").with("Allow", "GET, HEAD, POST");
    };
  }

  private static HttpResponse page(int status, String type, String text) {
    return HttpResponse.of(status, type, text).with("Cache-Control", "no-store");
  }

  private static HttpResponse message(int status, String sentence) {
    return page(status, HttpResponse.HTML, LabHtmlPages.message(status, sentence));
  }

  private static HttpResponse page(String html) {
    return page(200, HttpResponse.HTML, html);
  }

  /** A file to save. */
  private static HttpResponse download(String type, String name, String text) {
    return page(200, type, text)
        .with("Content-Disposition", "attachment; filename=\"" + name + "\"");
  }

  /** A redirect, with GET. */
  private static HttpResponse see(String path) {
    return page(303, HttpResponse.TEXT, "").with("Location", path);
  }

  private HttpResponse get(String path) {
    return switch (path) {
      case "/" -> page(LabHtmlPages.start(lab));
      case "/ca.pem" -> download("application/x-pem-file", "lab-ca.pem", lab.rootPem());
      case "/style.css" ->
          file("text/css; charset=utf-8", HtmlPage.style() + HtmlPage.resource("lab.css"));
      case "/lab.js" -> file("text/javascript; charset=utf-8", HtmlPage.resource("lab.js"));
      case "/robots.txt" -> file(HttpResponse.TEXT, "User-agent: *\nDisallow: /t/\n");
      default -> path.startsWith("/at/") ? at(path.substring(4)) : token(path);
    };
  }

  private static HttpResponse file(String type, String text) {
    return HttpResponse.of(200, type, text).with("Cache-Control", "max-age=3600");
  }

  private static HttpResponse missing() {
    return page(404, HttpResponse.HTML, LabHtmlPages.missing());
  }

  /** The address that stands in the traps' replies: {@code /at/e3.TOKEN.lab.example}. */
  private HttpResponse at(String name) {
    String[] labels = name.toLowerCase(Locale.ROOT).split("\\.", -1);
    if (labels.length < 2) {
      return missing();
    }
    return lab.find(labels[1])
        .filter(b -> b.token().find(labels[0]).isPresent())
        .map(b -> see("/t/" + labels[1] + "/r/" + labels[0]))
        .orElse(missing());
  }

  private HttpResponse token(String path) {
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
      return page(LabHtmlPages.token(lab, booking, report(booking)));
    }
    if (parts.length == 5) {
      return parts[3].equals("r")
          ? booking
              .token()
              .find(parts[4])
              .map(s -> page(TrapEvidencePage.of(booking, s, report(booking))))
              .orElse(missing())
          : missing();
    }
    String name = "lab-" + booking.token().token();
    return switch (parts[3]) {
      case "report.json" ->
          download("application/json", name + ".json", downloads.json().apply(report(booking)));
      case "junit.xml" ->
          download("application/xml", name + ".xml", downloads.junit().apply(report(booking)));
      case "recipients.txt" ->
          download(
              HttpResponse.TEXT,
              name + ".txt",
              String.join("\n", LabHtmlPages.ready(booking)) + "\n");
      default -> missing();
    };
  }

  private HttpResponse post(HttpRequest request, byte[] content, InetAddress from) {
    // Pages of other sites must not use up a visitor's tokens.
    String origin = request.field("origin").orElse("");
    String site = request.field("sec-fetch-site").orElse("");
    if ((!origin.isEmpty() && !origin.equals("https://" + request.field("host").orElse("")))
        || (!site.isEmpty() && !site.equals("same-origin"))) {
      return message(
          403, "The form was sent from a page of another site. Use the form of the start page.");
    }
    if (request.path().equals("/tokens")) {
      return issue(request.form(content), from);
    }
    String[] parts = request.path().split("/", -1);
    if (parts.length == 4 && parts[1].equals("t") && parts[3].equals("end")) {
      lab.find(parts[2]).ifPresent(lab::end);
      return see("/");
    }
    return missing();
  }

  private HttpResponse issue(Map<String, String> form, InetAddress from) {
    Optional<List<Trap.TrapCase>> trapCases =
        Optional.ofNullable(form.get("rows")).flatMap(Traps::chosen);
    Optional<SenderProfile> profile = SenderProfile.read(form.getOrDefault("profile", ""));
    Optional<SenderAddressFamily> family = family(form.getOrDefault("family", ""));
    if (trapCases.isEmpty() || profile.isEmpty() || family.isEmpty()) {
      return message(
          400,
          "The form needs the hosts to test, an address family that this lab has, and a profile.");
    }
    return switch (lab.issue(from, trapCases.get(), family.get(), profile.get().label())) {
      case LabService.TokenResult.TokenIssued(TokenBooking booking) ->
          see("/t/" + booking.token().token());
      case LabService.TokenResult.TokenRefused(String why) ->
          page(429, HttpResponse.HTML, LabHtmlPages.refused(why));
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

  /** The present report; made again only when there is something new. */
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

  private Optional<TokenBooking> stream(HttpRequest request) {
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

  /** Sends what is new until the token or the time ends. */
  private void watch(HttpEvents.EventClient client, TokenBooking booking)
      throws IOException, InterruptedException {
    try {
      Map<String, String> answers = new HashMap<>();
      Instant end = clock.now().plus(STREAM);
      Instant spoke = Instant.EPOCH;
      long version = -1;
      while (clock.now().isBefore(end)) {
        if (lab.find(booking.token().token()).isEmpty()) {
          client.event("end", "");
          return;
        }
        long now = booking.token().version();
        if (now != version) {
          version = now;
          SenderReport report = report(booking);
          for (Map.Entry<String, String> each :
              LabHtmlPages.fragments(booking, report).entrySet()) {
            if (!each.getValue().equals(answers.put(each.getKey(), each.getValue()))) {
              client.event("part", each.getValue());
            }
          }
          spoke = clock.now();
        } else if (clock.now().isAfter(spoke.plus(ALIVE))) {
          spoke = clock.now();
          client.alive();
        }
        Thread.sleep(POLL_INTERVAL);
      }
    } finally {
      leave(booking);
    }
  }
}
