package org.sealwax.mail.http;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;

/**
 * The server side of HTTP/1.1 for our own endpoints: one request of a connection, its reply, the
 * end. So a second request cannot be smuggled after the first, and a total time covers all of it.
 * It needs a connection only, in plaintext or over TLS: an endpoint may share its address with
 * others (docs/adr/0098). Thread-safe.
 *
 * @param limits of each connection
 * @param fields of every response
 * @param handler of the requests
 */
public record HttpService(HttpLimits limits, List<HttpField> fields, HttpHandler handler) {
  /** Concurrent connections to an endpoint: monitors ask every few seconds. */
  public static final int CONNECTIONS = 32;

  private static final int BACKLOG = 20;

  private static final String CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

  /**
   * Limits of one connection.
   *
   * @param head bytes of the request line and the fields
   * @param body bytes of the content
   * @param time from the first byte to the last one of the response; of events, for each
   */
  public record HttpLimits(int head, int body, Duration time) {
    /** Bytes of a usual head: browsers send 700. */
    public static final int USUAL_HEAD = 8_192;

    /** For endpoints that are read only. */
    public static final HttpLimits SMALL =
        new HttpLimits(USUAL_HEAD, 1_024, Duration.ofSeconds(10));
  }

  /** Copies. */
  public HttpService {
    fields = List.copyOf(fields);
  }

  /**
   * A service whose content is not guessed at by browsers.
   *
   * @param limits of each connection
   * @param handler of the requests
   */
  public HttpService(HttpLimits limits, HttpHandler handler) {
    this(limits, List.of(new HttpField("X-Content-Type-Options", "nosniff")), handler);
  }

  /**
   * Listens for plaintext at an address of its own.
   *
   * @param name of the threads
   * @param address address and port to listen at; port 0: a free one
   * @param onProblem gets a sentence when accept fails
   * @return the running listener
   * @throws IOException when the address is not available
   */
  public TcpListener listen(String name, InetSocketAddress address, Consumer<String> onProblem)
      throws IOException {
    return TcpListener.start(
        name, address, BACKLOG, TcpListener.ClientGate.of(CONNECTIONS), this::serve, onProblem);
  }

  /**
   * Reads one request, answers it, and ends the connection.
   *
   * @param wire owned by the caller
   * @throws IOException when the client has gone, or the time has passed
   * @throws InterruptedException when the thread is interrupted
   */
  public void serve(Wire wire) throws IOException, InterruptedException {
    serve(wire, response -> {});
  }

  /**
   * The same.
   *
   * @param wire owned by the caller
   * @param watcher gets the response before it is sent, without a content that is read meanwhile;
   *     nothing when it is a stream of events
   * @throws IOException when the client has gone, or the time has passed
   * @throws InterruptedException when the thread is interrupted
   */
  public void serve(Wire wire, Consumer<HttpResponse> watcher)
      throws IOException, InterruptedException {
    wire.readTimeout(limits.time());
    HttpEvents events;
    try (Deadline _ = Deadline.after(limits.time(), wire)) {
      HttpReader reader = new HttpReader(wire.in(), limits);
      HttpRequest request = null;
      HttpReply reply;
      try {
        request = reader.request();
        reply = answer(wire, reader, request);
      } catch (MalformedHttp e) {
        reply = HttpResponse.of(e.status(), HttpResponse.TEXT, e.getMessage() + "\n");
      } catch (OversizedHttp e) {
        reply = HttpResponse.text(413, "over " + limits.body() + " bytes\n");
      }
      boolean head = request != null && request.method().equals("HEAD");
      switch (reply) {
        case HttpResponse response -> {
          watcher.accept(response);
          response.writeHead(wire.out(), fields);
          if (!head) {
            wire.out().write(response.body());
            wire.out().flush();
          }
          wire.finish();
          return;
        }
        case StreamedResponse(HttpResponse first, StreamedResponse.StreamedContent content) -> {
          try (content) {
            watcher.accept(first);
            first.writeHead(wire.out(), fields, content.length());
            if (!head) {
              content.writeTo(wire.out());
              wire.out().flush();
            }
            wire.finish();
          }
          return;
        }
        case HttpEvents some -> events = some;
      }
    }
    String head =
        HttpResponse.of(200, "text/event-stream", "")
            .with("Cache-Control", "no-store")
            .head(fields);
    events.source().sendTo(new HttpEvents.EventClient(wire, limits.time(), head));
  }

  private HttpReply answer(Wire wire, HttpReader reader, HttpRequest request)
      throws IOException, InterruptedException {
    long hosts = request.fields().stream().filter(f -> f.name().equals("host")).count();
    // RFC 9112 §3.2: a request with two hosts means different things to different readers.
    if (hosts > 1 || (hosts == 0 && request.version() > 0)) {
      throw new MalformedHttp("no Host field, or more than one");
    }
    if (!request.target().startsWith("/")) {
      throw new MalformedHttp("the request target is not a path");
    }
    HttpReader.refuseCodings(request.fields());
    boolean waits =
        request.field("expect").orElse("").toLowerCase(Locale.ROOT).equals("100-continue");
    return handler.answer(
        request,
        () -> {
          // RFC 9110 §10.1.1: a client that asks waits for this reply before the content.
          if (waits) {
            wire.out().write(CONTINUE.getBytes(StandardCharsets.US_ASCII));
            wire.out().flush();
          }
          return reader.content();
        });
  }
}
