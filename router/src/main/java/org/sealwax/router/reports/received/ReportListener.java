package org.sealwax.router.reports.received;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpReader;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.https.HttpsEndpoint;
import org.sealwax.router.https.HttpsListener;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receive.ClientLimits;

/** Takes reports by POST over HTTPS (RFC 8460 section 5.4): one path, one method. */
public final class ReportListener implements HttpsEndpoint {
  private final String path;
  private final ReportIntake intake;
  private final MailLog log;

  private ReportListener(String path, ReportIntake intake, MailLog log) {
    this.path = path;
    this.intake = intake;
    this.log = log;
  }

  /**
   * Listens and serves.
   *
   * @param tls the server side, without client certificates
   * @param shared endpoints at the same address; asked before
   * @throws IOException when the address is not available
   */
  public static TcpListener open(
      ReportListenerSettings settings,
      TlsServer tls,
      ReportIntake intake,
      List<HttpsEndpoint> shared,
      Clock clock,
      MailLog log)
      throws IOException {
    return HttpsListener.open(
        new HttpsListener.HttpsLimits(
            "tlsrpt",
            settings.address(),
            settings.connections(),
            settings.perClient(),
            settings.handshake(),
            new HttpService.HttpLimits(
                HttpReader.MAX_HEAD, TlsReportJson.MAX_BYTES, settings.total())),
        tls,
        Stream.concat(shared.stream(), Stream.of(new ReportListener(settings.path(), intake, log)))
            .toList(),
        clock,
        log);
  }

  private static HttpResponse response(int status, String text) {
    return HttpResponse.of(status, "text/plain; charset=us-ascii", text + "\n");
  }

  @Override
  public Optional<HttpResponse> answer(
      HttpsVisit visit, HttpRequest request, HttpHandler.RequestContent content)
      throws IOException, InterruptedException {
    return Optional.of(reply(visit, request, content));
  }

  private HttpResponse reply(
      HttpsVisit visit, HttpRequest request, HttpHandler.RequestContent content)
      throws IOException, InterruptedException {
    if (request.field("host").isEmpty()) {
      return response(400, "no Host");
    }
    if (!path.equals(request.path())) {
      return response(404, "not found");
    }
    if (!request.method().equals("POST")) {
      return response(405, "use POST").with("Allow", "POST");
    }
    boolean packed = request.mediaType().equals("application/tlsrpt+gzip");
    if (!packed && !request.mediaType().equals("application/tlsrpt+json")) {
      return response(415, "application/tlsrpt+gzip or application/tlsrpt+json");
    }
    if (!visit.limits().count(visit.client(), ClientLimits.ClientRate.MESSAGES)) {
      return response(429, "too many reports").with("Retry-After", "3600");
    }
    Optional<byte[]> body = content.read();
    return body.isEmpty() ? response(411, "no content") : judge(body.get(), packed, visit.client());
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
