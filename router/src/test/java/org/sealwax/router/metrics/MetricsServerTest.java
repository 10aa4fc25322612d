package org.sealwax.router.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.router.log.Counters;

/** The metrics endpoint answers a monitor, also while others hold connections to it. */
@Timeout(120)
final class MetricsServerTest {
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private static HttpResponse<String> ask(TcpListener server, String method, String path)
      throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(
                  URI.create("http://127.0.0.1:" + server.address().getPort() + path))
              .method(method, HttpRequest.BodyPublishers.noBody())
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void answersItsThreePathsOnly() throws Exception {
    Counters counters = new Counters();
    counters.count("sealwax_test_total", "A count").add(3);
    try (TcpListener server = MetricsServer.start(ANY, counters, () -> "no room", text -> {})) {
      HttpResponse<String> metrics = ask(server, "GET", "/metrics");
      assertEquals(200, metrics.statusCode());
      assertTrue(metrics.body().contains("sealwax_test_total 3\n"), metrics.body());
      assertEquals(200, ask(server, "GET", "/health").statusCode());
      assertEquals("no room\n", ask(server, "GET", "/ready").body());
      assertEquals(503, ask(server, "HEAD", "/ready").statusCode());
      assertEquals("", ask(server, "HEAD", "/health").body());
      assertEquals(404, ask(server, "GET", "/").statusCode());
      assertEquals(405, ask(server, "DELETE", "/health").statusCode());
    }
  }

  @Test
  void silentConnectionsAreClosedAndFreed() throws Exception {
    List<Socket> silent = new ArrayList<>();
    try (TcpListener server =
        MetricsServer.start(
            ANY,
            new Counters(),
            () -> null,
            text -> {},
            new HttpService.HttpLimits(1_000, 0, Duration.ofMillis(200)))) {
      for (int i = 0; i < HttpService.CONNECTIONS; i++) {
        Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
        socket.getOutputStream().write("GET /hea".getBytes(StandardCharsets.US_ASCII));
        silent.add(socket);
      }
      for (Socket socket : silent) {
        assertTrue(isEnded(socket), "it was closed");
      }
      // Its place is given back a moment after the client sees the end.
      while (!isHealthy(server)) {
        Thread.onSpinWait();
      }
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
  }

  private static boolean isHealthy(TcpListener server) throws Exception {
    try {
      return ask(server, "GET", "/health").statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean isEnded(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (IOException e) {
      return true;
    }
  }
}
