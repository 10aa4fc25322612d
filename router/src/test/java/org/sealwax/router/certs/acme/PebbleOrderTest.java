package org.sealwax.router.certs.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.http.HttpsUrl;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.router.log.MailLog;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** Orders at pebble, an ACME server that others wrote, with each type of challenge. */
@Tag("long")
@Timeout(120)
final class PebbleOrderTest {
  private static final Domain NAME = Domain.of("mx.example.org");
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  @TempDir private Path folder;

  private final BlockingQueue<String> results = new LinkedBlockingQueue<>();
  private final List<Closeable> open = new ArrayList<>();
  private final MailLog log =
      new MailLog() {
        @Override
        public void note(String service, String text) {
          results.add(text);
        }

        @Override
        public void warning(String service, String text) {
          results.add(text);
        }
      };

  @BeforeEach
  void needsPebble() {
    assumeTrue(System.getenv("CI") != null || Files.isExecutable(PebbleServer.PEBBLE), "no pebble");
  }

  @AfterEach
  void close() throws IOException {
    for (Closeable each : open.reversed()) {
      each.close();
    }
  }

  private PebbleServer pebble(Map<String, String> environment, boolean binding) throws IOException {
    PebbleServer server = new PebbleServer(folder, environment, binding);
    open.add(server);
    return server;
  }

  private AcmeSettings settings(PebbleServer server, Map<String, Object> changes) {
    AcmeSettings base =
        SettingsRecord.with(
            SettingsRecord.defaults(AcmeSettings.class, Map.of()),
            Map.of(
                "directory",
                HttpsUrl.parse(server.directory()),
                "agreeTos",
                true,
                "contact",
                List.of(new Mailbox("postmaster", Domain.of("example.org"))),
                "roots",
                Optional.of(server.roots())));
    return SettingsRecord.with(base, changes);
  }

  private AcmeOrders start(AcmeSettings settings, ProofPublisher proofs) {
    AcmeOrders orders =
        AcmeSetup.orders(
            settings,
            NAME,
            settings.names(NAME),
            folder.resolve("acme"),
            _ -> Optional.empty(),
            proofs,
            new AcmeSetup.Network(
                FixedResolver.builder().address(PebbleServer.HOST, "127.0.0.1").build(),
                DialerSettings.defaults(),
                TlsConnectionPair.factory(TlsEngine.BORINGSSL)
                    .client(
                        ClientTlsSettings.defaults(),
                        TlsConnectionPair.store(TlsConnectionPair.SENDER))),
            Clock.system(),
            RandomSource.secure(),
            new AcmeOrders.OrderCounts(new LongAdder(), new LongAdder()),
            log);
    open.add(orders);
    orders.start();
    return orders;
  }

  private HttpProofs http(PebbleServer server) throws IOException {
    HttpProofs proofs = new HttpProofs();
    open.add(
        proofs
            .service()
            .listen("acme", new InetSocketAddress(LOOPBACK, server.httpPort()), results::add));
    return proofs;
  }

  private String result() throws InterruptedException {
    @Nullable String result = results.poll(60, TimeUnit.SECONDS);
    assertNotNull(result, "no result");
    return result;
  }

  private void assertIssued() throws InterruptedException {
    String result = result();
    assertTrue(result.startsWith("certificate for mx.example.org issued: valid until 20"), result);
  }

  private Identity stored(Domain name) throws IOException {
    Path file = AcmeSetup.pairFile(folder.resolve("acme"), name);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    return Identity.read(file, file);
  }

  @Test
  void http01IssuesACertificateThatIsStoredWithItsKey() throws Exception {
    // A half of all nonces is refused: RFC 8555 6.5 requires to try again.
    PebbleServer server = pebble(Map.of("PEBBLE_WFE_NONCEREJECT", "50"), false);
    AcmeOrders orders = start(settings(server, Map.of()), http(server));
    assertIssued();
    Identity pair = stored(NAME);
    assertEquals(List.of("mx.example.org"), NameCheck.dnsNames(pair.leaf()));
    assertEquals(2, pair.chain().size());
    assertEquals(List.of(), orders.summary());

    // A renewal is for the same key.
    Identity again = orders.order(NAME, pair.keyPair());
    assertEquals(pair.pin(), again.pin());
    assertFalse(again.leaf().equals(pair.leaf()));
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void tlsAlpn01ShowsTheChallengeToTheAuthorityOnly(TlsEngine engine) throws Exception {
    PebbleServer server = pebble(Map.of(), false);
    AlpnProofs proofs = new AlpnProofs();
    open.add(
        proofs.listen(
            new InetSocketAddress(LOOPBACK, server.tlsPort()),
            TlsConnectionPair.factory(engine)
                .server(
                    ListenerTlsSettings.defaults("acme")
                        .withClientCertificates(ClientCertificateMode.NONE)
                        .withProtocols(List.of("http/1.1")),
                    TlsConnectionPair.store(TestCa.selfSigned("ordinary.example.org")),
                    proofs.identities(),
                    TlsConnectionPair.references(TlsConnectionPair.NO_ROOTS)),
            log));
    start(settings(server, Map.of("challenge", AcmeSettings.ChallengeType.TLS_ALPN_01)), proofs);
    assertIssued();
    assertEquals(List.of("mx.example.org"), NameCheck.dnsNames(stored(NAME).leaf()));
    assertNull(proofs.identities().byName().apply("mx.example.org"), "withdrawn");
  }

  @Test
  void dns01IsAnsweredByACommand() throws Exception {
    PebbleServer server = pebble(Map.of(), false);
    Path command = folder.resolve("dns");
    Files.writeString(
        command,
        """
        #!/bin/sh
        echo "$@" >>"%s"
        if [ "$1" = present ]; then
          exec curl -s -d "{\\"host\\":\\"$2\\",\\"value\\":\\"$3\\"}" http://127.0.0.1:%d/set-txt
        fi
        exec curl -s -d "{\\"host\\":\\"$2\\"}" http://127.0.0.1:%d/clear-txt
        """
            .formatted(folder.resolve("calls"), server.management(), server.management()));
    Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwx------"));
    AcmeSettings settings =
        settings(
            server,
            Map.of(
                "challenge",
                AcmeSettings.ChallengeType.DNS_01,
                "dnsCommand",
                Optional.of(command),
                "dnsWait",
                Duration.ZERO));
    start(settings, AcmeSetup.dnsProofs(settings, List.of(), log));
    assertIssued();
    assertEquals(List.of("mx.example.org"), NameCheck.dnsNames(stored(NAME).leaf()));
    List<String> calls = Files.readAllLines(folder.resolve("calls"));
    assertEquals(2, calls.size(), calls.toString());
    assertTrue(calls.getFirst().startsWith("present _acme-challenge.mx.example.org. "));
    assertEquals(calls.getFirst().replace("present", "cleanup"), calls.getLast());
  }

  @Test
  void anAccountIsBoundWhereTheAuthorityAsksForIt() throws Exception {
    PebbleServer server = pebble(Map.of(), true);
    Path key = Files.writeString(folder.resolve("eab"), PebbleServer.HMAC_KEY + "\n");
    AcmeOrders first = start(settings(server, Map.of("names", List.of(NAME))), http(server));
    String refused = result();
    assertTrue(
        refused.contains("externalAccount") || refused.contains("external account"), refused);

    // Or it could write after the deletion that its next order comes in a quarter of an hour.
    first.close();
    results.clear();
    Files.deleteIfExists(folder.resolve("acme").resolve("mx.example.org.state"));
    start(
        settings(server, Map.of("eabKeyId", Optional.of("kid-1"), "eabKeyFile", Optional.of(key))),
        http2(server));
    assertIssued();
  }

  /** The service of the former test is still there: its files are not. */
  private HttpProofs http2(PebbleServer server) throws IOException {
    open.get(open.size() - 2).close();
    return http(server);
  }

  @Test
  void aValidationThatFailsIsReportedWithTheWordsOfTheAuthority() throws Exception {
    PebbleServer server = pebble(Map.of("PEBBLE_WFE_NONCEREJECT", "0"), false);
    AcmeOrders orders = start(settings(server, Map.of()), new HttpProofs());
    String failed = result();
    assertTrue(
        failed.startsWith("no certificate for mx.example.org: http-01 of mx.example.org failed: "),
        failed);
    assertTrue(failed.contains("connection refused"), failed);
    assertTrue(failed.contains("; next order at 20"), failed);
    assertEquals(1, orders.failing());
    assertTrue(
        orders.summary().getFirst().contains("has failed since"), orders.summary().toString());
  }

  @Test
  void aHostedNameThatFailsDoesNotDelayTheHostName() throws Exception {
    PebbleServer server = pebble(Map.of(), false);
    HttpProofs proofs = http(server);
    ProofPublisher stuck =
        new ProofPublisher() {
          @Override
          public AcmeSettings.ChallengeType type() {
            return proofs.type();
          }

          @Override
          public PublishedProof publish(Proof proof) throws IOException, InterruptedException {
            if (!Thread.currentThread().getName().endsWith(NAME.name())) {
              new CountDownLatch(1).await();
            }
            return proofs.publish(proof);
          }
        };
    List<Domain> names = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      names.add(Domain.of("mta-sts.d" + i + ".example"));
    }
    names.add(NAME);
    start(settings(server, Map.of("names", names)), stuck);
    assertIssued();
  }
}
