package org.sealwax.console;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.sealwax.world.Threads;

/**
 * Serves a few finished pages, by their paths. GET and HEAD only; no request is read beyond its
 * head, and nothing is looked up anywhere.
 */
public final class PageServer implements Closeable {
  /** Connections waiting to be taken: one person looks. */
  private static final int BACKLOG = 16;

  private final HttpServer server;
  private final ExecutorService threads;

  /**
   * Listens.
   *
   * @param pages HTML by path, {@code /} among them
   * @throws IOException when the address is not to be had
   */
  public PageServer(InetSocketAddress address, Map<String, String> pages) throws IOException {
    Map<String, String> all = Map.copyOf(pages);
    server = HttpServer.create(address, BACKLOG);
    threads = Executors.newThreadPerTaskExecutor(Threads.virtual("page-"));
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            answer(exchange, all.get(exchange.getRequestURI().getPath()));
          }
        });
    server.start();
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  private static void answer(HttpExchange exchange, @Nullable String page) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (!head && !exchange.getRequestMethod().equals("GET")) {
      exchange.sendResponseHeaders(405, -1);
      return;
    }
    if (page == null) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    byte[] octets = page.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange.sendResponseHeaders(200, head ? -1 : octets.length);
    if (!head) {
      exchange.getResponseBody().write(octets);
    }
  }

  /** Ends at once. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
