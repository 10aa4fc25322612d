package org.sealwax.console;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.log.Counters;
import org.sealwax.world.Threads;

/**
 * Serves {@code /metrics}, {@code /health} (the process answers) and {@code /ready} (mail is
 * taken). GET and HEAD only; nothing else is there, and no request is read beyond its head.
 */
public final class MetricsServer implements Closeable {
  /** Connections waiting to be taken: monitors ask every few seconds. */
  private static final int BACKLOG = 16;

  private final HttpServer server;

  /**
   * Listens.
   *
   * @param trouble why mail is not taken now, or null when it is
   */
  public MetricsServer(
      InetSocketAddress address, Counters counters, Supplier<@Nullable String> trouble)
      throws IOException {
    server = HttpServer.create(address, BACKLOG);
    server.setExecutor(Executors.newThreadPerTaskExecutor(Threads.virtual("http-")));
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            switch (exchange.getRequestURI().getPath()) {
              case "/metrics" -> answer(exchange, 200, Exposition.of(counters.read()));
              case "/health" -> answer(exchange, 200, "ok\n");
              case "/ready" -> {
                String why = trouble.get();
                answer(exchange, why == null ? 200 : 503, why == null ? "ready\n" : why + "\n");
              }
              default -> answer(exchange, 404, "/metrics /health /ready\n");
            }
          }
        });
    server.start();
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private static void answer(HttpExchange exchange, int code, String text) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (!head && !exchange.getRequestMethod().equals("GET")) {
      exchange.sendResponseHeaders(405, -1);
      return;
    }
    byte[] octets = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", Exposition.TYPE);
    exchange.sendResponseHeaders(code, head ? -1 : octets.length);
    if (!head) {
      exchange.getResponseBody().write(octets);
    }
  }

  /** Ends at once. */
  @Override
  public void close() {
    server.stop(0);
  }
}
