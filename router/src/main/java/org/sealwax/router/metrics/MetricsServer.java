package org.sealwax.router.metrics;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.router.log.Counters;

/**
 * Serves {@code /metrics}, {@code /health} (the process answers) and {@code /ready} (mail is
 * taken). GET and HEAD only; nothing else is there, and no request is read beyond its head.
 */
public final class MetricsServer {
  private MetricsServer() {}

  /**
   * Listens.
   *
   * @param problem why mail is not taken now, or null when it is
   * @param warning gets a sentence when connections cannot be accepted
   */
  public static TcpListener start(
      InetSocketAddress address,
      Counters counters,
      Supplier<@Nullable String> problem,
      Consumer<String> warning)
      throws IOException {
    return start(address, counters, problem, warning, HttpService.HttpLimits.SMALL);
  }

  static TcpListener start(
      InetSocketAddress address,
      Counters counters,
      Supplier<@Nullable String> problem,
      Consumer<String> warning,
      HttpService.HttpLimits limits)
      throws IOException {
    return new HttpService(limits, HttpHandler.readOnly(path -> answer(path, counters, problem)))
        .listen("http", address, warning);
  }

  private static HttpResponse answer(
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

  private static HttpResponse text(int status, String text) {
    return HttpResponse.of(status, PrometheusText.TYPE, text);
  }
}
