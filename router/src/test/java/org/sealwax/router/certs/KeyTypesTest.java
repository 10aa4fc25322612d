package org.sealwax.router.certs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.router.certs.PublishedNames.TlsaView;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;
import org.sealwax.testkit.tls.TlsaBuilder;

/** Keys of other types than the usual P-256: through the guard, the status and a handshake. */
@Timeout(60)
final class KeyTypesTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final TestCa CA = TestCa.root("Public Root");

  /** The keys that certificates for TLS may have, and their names in the status. */
  private static final Map<String, Function<TestCa.Leaf, TestCa.Leaf>> KEYS =
      Map.of(
          "EC 521", leaf -> leaf.curve("secp521r1"),
          "EC 384", leaf -> leaf.curve("secp384r1"),
          "RSA 3072", leaf -> leaf.rsa(3_072));

  @TempDir private Path folder = Path.of("");

  private static Stream<Arguments> cases() {
    return Stream.of(TlsEngine.values())
        .flatMap(engine -> KEYS.keySet().stream().map(key -> Arguments.of(engine, key)));
  }

  private Identity pair(String type) {
    return Objects.requireNonNull(KEYS.get(type)).apply(CA.leaf(HOST.name())).identity();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void eachKeyIsJudgedKeptAndShown(TlsEngine engine, String type) throws Exception {
    Identity first = pair(type);
    PublishedNames published =
        new PublishedNames(
            List.of(HOST),
            List.of(
                new TlsaView(
                    HOST,
                    "ns1",
                    new DaneState.Usable(
                        new TlsaAssociations(
                            Set.of(TlsaBuilder.of(3, 1, 1, first.leaf())), List.of(HOST))),
                    Duration.ZERO)),
            List.of());
    RecordingMailLog log = new RecordingMailLog();
    CertificateGuard guard = new CertificateGuard(CA::roots);
    IdentitySettings settings =
        new IdentitySettings(
            TestCa.write(first, folder, "mx"), List.of(), folder.resolve("tls"), HOST);
    ServerCertificates server =
        new ServerCertificates(
            CertificateSlot.of(settings, Clock.system(), RandomSource.secure()),
            guard,
            _ -> published,
            folder.resolve("state"),
            () -> false,
            Clock.system(),
            log.log());
    server.turn(ServerCertificates.TurnMode.RELOAD);

    // The same key loads, another one of this type is refused.
    Identity renewed = CA.leaf(HOST.name()).keyOf(first).identity();
    TestCa.write(renewed, folder, "mx");
    server.turn(ServerCertificates.TurnMode.RELOAD);
    assertEquals(renewed.leaf(), server.get().forName(HOST.name()).leaf());
    TestCa.write(pair(type), folder, "mx");
    server.turn(ServerCertificates.TurnMode.RELOAD);
    assertTrue(log.recorded("certificateRefused", "no TLSA record of mx.example.org"));

    List<StatusItem> items =
        new CertificateStatus(server, guard, _ -> published, Clock.system()).items();
    assertEquals(
        type + ", TLSA 3 1 1 " + first.pin().hex(),
        items.stream()
            .filter(item -> item.topic() == StatusTopic.KEY)
            .findFirst()
            .orElseThrow()
            .text());

    try (var session =
        TlsConnectionPair.shake(
            TlsConnectionPair.factory(engine)
                .server(
                    ListenerTlsSettings.defaults("test")
                        .withClientCertificates(ClientCertificateMode.NONE),
                    server.get(),
                    TlsConnectionPair.references(TlsConnectionPair.NO_ROOTS)),
            // BoringSSL as a client offers no signatures by P-521.
            TlsConnectionPair.factory(TlsEngine.JSSE)
                .client(
                    ClientTlsSettings.defaults(),
                    TlsConnectionPair.store(TlsConnectionPair.SENDER)),
            TlsConnectionPair.offer(TlsConnectionPair.references(CA.roots(), HOST.name())))) {
      assertEquals(renewed.leaf(), session.client().handshake().peerChain().getFirst());
    }
  }
}
