package org.sealwax.router.https;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.ClientLimits;

/**
 * Serves endpoints over HTTPS, one request for each connection. No client is known, so everything
 * has a limit, for each client and in all; whatever a client sends costs it its own connection at
 * most.
 */
public final class HttpsListener {
  private static final int BACKLOG = 20;

  private final HttpsLimits settings;
  private final TlsServer tls;
  private final List<HttpsEndpoint> endpoints;
  private final MailLog log;
  private final ClientLimits clients;

  /**
   * Where and how.
   *
   * @param name of the service, in the log
   * @param address where to listen
   * @param connections at a time
   * @param perClient what one client may do in a minute
   * @param handshake how long TLS may take
   * @param http limits of the exchange after it
   */
  public record HttpsLimits(
      String name,
      InetSocketAddress address,
      int connections,
      ClientLimits.ClientLimitSettings perClient,
      Duration handshake,
      HttpService.HttpLimits http) {}

  private HttpsListener(
      HttpsLimits settings,
      TlsServer tls,
      List<HttpsEndpoint> endpoints,
      Clock clock,
      MailLog log) {
    this.settings = settings;
    this.tls = tls;
    this.endpoints = List.copyOf(endpoints);
    this.log = log;
    this.clients = new ClientLimits(settings.perClient(), clock);
  }

  /**
   * Listens and serves.
   *
   * @param tls the server side, without client certificates
   * @param endpoints asked in this order; a request that none answers gets 421 (RFC 9110 15.5.20)
   * @throws IOException when the address is not available
   */
  public static TcpListener open(
      HttpsLimits settings, TlsServer tls, List<HttpsEndpoint> endpoints, Clock clock, MailLog log)
      throws IOException {
    HttpsListener listener = new HttpsListener(settings, tls, endpoints, clock, log);
    return TcpListener.start(
        settings.name(),
        settings.address(),
        BACKLOG,
        TcpListener.ClientGate.of(settings.connections()),
        listener::serve,
        text -> log.warning(settings.name(), text));
  }

  private void serve(Wire wire) throws IOException, InterruptedException {
    InetAddress client = wire.peer().getAddress();
    String limit = clients.enter(client);
    if (!limit.isEmpty()) {
      log.turnedAway(wire.peer(), limit);
      return;
    }
    try {
      if (clients.count(client, ClientLimits.ClientRate.HANDSHAKES)) {
        exchange(wire, client);
      }
    } catch (TlsException e) {
      log.note(settings.name(), AddressText.of(client) + ": no TLS: " + FailureText.of(e));
    } catch (RuntimeException e) {
      log.bug("HTTPS request", e);
    } finally {
      clients.leave(client);
    }
  }

  private void exchange(Wire clear, InetAddress client) throws IOException, InterruptedException {
    try (TlsWire wire = tls.accept(clear, settings.handshake())) {
      HttpsEndpoint.HttpsVisit visit =
          new HttpsEndpoint.HttpsVisit(client, wire.handshake().serverName(), clients);
      new HttpService(settings.http(), (request, content) -> answer(visit, request, content))
          .serve(wire, answer -> note(answer, client));
    }
  }

  private HttpResponse answer(
      HttpsEndpoint.HttpsVisit visit, HttpRequest request, HttpHandler.RequestContent content)
      throws IOException, InterruptedException {
    for (HttpsEndpoint endpoint : endpoints) {
      Optional<HttpResponse> answer = endpoint.answer(visit, request, content);
      if (answer.isPresent()) {
        return answer.get();
      }
    }
    return HttpResponse.text(421, "this server has no pages of this host\n");
  }

  private void note(HttpResponse answer, InetAddress client) {
    if (answer.status() >= 400) {
      clients.count(client, ClientLimits.ClientRate.ERRORS);
      String why = new String(answer.body(), StandardCharsets.US_ASCII).strip();
      log.note(
          settings.name(),
          "a request from " + AddressText.of(client) + ": " + answer.status() + " " + why);
    }
  }
}
