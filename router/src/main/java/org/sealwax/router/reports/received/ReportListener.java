package org.sealwax.router.reports.received;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpReader;
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
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.ClientLimits;

/**
 * Takes reports by POST over HTTPS (RFC 8460 section 5.4): one path, one method, one request for
 * each connection. No client that posts is known, so everything has a limit, for each client and in
 * all; whatever a client sends costs it its own connection at most.
 */
public final class ReportListener {
  private static final int BACKLOG = 20;

  private final ReportListenerSettings settings;
  private final TlsServer tls;
  private final ReportIntake intake;
  private final MailLog log;
  private final ClientLimits clients;

  private ReportListener(
      ReportListenerSettings settings,
      TlsServer tls,
      ReportIntake intake,
      Clock clock,
      MailLog log) {
    this.settings = settings;
    this.tls = tls;
    this.intake = intake;
    this.log = log;
    this.clients = new ClientLimits(settings.perClient(), clock);
  }

  /**
   * Listens and serves.
   *
   * @param tls the server side, without client certificates
   * @throws IOException when the address is not available
   */
  public static TcpListener open(
      ReportListenerSettings settings, TlsServer tls, ReportIntake intake, Clock clock, MailLog log)
      throws IOException {
    ReportListener listener = new ReportListener(settings, tls, intake, clock, log);
    return TcpListener.start(
        "tlsrpt",
        settings.address(),
        BACKLOG,
        TcpListener.ClientGate.of(settings.connections()),
        listener::serve,
        text -> log.warning("tlsrpt", text));
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
      log.note("tlsrpt", AddressText.of(client) + ": no TLS: " + FailureText.of(e));
    } catch (RuntimeException e) {
      log.bug("report by POST", e);
    } finally {
      clients.leave(client);
    }
  }

  private void exchange(Wire clear, InetAddress client) throws IOException, InterruptedException {
    HttpService service =
        new HttpService(
            new HttpService.HttpLimits(
                HttpReader.MAX_HEAD, TlsReportJson.MAX_BYTES, settings.total()),
            (request, content) -> answer(request, content, client));
    try (TlsWire wire = tls.accept(clear, settings.handshake())) {
      service.serve(wire, answer -> note(answer, client));
    }
  }

  private void note(HttpResponse answer, InetAddress client) {
    if (answer.status() >= 400) {
      clients.count(client, ClientLimits.ClientRate.ERRORS);
      String why = new String(answer.body(), StandardCharsets.US_ASCII).strip();
      log.note(
          "tlsrpt", "a POST from " + AddressText.of(client) + ": " + answer.status() + " " + why);
    }
  }

  private static HttpResponse response(int status, String text) {
    return HttpResponse.of(status, "text/plain; charset=us-ascii", text + "\n");
  }

  private HttpResponse answer(
      HttpRequest request, HttpHandler.RequestContent content, InetAddress client)
      throws IOException, InterruptedException {
    if (request.field("host").isEmpty()) {
      return response(400, "no Host");
    }
    if (!settings.path().equals(request.path())) {
      return response(404, "not found");
    }
    if (!request.method().equals("POST")) {
      return response(405, "use POST").with("Allow", "POST");
    }
    boolean packed = request.mediaType().equals("application/tlsrpt+gzip");
    if (!packed && !request.mediaType().equals("application/tlsrpt+json")) {
      return response(415, "application/tlsrpt+gzip or application/tlsrpt+json");
    }
    if (!clients.count(client, ClientLimits.ClientRate.MESSAGES)) {
      return response(429, "too many reports").with("Retry-After", "3600");
    }
    Optional<byte[]> body = content.read();
    return body.isEmpty() ? response(411, "no content") : judge(body.get(), packed, client);
  }

  private HttpResponse judge(byte[] body, boolean packed, InetAddress client)
      throws InterruptedException {
    return switch (intake.accept(
        body,
        packed,
        new ReportOrigin(ReportOrigin.ReportTransport.POST, AddressText.of(client)))) {
      case ReportIntakeResult.Stored stored -> {
        log.note("tlsrpt", ReceivedReportLog.kept(stored));
        yield response(201, "kept");
      }
      case ReportIntakeResult.Duplicate d -> response(200, "received before");
      case ReportIntakeResult.Refused refused -> response(400, refused.why());
      case ReportIntakeResult.StoreUnavailable not -> {
        log.warning("tlsrpt", "a report by POST cannot be stored: " + not.why());
        yield response(503, "try again later").with("Retry-After", "3600");
      }
    };
  }
}
