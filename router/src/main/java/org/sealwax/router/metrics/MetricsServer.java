package org.sealwax.router.metrics;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.http.PlainHttpServer;
import org.sealwax.router.log.Counters;

/**
 * Serves {@code /metrics}, {@code /health} (the process answers) and {@code /ready} (mail is
 * taken). GET and HEAD only; nothing else is there, and no request is read beyond its head.
 */
public final class MetricsServer implements Closeable {
  private final PlainHttpServer server;

  /**
   * Listens.
   *
   * @param problem why mail is not taken now, or null when it is
   * @param warning gets a sentence when connections cannot be accepted
   */
  public MetricsServer(
      InetSocketAddress address,
      Counters counters,
      Supplier<@Nullable String> problem,
      Consumer<String> warning)
      throws IOException {
    this(address, counters, problem, warning, PlainHttpServer.TOTAL);
  }

  MetricsServer(
      InetSocketAddress address,
      Counters counters,
      Supplier<@Nullable String> problem,
      Consumer<String> warning,
      Duration total)
      throws IOException {
    server =
        PlainHttpServer.start(address, path -> answer(path, counters, problem), total, warning);
  }

  private static PlainHttpServer.ResponseHead answer(
      String path, Counters counters, Supplier<@Nullable String> problem) {
    return switch (path) {
      case "/metrics" -> text(200, PrometheusText.of(counters.read()));
      case "/health" -> text(200, "ok\n");
      case "/ready" -> {
        String why = problem.get();
        yield why == null ? text(200, "ready\n") : text(503, why + "\n");
      }
      default -> text(404, "/metrics /health /ready\n");
    };
  }

  private static PlainHttpServer.ResponseHead text(int status, String text) {
    return new PlainHttpServer.ResponseHead(status, PrometheusText.TYPE, text);
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.address();
  }

  /** Ends at once. */
  @Override
  public void close() throws IOException {
    server.close();
  }
}
