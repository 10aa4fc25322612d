package org.sealwax.mail.http;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
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
            "GET * HTTP/1.1\r\n\r\n"));
  }

  private static void request(byte[] input) throws IOException {
    HttpRequestReader reader = new HttpRequestReader(new ByteArrayInputStream(input), MAX);
    try {
      HttpRequestReader.RequestHead head = reader.head();
      holds(head.target().chars().allMatch(c -> c > 0x20 && c < 0x7f), "a target with blanks");
      holds(head.method().chars().allMatch(c -> c > 0x20 && c < 0x7f), "a method");
      holds(head.fields().size() <= HttpMessageReader.MAX_FIELDS, "fields");
      reader.content(head).ifPresent(c -> holds(c.length <= MAX, c.length + " octets"));
    } catch (MalformedHttp | OversizedHttp e) {
      holds(e.getMessage() != null, "no words");
    }
  }

  private static void reply(byte[] input) throws IOException {
    try {
      HttpResponse reply = new HttpResponseReader(new ByteArrayInputStream(input), MAX).read();
      holds(reply.status() >= 200 && reply.status() <= 999, "status " + reply.status());
      holds(reply.body().length <= MAX, reply.body().length + " octets");
      holds(reply.fields().size() <= HttpResponseReader.MAX_FIELDS, "fields");
      holds(
          reply.fields().stream()
              .allMatch(f -> f.name().equals(f.name().toLowerCase(java.util.Locale.ROOT))),
          "a name");
    } catch (MalformedHttp | OversizedHttp e) {
      holds(e.getMessage() != null, "no words");
    }
  }
}
