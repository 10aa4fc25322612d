package org.sealwax.router.hosting;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.hosting.PolicyPages.HostedPage;
import org.sealwax.router.https.HttpsListener;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.testkit.tls.TestCa;

/** The pages of policy hosts, over real TLS, with what clients may send. */
@Timeout(60)
final class PolicyPagesTest {
  private static final TestCa CA = TestCa.root("public");
  private static final TlsFactory TLS =
      new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure());
  private static final String POLICY = "version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n";
  private static final String GET = "GET /.well-known/mta-sts.txt HTTP/1.1\\nHost: ";

  private static final Map<Domain, HostedPage> PAGES =
      Map.of(
          Domain.of("mta-sts.example.org"), new HostedPage.PolicyFile(POLICY),
          Domain.of("mta-sts.xn--bcher-kva.example"), new HostedPage.PolicyFile(POLICY),
          Domain.of("mta-sts.null.example"), new HostedPage.NoPolicyFile(),
          Domain.of("mta-sts.late.example"), new HostedPage.PolicyNotKnown());

  private final RecordingMailLog log = new RecordingMailLog();
  private TcpListener listener;

  @BeforeEach
  void open() throws IOException {
    listener = open(Duration.ofSeconds(20));
  }

  private TcpListener open(Duration total) throws IOException {
    return HttpsListener.open(
        new HttpsListener.HttpsLimits(
            "https",
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
            8,
            new ClientLimits.ClientLimitSettings(0, 0, 0, 0, 0, 0, List.of()),
            Duration.ofSeconds(20),
            new HttpService.HttpLimits(8_192, 1_024, total)),
        TLS.server(
            ListenerTlsSettings.defaults("https")
                .withClientCertificates(ClientCertificateMode.NONE),
            IdentityStore.fixed(
                CA.identity("mx.example.org"),
                Map.of("mta-sts.example.org", CA.identity("mta-sts.example.org")),
                Clock.system()),
            new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none())),
        List.of(new PolicyPages(host -> Optional.ofNullable(PAGES.get(host)))),
        Clock.system(),
        log.log());
  }

  @AfterEach
  void close() throws IOException {
    listener.close();
  }

  /** Sends bytes over TLS and reads what comes back. */
  private String raw(String serverName, String request) throws IOException {
    Domain host = serverName.isEmpty() ? null : Domain.of(serverName);
    ClientOffer offer =
        new ClientOffer(
            host,
            TlsFloor.DEFAULT,
            TlsVersion.TLS_1_3,
            true,
            false,
            false,
            false,
            new ReferenceIdentity(List.of(), Set.of(), CA.roots()),
            "test");
    try (Socket socket = new Socket(listener.address().getAddress(), listener.address().getPort());
        var wire =
            TLS.client(
                    ClientTlsSettings.defaults(),
                    IdentityStore.fixed(CA.identity("sender.example"), Map.of(), Clock.system()))
                .connect(Wire.of(socket), offer, Duration.ofSeconds(20))) {
      wire.out().write(request.replace("\\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1));
      wire.out().flush();
      return new String(wire.in().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mta-sts.example.org | mta-sts.example.org | 200",
        "mta-sts.example.org | MTA-STS.Example.ORG | 200",
        "mta-sts.example.org | mta-sts.example.org:443 | 200",
        "mta-sts.example.org | mta-sts.example.org. | 200",
        "'' | mta-sts.example.org | 200",
        "mta-sts.example.org | mta-sts.late.example | 421",
        "mx.example.org | mta-sts.example.org | 421",
        "mta-sts.late.example | mta-sts.late.example | 503",
        "mta-sts.null.example | mta-sts.null.example | 404",
        "mta-sts.xn--bcher-kva.example | mta-sts.xn--bcher-kva.example | 200",
        "mta-sts.xn--bcher-kva.example | mta-sts.b\u00fccher.example | 421",
        "mta-sts.example.org | mx.example.org | 421",
        "mta-sts.example.org | mta-sts.example.org@evil.example | 421",
        "mta-sts.example.org | mta-sts.example.org, evil.example | 421",
        "mta-sts.example.org | mta-sts.example.org:443:443 | 421",
        "mta-sts.example.org | [::1] | 421",
        "mta-sts.example.org | .. | 421",
      })
  void theHostSelectsThePolicy(String serverName, String host, int status) throws IOException {
    String answer = raw(serverName, GET + host + "\\n\\n");
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    assertEquals(status == 200, answer.endsWith("\r\n\r\n" + POLICY), answer);
    assertFalse(answer.contains("Location"), answer);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET /.well-known/mta-sts.txt?x HTTP/1.1 | 404",
        "GET /.well-known/mta-sts.txt/ HTTP/1.1 | 404",
        "GET /.well-known/../.well-known/mta-sts.txt HTTP/1.1 | 404",
        "GET /.well-known/mta%2dsts.txt HTTP/1.1 | 404",
        "GET / HTTP/1.1 | 404",
        "POST /.well-known/mta-sts.txt HTTP/1.1 | 405",
        "GET https://mta-sts.example.org/.well-known/mta-sts.txt HTTP/1.1 | 400",
        "GET http://evil.example/.well-known/mta-sts.txt HTTP/1.1 | 400",
        "CONNECT mta-sts.example.org:443 HTTP/1.1 | 400",
        "PRI * HTTP/2.0 | 400",
      })
  void onlyThePathIsServed(String request, int status) throws IOException {
    String answer = raw("mta-sts.example.org", request + "\\nHost: mta-sts.example.org\\n\\n");
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    assertFalse(answer.contains("STSv1"), answer);
  }

  @Test
  void theTypeIsPlainText() throws IOException {
    String answer = raw("mta-sts.example.org", GET + "mta-sts.example.org\\n\\n");
    assertTrue(answer.contains("\r\nContent-Type: text/plain; charset=utf-8\r\n"), answer);
    String head =
        raw("mta-sts.example.org", GET.replace("GET", "HEAD") + "mta-sts.example.org\\n\\n");
    assertTrue(head.endsWith("\r\n\r\n"), head);
    assertTrue(head.contains("Content-Length: " + POLICY.length()), head);
  }

  @Test
  void hugeHeadersAreRefused() throws IOException {
    String answer =
        raw(
            "mta-sts.example.org",
            GET + "mta-sts.example.org\\nX: " + "x".repeat(20_000) + "\\n\\n");
    assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 431 "), answer);
    assertTrue(raw("mta-sts.example.org", GET + "a\\nHost: b\\n\\n").startsWith("HTTP/1.1 400 "));
  }

  /** A client that sends half a request does not hold a connection for long. */
  @Test
  void aSlowClientIsEnded() throws IOException {
    listener.close();
    listener = open(Duration.ofMillis(300));
    String answer;
    try {
      answer = raw("mta-sts.example.org", GET + "mta-");
    } catch (IOException e) {
      answer = ""; // cut off
    }
    assertEquals("", answer);
  }
}
