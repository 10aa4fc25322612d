package org.sealwax.mail.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.net.TcpListener;

/** Our endpoints over real sockets: hostile input, and what it costs client and server. */
@Timeout(120)
final class HttpServiceTest {
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final HttpService.HttpLimits LIMITS =
      new HttpService.HttpLimits(1_000, 20, Duration.ofSeconds(20));

  private final List<TcpListener> servers = new ArrayList<>();
  private final AtomicInteger handled = new AtomicInteger();

  @AfterEach
  void close() throws IOException {
    for (TcpListener each : servers) {
      each.close();
    }
  }

  private TcpListener start(HttpService.HttpLimits limits, int connections, HttpHandler handler)
      throws IOException {
    TcpListener server =
        TcpListener.start(
            "test",
            ANY,
            20,
            TcpListener.ClientGate.of(connections),
            new HttpService(limits, handler)::serve,
            problem -> {});
    servers.add(server);
    return server;
  }

  /** Answers with what it got. */
  private TcpListener echo(HttpService.HttpLimits limits, int connections) throws IOException {
    return start(
        limits,
        connections,
        (request, content) -> {
          handled.incrementAndGet();
          String body = new String(content.read().orElse(new byte[0]), StandardCharsets.ISO_8859_1);
          return HttpResponse.text(200, request.path() + " " + body);
        });
  }

  private static Socket connect(TcpListener server, String text) throws IOException {
    Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
    socket.setSoTimeout(60_000);
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    return socket;
  }

  /** All that comes back until the server ends the connection. */
  private static String ask(TcpListener server, String text) throws IOException {
    try (Socket socket = connect(server, text)) {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  private static boolean isEnded(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void oneRequestIsAnsweredAndWhatFollowsItIsNot() throws IOException {
    TcpListener server = echo(LIMITS, 4);
    String post = "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    String answer = ask(server, post + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\nConnection: close\r\n"), answer);
    assertTrue(answer.endsWith("\r\n\r\n/a hello"), answer);
    assertTrue(answer.contains("\r\nX-Content-Type-Options: nosniff\r\n"), answer);
    assertEquals(1, handled.get());
    String head = ask(server, "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
    assertTrue(head.contains("\r\nContent-Length: 3\r\n"), head);
    assertTrue(head.endsWith("\r\n\r\n"), head);
    assertTrue(ask(server, "GET / HTTP/1.0\r\n\r\n").startsWith("HTTP/1.1 200 "), "no Host in 1.0");
    String chunks = "POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n5;x=y\nhello\n0\n\n";
    assertTrue(ask(server, chunks).endsWith("/ hello"), "lines may end with LF");
    String waits =
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi";
    assertTrue(ask(server, waits).startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // two readings of where the content ends: request smuggling
        "400 | Content-Length: 5~Transfer-Encoding: chunked~~0~~",
        "400 | Transfer-Encoding: chunked~Content-Length: 5~~0~~",
        "400 | Content-Length: 1~Content-Length: 2~~ab",
        "400 | Content-Length: 1, 2~~ab",
        "400 | Content-Length: +1~~a",
        "400 | Content-Length: 0x1~~a",
        "400 | Content-Length: -1~~a",
        "400 | Content-Length:~~",
        "400 | Transfer-Encoding: xchunked~~0~~",
        "400 | Transfer-Encoding: chunked, identity~~0~~",
        "400 | Transfer-Encoding: chunked~Transfer-Encoding: chunked~~0~~",
        "400 | Transfer-Encoding : chunked~~0~~",
        "400 | Content-Length : 1~~a",
        "400 | Content-Encoding: gzip~Content-Length: 1~~a",
        // chunks
        "400 | Transfer-Encoding: chunked~~0x5~hello~0~~",
        "400 | Transfer-Encoding: chunked~~-5~hello~0~~",
        "400 | Transfer-Encoding: chunked~~3~hello~0~~",
        "400 | Transfer-Encoding: chunked~~000000005~hello~0~~",
        "400 | Transfer-Encoding: chunked~~~hello~0~~",
        "413 | Transfer-Encoding: chunked~~ffffffff~hello",
        "413 | Transfer-Encoding: chunked~~a~xxxxxxxxxx~b~xxxxxxxxxxx~0~~",
        // fields
        "400 | Host: y~~",
        "400 | X: a~ folded~~",
        "400 | no colon~~",
        "400 | : no name~~",
        "413 | Content-Length: 21~~",
        "413 | Content-Length: 999999999999999999~~",
        "400 | Content-Length: 9999999999999999999~~",
      })
  void whatHasTwoReadingsOrIsTooLargeIsRefused(String status, String rest) throws IOException {
    TcpListener server = echo(LIMITS, 4);
    String text = "POST / HTTP/1.1\r\nHost: x\r\n" + rest.replace("~", "\r\n");
    String answer = ask(server, text);
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    assertEquals(1, answer.split("HTTP/1\\.1", -1).length - 1, answer);
  }

  @ParameterizedTest
  @CsvSource({
    "GET /, 400",
    "GET / HTTP/2, 400",
    "GET  HTTP/1.1, 400",
    "GET http://x/ HTTP/1.1, 400",
    "CONNECT x:25 HTTP/1.1, 400",
    "OPTIONS * HTTP/1.1, 400",
    "G(T / HTTP/1.1, 400",
    "GET /a b HTTP/1.1, 400",
    "HELO x, 400",
    "GET / HTTP/1.1, 200",
  })
  void onlyARequestLineWithAPathIsTaken(String line, String status) throws IOException {
    String answer = ask(echo(LIMITS, 4), line + "\r\nHost: x\r\n\r\n");
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
  }

  @Test
  void controlCharactersInAFieldAreRefused() throws IOException {
    TcpListener server = echo(LIMITS, 4);
    for (String value : List.of("a\0b", "a\rb", "a\u007fb")) {
      String answer = ask(server, "GET / HTTP/1.1\r\nHost: x\r\nX: " + value + "\r\n\r\n");
      assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
    }
    assertEquals(0, handled.get());
    assertThrows(IllegalArgumentException.class, () -> new HttpField("Location", "/\r\nX: y"));
  }

  @Test
  void anEndlessHeadIsRefusedAtTheLimitOfItsListener() throws IOException {
    String start = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    TcpListener small = echo(LIMITS, 4);
    assertTrue(ask(small, start + "x".repeat(1_000)).startsWith("HTTP/1.1 431 "));
    assertTrue(
        ask(small, start + "yyyyyyyyyyyyyyyyyyyy\r\nX: ".repeat(50)).startsWith("HTTP/1.1 431 "));
    TcpListener large = echo(new HttpService.HttpLimits(9_000, 20, Duration.ofSeconds(20)), 4);
    assertTrue(ask(large, start + "x".repeat(1_000) + "\r\n\r\n").startsWith("HTTP/1.1 200 "));
    String fields = "X: y\r\n".repeat(HttpReader.MAX_FIELDS + 1);
    assertTrue(ask(large, "GET / HTTP/1.1\r\n" + fields + "\r\n").startsWith("HTTP/1.1 400 "));
  }

  @Test
  void aSlowHeadAndASlowBodyEndWithTheTimeOfTheListener() throws Exception {
    TcpListener quick = echo(new HttpService.HttpLimits(1_000, 20, Duration.ofMillis(300)), 4);
    for (String start :
        List.of("GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n")) {
      try (Socket socket = connect(quick, start)) {
        // A byte now and then must not lengthen it: the time is one for the whole request.
        IOException end = null;
        for (int i = 0; end == null && i < 600; i++) {
          try {
            Thread.sleep(50);
            socket.getOutputStream().write('x');
            if (i > 20 && socket.getInputStream().available() == 0 && isEnded(socket)) {
              end = new IOException("ended");
            }
          } catch (IOException e) {
            end = e;
          }
        }
        assertTrue(end != null, "still open");
      }
    }
    try (Socket silent = connect(quick, "")) {
      assertTrue(isEnded(silent));
    }
  }

  @Test
  void aClientThatDoesNotReadDoesNotHoldAPlace() throws Exception {
    byte[] large = new byte[32 << 20];
    TcpListener server =
        start(
            new HttpService.HttpLimits(1_000, 20, Duration.ofMillis(500)),
            1,
            (request, content) ->
                new HttpResponse(200, List.of(), request.path().equals("/") ? new byte[0] : large));
    String request = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
    try (Socket lazy = connect(server, request)) {
      while (!ask(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").startsWith("HTTP/1.1 200 ")) {
        Thread.sleep(50);
      }
      assertFalse(lazy.isClosed());
    }
  }

  @Test
  void connectionsOverTheLimitAreClosedAndPlacesComeBack() throws Exception {
    TcpListener server = echo(LIMITS, 3);
    List<Socket> held = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      held.add(connect(server, "GET /"));
    }
    for (int i = 0; i < 50; i++) {
      try (Socket more = connect(server, "")) {
        assertTrue(isEnded(more), "one too many");
      }
    }
    for (Socket each : held) {
      each.close();
    }
    String request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    String answer = "";
    while (!answer.startsWith("HTTP/1.1 200 ")) {
      try {
        answer = ask(server, request);
      } catch (IOException e) {
        // Its place is given back a moment after the client has gone.
      }
    }
    try (Socket last = connect(server, "GET /")) {
      server.close();
      assertTrue(isEnded(last), "closing ends all");
    }
  }

  @Test
  void eventsGoOnPastTheTimeOfARequest() throws Exception {
    AtomicInteger ended = new AtomicInteger();
    TcpListener server =
        start(
            new HttpService.HttpLimits(1_000, 20, Duration.ofMillis(300)),
            4,
            (request, content) ->
                new HttpEvents(
                    client -> {
                      try {
                        client.event("first", "a\r\nb");
                        Thread.sleep(600);
                        client.alive();
                        client.event("last", "c");
                      } finally {
                        ended.incrementAndGet();
                      }
                    }));
    String text = ask(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assertTrue(text.contains("\r\nContent-Type: text/event-stream\r\n"), text);
    assertTrue(
        text.endsWith(
            "\r\n\r\nretry: 3000\n\nevent: first\ndata: a b\n\n:\n\nevent: last\ndata: c\n\n"),
        text);
    try (Socket gone = connect(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")) {
      InputStream in = gone.getInputStream();
      assertEquals('H', in.read());
      gone.setSoLinger(true, 0);
    }
    while (ended.get() < 2) {
      Thread.sleep(20);
    }
  }
}
