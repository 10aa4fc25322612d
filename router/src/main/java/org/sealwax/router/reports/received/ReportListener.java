package org.sealwax.router.reports.received;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.http.HttpRequestReader;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.MalformedHttp;
import org.sealwax.mail.http.OversizedHttp;
import org.sealwax.mail.net.AcceptLoop;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Limit;
import org.sealwax.mail.net.Threads;
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
public final class ReportListener implements Closeable {
  private static final int BACKLOG = 20;

  private static final String CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

  private final ReportListenerSettings settings;
  private final ServerSocket server;
  private final TlsServer tls;
  private final ReportIntake intake;
  private final MailLog log;
  private final Limit connections;
  private final ClientLimits clients;
  private final Set<Wire> open = ConcurrentHashMap.newKeySet();

  private ReportListener(
      ReportListenerSettings settings,
      ServerSocket server,
      TlsServer tls,
      ReportIntake intake,
      Clock clock,
      MailLog log) {
    this.settings = settings;
    this.server = server;
    this.tls = tls;
    this.intake = intake;
    this.log = log;
    this.connections = Limit.of(settings.connections());
    this.clients = new ClientLimits(settings.perClient(), clock);
  }

  /**
   * Listens and serves.
   *
   * @param tls the server side, without client certificates
   * @throws IOException when the address is not to be had
   */
  public static ReportListener open(
      ReportListenerSettings settings, TlsServer tls, ReportIntake intake, Clock clock, MailLog log)
      throws IOException {
    ServerSocket server = new ServerSocket();
    try {
      server.setReuseAddress(true);
      server.bind(settings.address(), BACKLOG);
    } catch (IOException e) {
      server.close();
      throw e;
    }
    ReportListener listener = new ReportListener(settings, server, tls, intake, clock, log);
    var _ =
        AcceptLoop.start(
            "tlsrpt",
            server::isClosed,
            server::accept,
            listener::take,
            text -> log.warning("tlsrpt", text));
    return listener;
  }

  /** Where it listens; the port is the real one. */
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void take(Socket socket) throws IOException {
    if (connections.tryTake()) {
      var _ = Threads.start("tlsrpt", () -> serve(socket));
    } else {
      socket.close();
    }
  }

  private void serve(Socket socket) {
    InetAddress client = socket.getInetAddress();
    try (Wire wire = Wire.of(socket)) {
      String limit = clients.enter(client);
      if (!limit.isEmpty()) {
        log.turnedAway(wire.peer(), limit);
        return;
      }
      open.add(wire);
      try {
        if (server.isClosed() || !clients.count(client, ClientLimits.ClientRate.HANDSHAKES)) {
          return;
        }
        exchange(wire, client);
      } finally {
        open.remove(wire);
        clients.leave(client);
      }
    } catch (TlsException e) {
      log.note("tlsrpt", client.getHostAddress() + ": no TLS: " + e.getMessage());
    } catch (IOException e) {
      // The client closed the connection, or was too slow.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.bug("report by POST", e);
    } finally {
      connections.give();
    }
  }

  private void exchange(Wire clear, InetAddress client) throws IOException, InterruptedException {
    try (TlsWire wire = tls.accept(clear, settings.handshake());
        Deadline _ = Deadline.after(settings.total(), clear)) {
      wire.readTimeout(settings.total());
      PostResponse answer = answer(wire, client);
      if (answer.status() >= 400) {
        clients.count(client, ClientLimits.ClientRate.ERRORS);
        log.note(
            "tlsrpt",
            "a POST from "
                + client.getHostAddress()
                + ": "
                + answer.status()
                + " "
                + answer.text());
      }
      wire.out().write(answer.bytes());
      wire.out().flush();
      wire.finish();
    }
  }

  /**
   * The response to a request.
   *
   * @param status its code
   * @param field a further header field with its CRLF, or empty
   * @param text in our words
   */
  private record PostResponse(int status, String field, String text) {
    static PostResponse of(int status, String text) {
      return new PostResponse(status, "", text);
    }

    byte[] bytes() {
      return ("HTTP/1.1 "
              + status
              + " "
              + (status < 300 ? "Taken" : "Not taken")
              + "\r\nConnection: close\r\nContent-Type: text/plain; charset=us-ascii\r\n"
              + field
              + "Content-Length: "
              + (text.length() + 1)
              + "\r\n\r\n"
              + text
              + "\n")
          .getBytes(StandardCharsets.US_ASCII);
    }
  }

  private PostResponse answer(TlsWire wire, InetAddress client)
      throws IOException, InterruptedException {
    HttpRequestReader reader = new HttpRequestReader(wire.in(), TlsReportJson.MAX_BYTES);
    try {
      HttpRequestReader.RequestHead head = reader.head();
      if (head.field("host").isEmpty()) {
        return PostResponse.of(400, "no Host");
      }
      String target = head.target();
      int query = target.indexOf('?');
      if (!settings.path().equals(query < 0 ? target : target.substring(0, query))) {
        return PostResponse.of(404, "nothing here");
      }
      if (!head.method().equals("POST")) {
        return new PostResponse(405, "Allow: POST\r\n", "reports are posted");
      }
      String type = head.field("content-type").orElse("").split(";", 2)[0].strip();
      boolean packed = type.equalsIgnoreCase("application/tlsrpt+gzip");
      if (!packed && !type.equalsIgnoreCase("application/tlsrpt+json")) {
        return PostResponse.of(415, "application/tlsrpt+gzip or application/tlsrpt+json");
      }
      if (!clients.count(client, ClientLimits.ClientRate.MESSAGES)) {
        return new PostResponse(429, "Retry-After: 3600\r\n", "too many reports");
      }
      byte[] body = body(reader, head, wire);
      return body == null ? PostResponse.of(411, "no content") : judge(body, packed, client);
    } catch (OversizedHttp e) {
      return PostResponse.of(413, "over " + TlsReportJson.MAX_BYTES + " octets");
    } catch (MalformedHttp e) {
      return PostResponse.of(400, String.valueOf(e.getMessage()));
    }
  }

  private static byte @org.jspecify.annotations.Nullable [] body(
      HttpRequestReader reader, HttpRequestReader.RequestHead head, TlsWire wire)
      throws IOException {
    List<HttpResponse.HttpField> fields = head.fields();
    // RFC 9110 §10.1.1: a client that asks waits for this reply before the content.
    if (fields.stream()
        .anyMatch(
            f ->
                f.name().equals("expect")
                    && f.value().toLowerCase(Locale.ROOT).equals("100-continue"))) {
      wire.out().write(CONTINUE.getBytes(StandardCharsets.US_ASCII));
      wire.out().flush();
    }
    return reader.content(head).orElse(null);
  }

  private PostResponse judge(byte[] body, boolean packed, InetAddress client)
      throws InterruptedException {
    return switch (intake.accept(
        body,
        packed,
        new ReportOrigin(ReportOrigin.ReportTransport.POST, client.getHostAddress()))) {
      case ReportIntakeResult.Stored stored -> {
        log.note("tlsrpt", ReceivedReportLog.kept(stored));
        yield PostResponse.of(201, "kept");
      }
      case ReportIntakeResult.Duplicate d -> PostResponse.of(200, "kept before");
      case ReportIntakeResult.Refused refused -> PostResponse.of(400, refused.why());
      case ReportIntakeResult.StoreUnavailable not -> {
        log.warning("tlsrpt", "a report by POST cannot be kept: " + not.why());
        yield new PostResponse(503, "Retry-After: 3600\r\n", "not now");
      }
    };
  }

  /** Ends listening and all exchanges. */
  @Override
  public void close() throws IOException {
    server.close();
    for (Wire wire : open) {
      wire.close();
    }
  }
}
