package org.sealwax.mail.http;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.mail.net.Wire;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Answers and requests of any bytes: one within its limits, or a named refusal. */
public final class HttpsFuzzTargets {
  private static final int MAX = 1_000;

  private HttpsFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "http-reply",
            HttpsFuzzTargets::reply,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200\r\n\r\nto the end",
            """
            HTTP/1.1 200 OK\r
            Transfer-Encoding: chunked\r
            \r
            5;x=y\r
            hello\r
            0\r
            a: b\r
            \r
            """,
            "HTTP/1.1 301 Moved\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n"),
        FuzzTarget.ofTexts(
            "http-request",
            HttpsFuzzTargets::request,
            "POST /v1/tlsrpt HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "POST /?a=b HTTP/1.0\nHost: a\nTransfer-Encoding: chunked\n\n5;x\nhello\n0\n\n",
            "GET * HTTP/1.1\r\n\r\n"),
        FuzzTarget.ofTexts(
            "web-request",
            HttpsFuzzTargets::service,
            "GET /t/k7f2q9/r/e3?x=1 HTTP/1.1\r\nHost: lab.example\r\nAccept: text/html\r\n\r\n",
            "POST /tokens HTTP/1.1\r\nHost: a\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\n"
                + "Content-Length: 24\r\n\r\nrows=quick&family=ipv4%0",
            "HEAD / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"));
  }

  private static void request(byte[] input) throws IOException {
    HttpReader reader = new HttpReader(new ByteArrayInputStream(input), MAX);
    try {
      HttpRequest head = reader.request();
      holds(head.target().chars().allMatch(c -> c > 0x20 && c < 0x7f), "a target with blanks");
      holds(head.method().chars().allMatch(c -> c > 0x20 && c < 0x7f), "a method");
      holds(head.fields().size() <= HttpReader.MAX_FIELDS, "fields");
      reader.content().ifPresent(c -> holds(c.length <= MAX, c.length + " bytes"));
    } catch (MalformedHttp | OversizedHttp e) {
      holds(e.getMessage() != null, "no words");
    }
  }

  /** Whatever comes, our endpoint sends one response, and a handler sees only good requests. */
  private static void service(byte[] input) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    HttpService service =
        new HttpService(
            HttpService.HttpLimits.SMALL,
            (request, content) -> {
              holds(request.path().matches("/[!-~]*"), "a path");
              holds(request.path().length() <= HttpReader.MAX_TARGET, "a short one");
              byte[] body = content.read().orElse(new byte[0]);
              holds(body.length <= HttpService.HttpLimits.SMALL.body(), "a short form");
              request
                  .fields()
                  .forEach(f -> holds(f.name().equals(f.name().toLowerCase(Locale.ROOT)), "case"));
              request.form(body).keySet().forEach(n -> holds(!n.isEmpty(), "a name"));
              return HttpResponse.text(200, "ok\n");
            });
    try {
      AtomicInteger answered = new AtomicInteger();
      service.serve(new BytesWire(input, out), response -> answered.set(response.status()));
      int status = answered.get();
      holds(status == 200 || (status >= 400 && status < 500), "a client's mistake");
      String text = out.toString(StandardCharsets.ISO_8859_1);
      holds(text.contains("HTTP/1.1 " + status + " "), text);
      holds(text.split("HTTP/1.1 ", -1).length <= 3, "one response after a 100");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A client that has sent everything, and reads everything. */
  private record BytesWire(InputStream in, OutputStream out) implements Wire {
    BytesWire(byte[] input, OutputStream out) {
      this(new ByteArrayInputStream(input), out);
    }

    @Override
    public InetSocketAddress local() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 443);
    }

    @Override
    public InetSocketAddress peer() {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 40_000);
    }

    @Override
    public void readTimeout(Duration timeout) {}

    @Override
    public void close() {}
  }

  private static void reply(byte[] input) throws IOException {
    try {
      HttpResponse reply = new HttpReader(new ByteArrayInputStream(input), MAX).response();
      holds(reply.status() >= 200 && reply.status() <= 999, "status " + reply.status());
      holds(reply.body().length <= MAX, reply.body().length + " bytes");
      holds(reply.fields().size() <= HttpReader.MAX_FIELDS, "fields");
      holds(
          reply.fields().stream().allMatch(f -> f.name().equals(f.name().toLowerCase(Locale.ROOT))),
          "a name");
    } catch (MalformedHttp | OversizedHttp e) {
      holds(e.getMessage() != null, "no words");
    }
  }
}
