package org.sealwax.mail.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;

/**
 * An endpoint over TLS as curl and the JDK's client see it: the certificate is the one of the name
 * that the client asks for, a new one is in force without a restart, and events arrive one by one.
 */
@Timeout(120)
final class HttpsEndpointTest {
  private static final HttpService.HttpLimits LIMITS =
      new HttpService.HttpLimits(8_192, 1_024, Duration.ofSeconds(30));

  private static final Path CURL = Path.of("/usr/bin/curl");

  @TempDir private Path folder;

  private final TestCa authority = TestCa.root("First CA");
  private final TestCa successor = TestCa.root("Second CA");
  private final List<TcpListener> servers = new ArrayList<>();

  @BeforeEach
  void needsCurl() {
    assumeTrue(System.getenv("CI") != null || Files.isExecutable(CURL), "no curl");
  }

  @AfterEach
  void close() throws IOException {
    for (TcpListener each : servers) {
      each.close();
    }
  }

  private IdentityStore identities() throws IOException {
    IdentitySettings settings =
        new IdentitySettings(
            TestCa.write(authority.identity("one.example.org", "localhost"), folder, "one"),
            List.of(
                new IdentitySettings.NamedPair(
                    List.of(new CertificateName("two.example.org")),
                    TestCa.write(authority.identity("two.example.org"), folder, "two"))),
            folder.resolve("made"),
            Domain.of("one.example.org"));
    return IdentityStore.open(settings, Clock.system(), RandomSource.secure());
  }

  private TcpListener start(TlsEngine engine, IdentityStore identities, HttpHandler handler)
      throws IOException {
    TlsServer tls =
        TlsConnectionPair.factory(engine)
            .server(
                ListenerTlsSettings.defaults("web")
                    .withClientCertificates(ClientCertificateMode.NONE),
                identities,
                TlsConnectionPair.references(TlsConnectionPair.NO_ROOTS));
    HttpService service = new HttpService(LIMITS, handler);
    TcpListener server =
        TcpListener.start(
            "web",
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
            20,
            TcpListener.ClientGate.of(8),
            clear -> {
              try (TlsWire wire = tls.accept(clear, Duration.ofSeconds(20))) {
                service.serve(wire);
              }
            },
            problem -> {});
    servers.add(server);
    return server;
  }

  private Path pem(TestCa ca) throws IOException {
    try {
      String text =
          "-----BEGIN CERTIFICATE-----\n"
              + Base64.getMimeEncoder().encodeToString(ca.certificate().getEncoded())
              + "\n-----END CERTIFICATE-----\n";
      return Files.writeString(folder.resolve(ca == authority ? "first.pem" : "second.pem"), text);
    } catch (CertificateEncodingException e) {
      throw new IOException(e);
    }
  }

  /** What curl reports about a page: its exit code, the version of HTTP, and the content. */
  private String curl(TcpListener server, String name, TestCa trusted) throws Exception {
    int port = server.address().getPort();
    Process curl =
        new ProcessBuilder(
                CURL.toString(),
                "--silent",
                "--max-time",
                "60",
                "--cacert",
                pem(trusted).toString(),
                "--resolve",
                name + ":" + port + ":127.0.0.1",
                "--write-out",
                " HTTP/%{http_version}",
                "https://" + name + ":" + port + "/page")
            .start();
    String out = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return curl.waitFor() + " " + out;
  }

  private static HttpClient client(TestCa trusted) throws IOException, GeneralSecurityException {
    KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
    roots.load(null, null);
    roots.setCertificateEntry("ca", trusted.certificate());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(roots);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  private static HttpRequest request(TcpListener server) {
    return HttpRequest.newBuilder(
            URI.create("https://localhost:" + server.address().getPort() + "/page"))
        .timeout(Duration.ofSeconds(60))
        .build();
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void theNameChoosesTheCertificateAndANewOneIsInForceWithoutARestart(TlsEngine engine)
      throws Exception {
    IdentityStore identities = identities();
    TcpListener server =
        start(engine, identities, HttpHandler.readOnly(path -> HttpResponse.text(200, "page")));
    // Both offer HTTP/2 by ALPN, and take HTTP/1.1 where none is chosen.
    assertEquals("0 page HTTP/1.1", curl(server, "one.example.org", authority));
    assertEquals("0 page HTTP/1.1", curl(server, "two.example.org", authority));
    try (HttpClient java = client(authority)) {
      var reply = java.send(request(server), BodyHandlers.ofString());
      assertEquals("page", reply.body());
      assertEquals(HttpClient.Version.HTTP_1_1, reply.version());
    }

    TestCa.write(successor.identity("one.example.org", "localhost"), folder, "one");
    assertInstanceOf(IdentityStore.Reload.Replaced.class, identities.reloadIfChanged().getFirst());

    assertEquals("0 page HTTP/1.1", curl(server, "one.example.org", successor));
    assertTrue(
        curl(server, "one.example.org", authority).startsWith("60 "), "curl trusts the old CA");
    assertEquals("0 page HTTP/1.1", curl(server, "two.example.org", authority));
    try (HttpClient java = client(successor)) {
      assertEquals("page", java.send(request(server), BodyHandlers.ofString()).body());
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void eventsArriveOneByOneWhileTheCertificateChanges(TlsEngine engine) throws Exception {
    IdentityStore identities = identities();
    CountDownLatch seen = new CountDownLatch(1);
    TcpListener server =
        start(
            engine,
            identities,
            (request, content) ->
                new HttpEvents(
                    events -> {
                      events.event("step", "1");
                      // Not before the client has read the first.
                      events.event("step", seen.await(60, TimeUnit.SECONDS) ? "2" : "late");
                    }));
    try (HttpClient java = client(authority)) {
      var reply = java.send(request(server), BodyHandlers.ofLines());
      assertEquals("text/event-stream", reply.headers().firstValue("content-type").orElse(""));
      Iterator<String> lines = reply.body().iterator();
      List<String> read = new ArrayList<>();
      while (!read.contains("data: 1")) {
        read.add(lines.next());
      }
      TestCa.write(successor.identity("one.example.org", "localhost"), folder, "one");
      assertEquals(1, identities.reloadIfChanged().size());
      seen.countDown();
      lines.forEachRemaining(read::add);
      assertEquals(
          List.of("retry: 3000", "", "event: step", "data: 1", "", "event: step", "data: 2", ""),
          read);
    }
    assertTrue(
        curl(server, "one.example.org", successor).contains("data: 2"), "curl has the events");
  }
}
