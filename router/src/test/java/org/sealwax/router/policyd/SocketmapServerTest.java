package org.sealwax.router.policyd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.router.log.RecordingMailLog;

/** The protocol of socketmap_table(5), and how it handles clients that do not speak it. */
final class SocketmapServerTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final SocketmapEndpoint ANY =
      new SocketmapEndpoint.Tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));

  @TempDir private Path folder = Path.of("");
  private final RecordingMailLog log = new RecordingMailLog();

  /** One connection. */
  private static final class SocketmapClient implements AutoCloseable {
    private final Wire wire;
    private final BufferedInputStream in;

    SocketmapClient(Wire wire) throws IOException {
      this.wire = wire;
      wire.readTimeout(LONG);
      this.in = new BufferedInputStream(wire.in());
    }

    static SocketmapClient of(SocketmapServer server) throws IOException {
      String place = server.boundAddress();
      int port = Integer.parseInt(place.substring(place.lastIndexOf(':') + 1));
      return new SocketmapClient(Wire.of(new Socket(InetAddress.getLoopbackAddress(), port)));
    }

    void send(String raw) throws IOException {
      wire.out().write(raw.getBytes(StandardCharsets.UTF_8));
    }

    Optional<String> next() throws IOException {
      return Netstring.read(in, SocketmapReply.MAX_LENGTH)
          .map(b -> new String(b, StandardCharsets.US_ASCII));
    }

    String request(String request) throws IOException {
      Netstring.write(wire.out(), request.getBytes(StandardCharsets.UTF_8));
      return next().orElse("closed");
    }

    @Override
    public void close() throws IOException {
      wire.close();
    }
  }

  private SocketmapServer start(SocketmapServer.SocketmapHandler handler) throws IOException {
    return SocketmapServer.start(ANY, handler, log.log(), LONG);
  }

  @Test
  void oneConnectionServesManyRequests() throws Exception {
    try (SocketmapServer server = start(r -> new SocketmapReply.Found("may " + r.length()));
        SocketmapClient client = SocketmapClient.of(server)) {
      for (int i = 0; i < 3; i++) {
        assertEquals("OK may 15", client.request("tls example.org"));
      }
      // Several requests in one write, as of a client that pipelines.
      client.send("1:a,2:bc,3:def,");
      assertEquals(Optional.of("OK may 1"), client.next());
      assertEquals(Optional.of("OK may 2"), client.next());
      assertEquals(Optional.of("OK may 3"), client.next());
    }
  }

  @Test
  void unixSocketIsServedAndRemoved() throws Exception {
    Path path = folder.resolve("socket");
    Files.writeString(path, "left behind");
    SocketmapServer server =
        SocketmapServer.start(
            new SocketmapEndpoint.Unix(path), r -> new SocketmapReply.NotFound(), log.log(), LONG);
    try (SocketmapClient client =
        new SocketmapClient(Wire.of(SocketChannel.open(UnixDomainSocketAddress.of(path))))) {
      assertEquals("NOTFOUND ", client.request("tls example.org"));
    }
    server.close();
    assertFalse(Files.exists(path));
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET / HTTP/1.1\r\n", "01:x,", "1:xy", ":,", "99999999:", "1001:", "-1:"})
  void otherProtocolsAreDisconnected(String raw) throws Exception {
    try (SocketmapServer server = start(r -> new SocketmapReply.NotFound());
        SocketmapClient client = SocketmapClient.of(server);
        SocketmapClient other = SocketmapClient.of(server)) {
      client.send(raw);
      Optional<String> next;
      try {
        next = client.next();
      } catch (IOException e) {
        next = Optional.empty(); // a reset, as some of it was not read
      }
      assertEquals(Optional.empty(), next);
      assertEquals("NOTFOUND ", other.request("tls x.test"), "and nobody else is");
    }
  }

  @Test
  void requestHasAThousandBytesAtMost() throws Exception {
    try (SocketmapServer server = start(r -> new SocketmapReply.Found("may"));
        SocketmapClient client = SocketmapClient.of(server)) {
      assertEquals("OK may", client.request("x".repeat(SocketmapServer.MAX_REQUEST)));
    }
  }

  @Test
  void anAnswerThatTakesTooLongIsATimeoutBeforeTheClientsOwn() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    try (SocketmapServer server =
            SocketmapServer.start(
                ANY,
                r -> {
                  never.await();
                  return new SocketmapReply.NotFound();
                },
                log.log(),
                Duration.ofMillis(200));
        SocketmapClient client = SocketmapClient.of(server)) {
      assertTrue(client.request("tls slow.test").startsWith("TIMEOUT no answer within"));
      assertTrue(client.request("tls slow.test").startsWith("TIMEOUT "), "the connection stays");
    }
    assertTrue(SocketmapServer.ANSWER.compareTo(Duration.ofSeconds(100)) < 0);
  }

  @Test
  void internalErrorIsTemp() throws Exception {
    try (SocketmapServer server =
            start(
                r -> {
                  throw new IllegalStateException("a bug");
                });
        SocketmapClient client = SocketmapClient.of(server)) {
      assertEquals("TEMP internal error of Sealwax; see its log", client.request("tls x.test"));
    }
    assertTrue(log.recorded("bug", "policyd"));
  }

  @Test
  void connectionsAreBounded() throws Exception {
    try (SocketmapServer server = start(r -> new SocketmapReply.NotFound())) {
      List<SocketmapClient> clients = new ArrayList<>();
      try {
        for (int i = 0; i < SocketmapServer.MAX_CLIENTS; i++) {
          SocketmapClient client = SocketmapClient.of(server);
          clients.add(client);
          assertEquals("NOTFOUND ", client.request("tls x.test"));
        }
        try (SocketmapClient over = SocketmapClient.of(server)) {
          String text;
          try {
            text = over.request("tls x.test");
          } catch (IOException e) {
            text = "closed";
          }
          assertEquals("closed", text);
        }
      } finally {
        for (SocketmapClient client : clients) {
          client.close();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "example.org, example.org, 25, false",
    "Example.ORG., example.org, 25, false",
    "example.org:587, example.org, 587, false",
    "stra\u00dfe.example:587, xn--strae-oqa.example, 587, false",
    "[mx.xn--strae-oqa.example], mx.xn--strae-oqa.example, 25, true",
    "[mx.example.org], mx.example.org, 25, true",
    "[mx.example.org]:submission, mx.example.org, 587, true",
    "[192.0.2.1]:2525, [192.0.2.1], 2525, true",
    "[2001:db8::1], [IPv6:2001:db8::1], 25, true",
    "[IPv6:2001:db8::1], [IPv6:2001:db8::1], 25, true",
  })
  void keysAreNextHopsAsPostfixWritesThem(String key, String host, int port, boolean direct) {
    PolicyMapKey.NextHopKey hop =
        assertInstanceOf(PolicyMapKey.NextHopKey.class, PolicyMapKey.read(key));
    assertEquals(host, hop.host().toString());
    assertEquals(port, hop.port());
    assertEquals(direct, hop.direct());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a b", "[mx", "x:y", "x:0", "x:65536", "[x]25", "a..b", "*", "192.0.2.1:"})
  void keysThatAreNoNextHopAreNotFound(String key) {
    assertInstanceOf(PolicyMapKey.Foreign.class, PolicyMapKey.read(key));
    assertInstanceOf(PolicyMapKey.Parent.class, PolicyMapKey.read("." + key));
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:8461, true",
    "[::1]:8461, true",
    "unix:/run/sealwax/policyd, true",
    "localhost:8461, false",
    "unix:relative, false",
    "127.0.0.1, false",
    "127.0.0.1:70000, false",
  })
  void placesAreAddressesOrPaths(String text, boolean good) {
    assertEquals(good, SocketmapEndpoint.parse(text).isPresent());
  }
}
