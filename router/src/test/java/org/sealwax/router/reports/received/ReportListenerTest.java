package org.sealwax.router.reports.received;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.reports.ReportingOrganization.MIDNIGHT;
import static org.sealwax.router.reports.ReportingOrganization.packed;
import static org.sealwax.router.reports.ReportingOrganization.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.http.HttpsRequest;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.https.HttpsEndpoint;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.tls.TestCa;

/** Reports by POST with real TLS: what is accepted, and what a client gets for anything else. */
@Timeout(300)
final class ReportListenerTest {
  private static final TestCa CA = TestCa.root("public");
  private static final TlsFactory TLS =
      new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure());
  private static final String PATH = "/v1/tlsrpt";
  private static final String GZIP = "application/tlsrpt+gzip";
  private static final ClientLimits.ClientLimitSettings UNLIMITED =
      new ClientLimits.ClientLimitSettings(0, 0, 0, 0, 0, 0, List.of());

  @TempDir private Path folder = Path.of("");
  private final ManualClock clock = new ManualClock(MIDNIGHT.plus(Duration.ofHours(27)));
  private final RecordingMailLog log = new RecordingMailLog();
  private Duration total = Duration.ofSeconds(20);
  private List<HttpsEndpoint> shared = List.of();
  private TcpListener listener;
  private HttpsClient client;

  @BeforeEach
  void open() throws IOException {
    listener = open(UNLIMITED);
    FixedResolver dns = FixedResolver.builder().address("rua.project.example", "127.0.0.1").build();
    client =
        new HttpsClient(
            dns,
            SystemDialer.guarded(
                new DialerSettings(List.of(Cidr.parse("127.0.0.0/8").orElseThrow()))),
            TLS.client(
                ClientTlsSettings.defaults(),
                IdentityStore.fixed(CA.identity("router.example"), Map.of(), Clock.system())),
            CA.roots(),
            Clock.system());
  }

  private TcpListener open(ClientLimits.ClientLimitSettings limits) throws IOException {
    TlsServer tls =
        TLS.server(
            ListenerTlsSettings.defaults("tlsrpt")
                .withClientCertificates(ClientCertificateMode.NONE),
            IdentityStore.fixed(CA.identity("rua.project.example"), Map.of(), Clock.system()),
            new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none()));
    ReceivedReportStore store =
        ReceivedReportStore.open(
            new ReceivedReportSettings(folder, Duration.ofDays(30), 4, 1L << 30, 100), log.log());
    return ReportListener.open(
        new ReportListenerSettings(
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
            PATH,
            10,
            limits,
            Duration.ofSeconds(20),
            total),
        tls,
        new ReportIntake(d -> d.equals(Domain.of("project.example")), store, clock),
        shared,
        clock,
        log.log());
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
  }

  private HttpResponse post(String path, String type, byte[] body) throws InterruptedException {
    HttpResponse reply =
        client
            .exchange(
                new HttpsRequest(
                    Domain.of("rua.project.example"),
                    listener.address().getPort(),
                    path,
                    type.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new HttpsRequest.RequestContent(type, body)),
                    HttpsRequest.CertificateUse.DEMANDED,
                    new HttpsRequest.Limits(4_096, Duration.ofSeconds(30))))
            .reply();
    if (reply == null) {
      throw new AssertionError("no answer");
    }
    return reply;
  }

  private int status(byte[] body) throws InterruptedException {
    return post(PATH, GZIP, body).status();
  }

  /** Pages of other hosts at the same address, for example policies of MTA-STS. */
  @Test
  void anEndpointAtTheSameAddressIsAskedFirst() throws Exception {
    listener.close();
    shared =
        List.of(
            (visit, request, content) ->
                request.path().equals("/policy")
                    ? Optional.of(HttpResponse.text(200, visit.serverName() + "\n"))
                    : Optional.empty());
    listener = open(UNLIMITED);
    HttpResponse page = post("/policy", "", new byte[0]);
    assertEquals(200, page.status());
    assertEquals("rua.project.example\n", new String(page.body(), StandardCharsets.US_ASCII));
    assertEquals(201, status(packed(report("id-1", "project.example"))));
    assertEquals(404, post("/other", GZIP, new byte[1]).status());
  }

  @Test
  void duplicateReportIsStoredOnce() throws Exception {
    byte[] body = packed(report("id-1", "project.example"));
    assertEquals(201, status(body));
    assertEquals(200, status(body));
    byte[] plain = TlsReportJson.write(report("id-2", "project.example"));
    assertEquals(201, post(PATH + "?x", "application/tlsrpt+json;charset=utf-8", plain).status());
    assertTrue(log.recorded("note", "https 127.0.0.1", "3 failed"), log.facts().toString());
  }

  /** Half the store is for reporters that sign. */
  @Test
  void fullStoreAnswers503() throws Exception {
    assertEquals(201, status(packed(report("id-1", "project.example"))));
    assertEquals(201, status(packed(report("id-2", "project.example"))));
    HttpResponse full = post(PATH, GZIP, packed(report("id-3", "project.example")));
    assertEquals(503, full.status());
    assertEquals(Optional.of("3600"), full.field("retry-after"));
  }

  @Test
  void refusesReportsAboutOtherDomains() throws Exception {
    byte[] good = packed(report("id-1", "project.example"));
    assertEquals(404, post("/v1/tlsrpt/", GZIP, good).status());
    assertEquals(405, post(PATH, "", new byte[0]).status());
    assertEquals(415, post(PATH, "application/json", good).status());
    assertEquals(415, post(PATH, "text/html; application/tlsrpt+gzip", good).status());
    assertEquals(400, status(packed(report("id-1", "victim.example"))));
    assertEquals(400, status(new byte[10]));
    assertEquals(400, post(PATH, "application/tlsrpt+json", good).status());
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      gzip.write(new byte[64 << 20]);
    }
    assertEquals(400, status(bomb.toByteArray()));
    assertTrue(log.recorded("400 uncompressed, it has more than"), log.facts().toString());
    assertEquals(201, status(good), "nothing of it stuck");
  }

  private static ClientOffer offer() {
    Domain host = Domain.of("rua.project.example");
    return new ClientOffer(
        host,
        TlsFloor.DEFAULT,
        TlsVersion.TLS_1_3,
        true,
        false,
        false,
        false,
        new ReferenceIdentity(List.of(host), Set.of(), CA.roots()),
        "test");
  }

  /** Sends bytes over TLS and reads what comes back. */
  private String raw(String request) throws IOException {
    try (Socket socket = new Socket(listener.address().getAddress(), listener.address().getPort());
        var wire =
            TLS.client(
                    ClientTlsSettings.defaults(),
                    IdentityStore.fixed(CA.identity("router.example"), Map.of(), Clock.system()))
                .connect(Wire.of(socket), offer(), Duration.ofSeconds(20))) {
      wire.out().write(request.getBytes(StandardCharsets.ISO_8859_1));
      wire.out().flush();
      return new String(wire.in().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET / HTTP/1.0\\n\\n | 400 no Host",
        "HELO x\\n\\n | 400 not an HTTP/1.1 request line",
        "POST /v1/tlsrpt HTTP/2\\nHost: a\\n\\n | 400 not an HTTP/1.1 request line",
        "POST /v1/tlsrpt HTTP/1.1\\nHost: a\\nHost: b\\n\\n | 400 no Host",
        "POST /v1/tlsrpt HTTP/1.1\\nHost: a\\nContent-Type: application/tlsrpt+gzip\\n\\n | 411",
        "POST /v1/tlsrpt HTTP/1.1\\n"
            + "Host: a\\n"
            + "Content-Type: application/tlsrpt+gzip\\n"
            + "Content-Length: 1\\n"
            + "Transfer-Encoding: chunked\\n"
            + "\\n"
            + " | 400 both Content-Length",
        "POST /v1/tlsrpt HTTP/1.1\\n"
            + "Host: a\\n"
            + "Content-Type: application/tlsrpt+gzip\\n"
            + "Content-Length: 99999999999\\n"
            + "\\n"
            + " | 413",
        "POST /v1/tlsrpt HTTP/1.1\\nHost: a\\nContent-Type:"
            + " application/tlsrpt+gzip\\nContent-Encoding: gzip\\nContent-Length: 1\\n\\nx | 400"
            + " unexpected Content-Encoding",
      })
  void malformedRequestsGetAnError(String request, String answer) throws IOException {
    String text = raw(request.replace("\\n", "\r\n"));
    String[] words = answer.split(" ", 2);
    assertTrue(text.startsWith("HTTP/1.1 " + words[0] + " "), text);
    assertTrue(words.length == 1 || text.contains(words[1]), text);
  }

  @Test
  void answersExpect100Continue() throws IOException {
    byte[] body = packed(report("id-1", "project.example"));
    String text =
        raw(
            "POST /v1/tlsrpt HTTP/1.1\r\nHost: a\r\nContent-Type: "
                + GZIP
                + "\r\nExpect: 100-continue\r\nContent-Length: "
                + body.length
                + "\r\n\r\n"
                + new String(body, StandardCharsets.ISO_8859_1));
    assertTrue(text.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 "), text);
  }

  @Test
  void connectionsPerClientAreLimited() throws Exception {
    listener.close();
    listener = open(new ClientLimits.ClientLimitSettings(4, 6, 2, 0, 0, 0, List.of()));
    byte[] body = packed(report("id-1", "project.example"));
    assertEquals(201, status(body));
    assertEquals(200, status(body));
    assertEquals(429, status(body));
    clock.pass(Duration.ofMinutes(1));
    assertEquals(200, status(body));
  }

  @Test
  void clientsThatOnlySendErrorsAreRefused() throws Exception {
    listener.close();
    listener = open(new ClientLimits.ClientLimitSettings(4, 0, 0, 0, 2, 0, List.of()));
    assertEquals(404, post("/", GZIP, new byte[1]).status());
    assertEquals(404, post("/", GZIP, new byte[1]).status());
    try (Socket third = new Socket(listener.address().getAddress(), listener.address().getPort())) {
      assertEquals(-1, third.getInputStream().read());
    }
    assertTrue(log.recorded("turnedAway", "errors per minute"), log.facts().toString());
  }

  /** A client that sends half a request does not hold a connection for long. */
  @Test
  void aSlowClientIsEnded() throws Exception {
    listener.close();
    total = Duration.ofMillis(300);
    listener = open(UNLIMITED);
    String text;
    try {
      text = raw("POST /v1/tlsrpt HTTP/1.1\r\nHost: ");
    } catch (IOException e) {
      text = ""; // cut off, which may look like a broken handshake too
    }
    assertEquals("", text);
  }

  @Test
  void closingEndsThoseUnderWay() throws Exception {
    try (Socket silent =
        new Socket(listener.address().getAddress(), listener.address().getPort())) {
      listener.close();
      assertEquals(-1, silent.getInputStream().read());
    } catch (java.net.SocketException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("reset"), "ended, but by " + e);
    }
  }
}
