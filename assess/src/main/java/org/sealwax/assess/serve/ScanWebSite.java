package org.sealwax.assess.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.render.HtmlPage;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpReply;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.http.StreamedResponse;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.ConnectionLimiter;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The pages and the JSON of the service. GET shows, and only POST from our own pages or from a
 * program starts a scan. Nothing of a request comes back in a response but a domain name in its
 * canonical form, so that no cache and no reader can be given what another one asked for.
 * Thread-safe: a connection is one request.
 */
public final class ScanWebSite {
  /** A form with a name in any spelling is the largest content. */
  static final HttpService.HttpLimits LIMITS =
      new HttpService.HttpLimits(HttpService.HttpLimits.USUAL_HEAD, 4_096, Duration.ofSeconds(20));

  /** With and without a proxy together. */
  static final int CONNECTIONS = 128;

  /** Left to trusted proxies, whatever clients do that come without one. */
  static final int PROXIES_OWN = CONNECTIONS / 2;

  /** A browser opens six. */
  static final int CONNECTIONS_EACH = 16;

  private static final int CONNECTIONS_A_MINUTE = 240;

  private static final String JSON = "application/json";
  private static final String PAGE = "/d/";
  private static final String API = "/api/v1/results/";
  private static final String API_SCANS = "/api/v1/scans";

  private static final String OWN_POLICY =
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
          + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

  /** A report has its style in itself, and no script. */
  private static final String REPORT_POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
          + " frame-ancestors 'none'";

  private final ScanService service;
  private final SiteSettings settings;
  private final ClientAddress clients;
  private final List<HttpField> guards;
  private final HttpService.HttpLimits limits;

  /**
   * How the site is reached.
   *
   * @param origin scheme and authority of its public address, {@code https://assess.example.org};
   *     empty: whatever the browser names as host
   * @param proxies networks of reverse proxies that name the client
   * @param https whether the site itself speaks TLS
   */
  public record SiteSettings(Optional<String> origin, List<Cidr> proxies, boolean https) {
    /** Copies. */
    public SiteSettings {
      proxies = List.copyOf(proxies);
    }
  }

  /** The site of a service. */
  public ScanWebSite(ScanService service, SiteSettings settings) {
    this(service, settings, LIMITS);
  }

  ScanWebSite(ScanService service, SiteSettings settings, HttpService.HttpLimits limits) {
    this.service = service;
    this.limits = limits;
    this.settings = settings;
    this.clients = new ClientAddress(settings.proxies());
    List<HttpField> fields =
        new ArrayList<>(
            List.of(
                new HttpField("X-Content-Type-Options", "nosniff"),
                new HttpField("Referrer-Policy", "same-origin"),
                new HttpField("Cross-Origin-Opener-Policy", "same-origin"),
                new HttpField("Cross-Origin-Resource-Policy", "same-origin"),
                new HttpField("X-Robots-Tag", "noindex")));
    if (settings.https()) {
      fields.add(new HttpField("Strict-Transport-Security", "max-age=31536000"));
    }
    this.guards = List.copyOf(fields);
  }

  /** The connections that its listener takes: a proxy connects for many clients. */
  public TcpListener.ClientGate gate(Clock clock) {
    Limit all = Limit.of(CONNECTIONS);
    int own = clients.proxies().isEmpty() ? CONNECTIONS : CONNECTIONS - PROXIES_OWN;
    ConnectionLimiter each =
        new ConnectionLimiter(all, own, CONNECTIONS_EACH, CONNECTIONS_A_MINUTE, clock);
    return new TcpListener.ClientGate() {
      @Override
      public boolean enter(InetAddress client) {
        return clients.isProxy(client) ? all.tryTake() : each.enter(client);
      }

      @Override
      public void leave(InetAddress client) {
        if (clients.isProxy(client)) {
          all.give();
        } else {
          each.leave(client);
        }
      }
    };
  }

  /**
   * Reads one request and answers it.
   *
   * @param wire owned by the caller
   * @throws IOException when the client has gone, or is too slow
   * @throws InterruptedException when the thread is interrupted
   */
  public void serve(Wire wire) throws IOException, InterruptedException {
    InetAddress peer = wire.peer().getAddress();
    new HttpService(
            limits,
            guards,
            (request, content) -> answer(request, content, clients.of(request, peer)))
        .serve(wire, response -> service.counters().responded(response.status()));
  }

  private HttpReply answer(
      HttpRequest request, HttpHandler.RequestContent content, InetAddress client)
      throws IOException {
    return switch (request.method()) {
      case "GET", "HEAD" -> get(request.path());
      case "POST" -> post(request, content, client);
      default ->
          page(405, ScanPages.message("This address answers GET, HEAD and POST."))
              .with("Allow", "GET, HEAD, POST");
    };
  }

  private static HttpResponse page(int status, String html) {
    return dynamic(HttpResponse.html(status, html)).with("Content-Security-Policy", OWN_POLICY);
  }

  private static HttpResponse text(int status, String text) {
    return dynamic(HttpResponse.text(status, text + "\n"));
  }

  private static HttpResponse json(int status, String json) {
    return dynamic(HttpResponse.of(status, JSON, json + "\n"));
  }

  /** No cache between us and the client keeps it. */
  private static HttpResponse dynamic(HttpResponse response) {
    return response.with("Cache-Control", "no-store");
  }

  private static HttpResponse file(HttpResponse response) {
    return response.with("Cache-Control", "max-age=3600");
  }

  private static HttpResponse missing() {
    return page(404, ScanPages.message("There is no such page."));
  }

  private HttpReply get(String path) throws IOException {
    return switch (path) {
      case "/" -> page(200, ScanPages.start(service));
      case "/assess.css" ->
          file(
              HttpResponse.of(
                  200,
                  "text/css; charset=utf-8",
                  HtmlPage.style() + ScanPages.resource("serve.css")));
      case "/wait.js" ->
          file(
              HttpResponse.of(
                  200, "text/javascript; charset=utf-8", ScanPages.resource("wait.js")));
      case "/robots.txt" ->
          file(HttpResponse.text(200, "User-agent: *\nDisallow: /d/\nDisallow: /api/\n"));
      default -> {
        if (path.startsWith(PAGE)) {
          Optional<Domain> domain = named(path.substring(PAGE.length()));
          yield domain.isPresent() ? result(domain.get()) : missing();
        }
        if (path.startsWith(API)) {
          Optional<Domain> domain = named(path.substring(API.length()));
          yield domain.isPresent()
              ? state(domain.get())
              : json(404, problem("This is not a domain name in its canonical form."));
        }
        yield missing();
      }
    };
  }

  /** A path has a name in its canonical form, and nothing else: one page, one address. */
  private static Optional<Domain> named(String text) {
    return RequestedDomain.read(text) instanceof RequestedDomain.PublicName(Domain domain)
            && domain.name().equals(text)
        ? Optional.of(domain)
        : Optional.empty();
  }

  private HttpReply result(Domain domain) throws IOException {
    ScanService.DomainState state = service.state(domain);
    if (state instanceof ScanService.DomainState.HasResult) {
      Optional<StoredResult> result = service.store().find(domain);
      if (result.isPresent()) {
        return new StreamedResponse(
            dynamic(HttpResponse.html(200, "")).with("Content-Security-Policy", REPORT_POLICY),
            result.get().page());
      }
    }
    int status =
        switch (state) {
          case ScanService.DomainState.HasResult _ -> 404;
          case ScanService.DomainState.Unknown _ -> 404;
          case ScanService.DomainState.Waits _ -> 200;
          case ScanService.DomainState.Runs _ -> 200;
          case ScanService.DomainState.Declined _ -> 200;
        };
    return page(status, ScanPages.state(domain, state));
  }

  private HttpReply state(Domain domain) throws IOException {
    ScanService.DomainState state = service.state(domain);
    ObjectNode json = Json.object();
    json.put("domain", domain.name());
    json.put("page", settings.origin().orElse("") + PAGE + domain.name());
    json.put("text", ScanPages.sentence(state));
    return switch (state) {
      case ScanService.DomainState.HasResult _ -> {
        Optional<StoredResult> result = service.store().find(domain);
        if (result.isEmpty()) {
          yield json(404, Json.line(json.put("state", "unknown")));
        }
        json.put("state", "done").put("ended", result.get().at().toString());
        yield new StreamedResponse(json(200, ""), result.get().report(Json.line(json)));
      }
      case ScanService.DomainState.Waits(int position, int waiting) ->
          json(
              200,
              Json.line(
                  json.put("state", "waiting").put("position", position).put("waiting", waiting)));
      case ScanService.DomainState.Runs() -> json(200, Json.line(json.put("state", "running")));
      case ScanService.DomainState.Declined(String reason) ->
          json(200, Json.line(json.put("state", "declined").put("reason", reason)));
      case ScanService.DomainState.Unknown() -> json(404, Json.line(json.put("state", "unknown")));
    };
  }

  private static String problem(String sentence) {
    return Json.line(Json.object().put("error", sentence));
  }

  private HttpReply post(
      HttpRequest request, HttpHandler.RequestContent content, InetAddress client)
      throws IOException {
    boolean program = request.path().equals(API_SCANS);
    if (!program && !request.path().equals("/scan")) {
      return missing();
    }
    if (isForeign(request)) {
      String reason = "This request comes from the page of another site. Use the form here.";
      return program ? json(403, problem(reason)) : page(403, ScanPages.message(reason));
    }
    byte[] bytes = content.read().orElse(new byte[0]);
    if (program && !request.mediaType().equals(JSON)) {
      return json(415, problem("Send application/json."));
    }
    String name = program ? apiDomain(bytes) : request.form(bytes).getOrDefault("domain", "");
    return switch (RequestedDomain.read(name)) {
      case RequestedDomain.NoPublicName(String reason) ->
          program ? json(400, problem(reason)) : page(400, ScanPages.message(reason));
      case RequestedDomain.PublicName(Domain domain) -> requested(domain, client, program);
    };
  }

  private HttpReply requested(Domain domain, InetAddress client, boolean program)
      throws IOException {
    return switch (service.request(domain, client)) {
      case ScanService.ScanRequestResult.SeePage() ->
          program ? state(domain) : text(303, "").with("Location", PAGE + domain.name());
      case ScanService.ScanRequestResult.TooMany(String reason, boolean forAll) -> {
        int status = forAll ? 503 : 429;
        yield (program ? json(status, problem(reason)) : page(status, ScanPages.message(reason)))
            .with("Retry-After", "600");
      }
    };
  }

  /** The domain of {@code {"domain": "example.org"}}; empty when there is none. */
  private static String apiDomain(byte[] bytes) {
    try {
      JsonNode domain = Json.readForeign(bytes).path("domain");
      return domain.isString() ? domain.asString() : "";
    } catch (JacksonException e) {
      return "";
    }
  }

  /**
   * Pages of other sites must not start scans in the name of their visitors. Browsers send the
   * origin of a form; programs send none.
   */
  private boolean isForeign(HttpRequest request) {
    String site = request.field("sec-fetch-site").orElse("same-origin");
    String host = request.field("host").orElse("");
    boolean several = request.fields().stream().filter(f -> f.name().equals("origin")).count() > 1;
    Optional<String> origin = request.field("origin");
    boolean own =
        origin.isEmpty()
            || settings
                .origin()
                .map(o -> o.equals(origin.get()))
                .orElse(
                    origin.get().equals("https://" + host)
                        || (!settings.https() && origin.get().equals("http://" + host)));
    return several || !own || !site.equals("same-origin");
  }
}
