package org.sealwax.router.certs.acme;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import org.sealwax.mail.http.HttpField;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsRequest;
import org.sealwax.mail.http.HttpsUrl;
import org.sealwax.mail.net.Clock;

/**
 * The HTTP of one order: what acme4j takes for the JDK's client is our own ({@link
 * org.sealwax.mail.http.HttpsClient}). The JDK's would follow redirects and read a body without a
 * limit of size or time, and acme4j reads whatever it gets.
 *
 * <p>Here a request is HTTPS, is sent to one host that is resolved by our resolver, is not
 * redirected, and has a time limit; all requests of an order are over after its total time, and
 * there are at most {@link #MAX_REQUESTS}. Of a response acme4j sees the fields that ACME has, and
 * a content of at most {@link #MAX_BODY}. Owned by one thread.
 */
final class AcmeHttp extends HttpClient {
  /** Bytes of a response; a chain has 4 to 8 KiB, and is sent to each client of our listeners. */
  static final int MAX_BODY = 64 * 1_024;

  /** Requests of one order: without failures a dozen, and the polls. */
  static final int MAX_REQUESTS = 400;

  /** Of a response, what ACME uses; caching and dates of the authority are not ours. */
  private static final List<String> FIELDS =
      List.of("content-type", "replay-nonce", "location", "link");

  private static final List<String> SENT = List.of("accept", "accept-language", "content-type");

  private final AcmeExchange client;
  private final Clock clock;
  private final Duration request;
  private final long end;
  private Optional<Duration> retryAfter = Optional.empty();
  private int requests;

  /**
   * Time limits.
   *
   * @param request for one
   * @param order for all of one order or question
   */
  record TimeLimits(Duration request, Duration order) {
    /** Let's Encrypt validates within seconds, others within minutes. */
    static final TimeLimits USUAL = new TimeLimits(Duration.ofSeconds(60), Duration.ofMinutes(15));
  }

  /** Sends one request: the two clients, of which one may reach private addresses. */
  interface AcmeExchange {
    /** As {@link org.sealwax.mail.http.HttpsClient#exchange}. */
    HttpsExchange exchange(HttpsRequest request) throws InterruptedException;
  }

  /**
   * For one order.
   *
   * @param limits time for one request, and for all
   */
  AcmeHttp(AcmeExchange client, Clock clock, TimeLimits limits) {
    this.client = client;
    this.clock = clock;
    this.request = limits.request();
    this.end = clock.nanoTime() + limits.order().toNanos();
  }

  /** What the last response said in Retry-After; empty: nothing that can be used. */
  Optional<Duration> retryAfter() {
    return retryAfter;
  }

  /** Time that is left for the order. */
  Duration left() {
    return Duration.ofNanos(end - clock.nanoTime());
  }

  @Override
  @SuppressWarnings("unchecked") // acme4j asks for a stream
  public <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    retryAfter = Optional.empty();
    Duration left = left();
    if (++requests > MAX_REQUESTS) {
      throw new IOException("more than " + MAX_REQUESTS + " requests for one order");
    }
    if (!left.isPositive()) {
      throw new IOException("the order took too long");
    }
    HttpsUrl url =
        HttpsUrl.of(request.uri())
            .orElseThrow(() -> new IOException("not an HTTPS URL: " + ofAuthority(request.uri())));
    Optional<byte[]> content = content(request);
    HttpsRequest.Method method = HttpsRequest.Method.valueOf(request.method());
    HttpsExchange exchange =
        client.exchange(
            new HttpsRequest(
                url.host(),
                url.port(),
                url.target(),
                method,
                fields(request),
                content.map(
                    bytes ->
                        new HttpsRequest.RequestContent(
                            request.headers().firstValue("Content-Type").orElse(""), bytes)),
                HttpsRequest.CertificateUse.DEMANDED,
                new HttpsRequest.Limits(
                    MAX_BODY,
                    HttpsRequest.ErrorContent.READ,
                    left.compareTo(this.request) < 0 ? left : this.request)));
    org.sealwax.mail.http.HttpResponse reply = exchange.reply();
    if (reply == null) {
      throw new IOException(
          url.host().name() + ": " + (exchange.failure() == null ? "" : exchange.failure().text()));
    }
    if (reply.status() >= 300 && reply.status() < 400) {
      throw new IOException(
          url.host().name() + ": HTTP status " + reply.status() + ", redirects are not followed");
    }
    retryAfter = retryAfter(reply);
    return (HttpResponse<T>) new AcmeResponse(request, reply);
  }

  private static String ofAuthority(URI uri) {
    return AcmeClient.ownWords(uri.toString());
  }

  private static List<HttpField> fields(HttpRequest request) {
    List<HttpField> fields = new ArrayList<>();
    request
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              // Content-Type goes with the content.
              if (SENT.contains(name.toLowerCase(Locale.ROOT))
                  && !name.equalsIgnoreCase("content-type")) {
                values.forEach(value -> fields.add(new HttpField(name, value)));
              }
            });
    return fields;
  }

  private static Optional<byte[]> content(HttpRequest request) {
    return request
        .bodyPublisher()
        .filter(publisher -> publisher.contentLength() != 0)
        .map(
            publisher -> {
              ByteArrayOutputStream bytes = new ByteArrayOutputStream();
              publisher.subscribe(new Collected(bytes));
              return bytes.toByteArray();
            });
  }

  /** The publisher of a text gives all of it in the thread that subscribes. */
  private record Collected(ByteArrayOutputStream bytes) implements Flow.Subscriber<ByteBuffer> {
    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer block) {
      byte[] some = new byte[block.remaining()];
      block.get(some);
      bytes.writeBytes(some);
    }

    @Override
    public void onError(Throwable why) {
      throw new IllegalStateException(why);
    }

    @Override
    public void onComplete() {
      // All of it is there.
    }
  }

  /** RFC 9110 10.2.3: seconds, or a date, which is compared with the date of the same clock. */
  private static Optional<Duration> retryAfter(org.sealwax.mail.http.HttpResponse reply) {
    String text = reply.field("retry-after").orElse("");
    if (text.matches("[0-9]{1,9}")) {
      return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
    }
    try {
      ZonedDateTime then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME);
      ZonedDateTime now =
          ZonedDateTime.parse(reply.field("date").orElse(""), DateTimeFormatter.RFC_1123_DATE_TIME);
      Duration wait = Duration.between(now, then);
      return wait.isNegative() ? Optional.empty() : Optional.of(wait);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private record AcmeResponse(HttpRequest request, org.sealwax.mail.http.HttpResponse reply)
      implements HttpResponse<InputStream> {
    @Override
    public int statusCode() {
      return reply.status();
    }

    @Override
    public Optional<HttpResponse<InputStream>> previousResponse() {
      return Optional.empty();
    }

    @Override
    public HttpHeaders headers() {
      Map<String, List<String>> kept = new LinkedHashMap<>();
      for (HttpField field : reply.fields()) {
        if (FIELDS.contains(field.name())) {
          kept.computeIfAbsent(field.name(), name -> new ArrayList<>()).add(field.value());
        }
      }
      return HttpHeaders.of(kept, (name, value) -> true);
    }

    @Override
    public InputStream body() {
      return new ByteArrayInputStream(reply.body());
    }

    @Override
    public Optional<SSLSession> sslSession() {
      return Optional.empty();
    }

    @Override
    public URI uri() {
      return request.uri();
    }

    @Override
    public Version version() {
      return Version.HTTP_1_1;
    }
  }

  @Override
  public <T> CompletableFuture<HttpResponse<T>> sendAsync(
      HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    throw new UnsupportedOperationException();
  }

  @Override
  public <T> CompletableFuture<HttpResponse<T>> sendAsync(
      HttpRequest request,
      HttpResponse.BodyHandler<T> handler,
      HttpResponse.PushPromiseHandler<T> pushes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<CookieHandler> cookieHandler() {
    return Optional.empty();
  }

  @Override
  public Optional<Duration> connectTimeout() {
    return Optional.of(request);
  }

  @Override
  public Redirect followRedirects() {
    return Redirect.NEVER;
  }

  @Override
  public Optional<ProxySelector> proxy() {
    return Optional.empty();
  }

  @Override
  public SSLContext sslContext() {
    try {
      return SSLContext.getDefault();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public SSLParameters sslParameters() {
    return new SSLParameters();
  }

  @Override
  public Optional<Authenticator> authenticator() {
    return Optional.empty();
  }

  @Override
  public Version version() {
    return Version.HTTP_1_1;
  }

  @Override
  public Optional<Executor> executor() {
    return Optional.empty();
  }
}
