package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** Versions, groups, client certificates, and bytes in bulk, on every pair of engines. */
final class FloorTest {
  static {
    TlsFactory.prepareJvm();
  }

  private static TlsServer server(
      TlsFactory factory, ListenerTlsSettings listener, Identity identity) {
    return factory.server(
        listener,
        TlsConnectionPair.store(identity),
        TlsConnectionPair.references(TlsConnectionPair.ROOTS));
  }

  static Stream<Arguments> versions() {
    List<Arguments> out = new ArrayList<>();
    for (TlsEngine server : TlsEngine.values()) {
      for (TlsEngine client : TlsEngine.values()) {
        for (TlsVersion version : TlsVersion.values()) {
          for (boolean rsa : List.of(false, true)) {
            out.add(Arguments.of(server, client, version, rsa));
          }
        }
      }
    }
    return out.stream();
  }

  @ParameterizedTest
  @MethodSource("versions")
  void everyVersionFromTheMinimumWorks(
      TlsEngine server, TlsEngine client, TlsVersion version, boolean rsa) throws IOException {
    Identity identity = rsa ? RSA : TlsConnectionPair.MX;
    TlsFactory there = TlsConnectionPair.factory(server);
    TlsFactory here = TlsConnectionPair.factory(client);
    ClientOffer offer =
        TlsConnectionPair.versions(
            TlsConnectionPair.offer(
                TlsConnectionPair.references(TlsConnectionPair.ROOTS, "mx.example.org")),
            version,
            version);
    ListenerTlsSettings listener =
        ListenerTlsSettings.defaults("smtp").withFloor(new TlsFloor(TlsVersion.TLS_1_0));
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(
            server(there, listener, identity),
            here.client(ClientTlsSettings.defaults(), TlsConnectionPair.store(identity)),
            offer)) {
      session.chat();
      assertEquals(version, session.client().handshake().version());
      assertEquals(version, session.server().handshake().version());
      assertEquals("verified(name mx.example.org)", session.client().handshake().verdict().text());
      assertEquals("trusted", session.server().handshake().verdict().text());
      assertNotNull(session.client().handshake().group());
      assertEquals(session.client().handshake().group(), session.server().handshake().group());
    }
    assertEquals(0, there.openEngines());
    assertEquals(0, here.openEngines());
  }

  private static final Identity RSA =
      TlsConnectionPair.CA.leaf("mx.example.org").rsa(2048).identity();

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void defaultFloorRefusesTls11(TlsEngine engine) {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    ClientOffer old =
        TlsConnectionPair.versions(
            TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS)),
            TlsVersion.TLS_1_0,
            TlsVersion.TLS_1_1);
    assertThrows(
        TlsException.class,
        () ->
            TlsConnectionPair.shake(
                server(factory, ListenerTlsSettings.defaults("smtp"), TlsConnectionPair.MX),
                factory.client(
                    ClientTlsSettings.defaults(),
                    TlsConnectionPair.store(TlsConnectionPair.SENDER)),
                old));
    assertEquals(0, factory.openEngines());
  }

  @Test
  void hybridIsLeftOutOnTheClassicalStep() throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(TlsEngine.BORINGSSL);
    ClientOffer full =
        TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    ClientOffer classical =
        new ClientOffer(
            full.serverName(),
            full.floor(),
            full.highest(),
            false,
            false,
            true,
            false,
            full.references(),
            full.resumptionKey());
    TlsServer server = server(factory, ListenerTlsSettings.defaults("smtp"), TlsConnectionPair.MX);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    try (TlsConnectionPair.TlsSessionPair session = TlsConnectionPair.shake(server, client, full)) {
      assertEquals("X25519MLKEM768", session.client().handshake().group());
      assertEquals("X25519MLKEM768", session.server().handshake().group());
    }
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(server, client, classical)) {
      assertEquals("x25519", session.client().handshake().group());
      assertEquals("x25519", session.server().handshake().group());
    }
  }

  @Test
  void fallbackScsvShowsAForcedDowngrade() {
    TlsFactory factory = TlsConnectionPair.factory(TlsEngine.BORINGSSL);
    ClientOffer full =
        TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    ClientOffer lowered =
        new ClientOffer(
            full.serverName(),
            full.floor(),
            TlsVersion.TLS_1_2,
            true,
            false,
            true,
            true,
            full.references(),
            full.resumptionKey());
    TlsException failure =
        assertThrows(
            TlsException.class,
            () ->
                TlsConnectionPair.shake(
                    server(factory, ListenerTlsSettings.defaults("smtp"), TlsConnectionPair.MX),
                    factory.client(
                        ClientTlsSettings.defaults(),
                        TlsConnectionPair.store(TlsConnectionPair.SENDER)),
                    lowered));
    assertEquals(TlsException.Kind.ALERT_RECEIVED, failure.kind());
    assertTrue(String.valueOf(failure.getMessage()).contains("inappropriate_fallback"));
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void clientCertificateModes(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(),
            TlsConnectionPair.store(TestCa.selfSigned("odd.example")));
    ClientOffer shown =
        TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    ClientOffer hidden =
        new ClientOffer(
            shown.serverName(),
            shown.floor(),
            shown.highest(),
            true,
            false,
            false,
            false,
            shown.references(),
            shown.resumptionKey());
    for (ClientCertificateMode mode : ClientCertificateMode.values()) {
      TlsServer server =
          server(
              factory,
              ListenerTlsSettings.defaults("smtp").withClientCertificates(mode),
              TlsConnectionPair.MX);
      for (TlsVersion version : List.of(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)) {
        try (TlsConnectionPair.TlsSessionPair session =
            TlsConnectionPair.shake(
                server, client, TlsConnectionPair.versions(shown, TlsVersion.TLS_1_2, version))) {
          session.chat();
          boolean asked = mode != ClientCertificateMode.NONE;
          assertEquals(
              asked ? "untrusted(self-signed)" : "anonymous",
              session.server().handshake().verdict().text());
          assertEquals(asked, session.client().handshake().ownCertificate());
        }
        try (TlsConnectionPair.TlsSessionPair session =
            TlsConnectionPair.shake(
                server, client, TlsConnectionPair.versions(hidden, TlsVersion.TLS_1_2, version))) {
          session.chat();
          assertTrue(session.server().handshake().peerChain().isEmpty());
        }
      }
    }
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void carriesLargeTransfersBothWays(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    byte[] much = new byte[3_000_001];
    new SecureRandom().nextBytes(much);
    for (TlsVersion version : List.of(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)) {
      try (TlsConnectionPair.TlsSessionPair session =
          TlsConnectionPair.shake(
              server(factory, ListenerTlsSettings.defaults("smtp"), TlsConnectionPair.MX),
              factory.client(
                  ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER)),
              TlsConnectionPair.versions(
                  TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS)),
                  TlsVersion.TLS_1_2,
                  version))) {
        pass(session.client(), session.server(), much);
        pass(session.server(), session.client(), much);
        session.chat();
      }
    }
    assertEquals(0, factory.openEngines());
  }

  private static void pass(Wire from, Wire to, byte[] much) throws IOException {
    FutureTask<Integer> writing =
        TlsConnectionPair.start(
            () -> {
              int[] sizes = {1, 17, 1000, 8192, 16384, 16385, 65536, 300_000};
              int at = 0;
              for (int i = 0; at < much.length; i++) {
                int part = Math.min(sizes[i % sizes.length], much.length - at);
                from.out().write(much, at, part);
                at += part;
              }
              return at;
            });
    byte[] got = new byte[much.length];
    int at = 0;
    int[] sizes = {1, 3, 500, 8192, 16384, 20_000, 65536};
    for (int i = 0; at < got.length; i++) {
      int n = to.in().read(got, at, Math.min(sizes[i % sizes.length], got.length - at));
      assertTrue(n > 0);
      at += n;
    }
    assertEquals(much.length, TlsConnectionPair.end(writing));
    assertTrue(Arrays.equals(much, got));
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void aHundredHandshakesAtOnce(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server = server(factory, ListenerTlsSettings.defaults("smtp"), TlsConnectionPair.MX);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    ClientOffer offer =
        TlsConnectionPair.offer(
                TlsConnectionPair.references(TlsConnectionPair.ROOTS, "mx.example.org"))
            .resuming();
    List<FutureTask<String>> all = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      all.add(
          TlsConnectionPair.start(
              () -> {
                try (TlsConnectionPair.TlsSessionPair session =
                    TlsConnectionPair.shake(server, client, offer)) {
                  session.chat();
                  return session.client().handshake().verdict().text()
                      + session.server().handshake().verdict().text();
                }
              }));
    }
    for (FutureTask<String> one : all) {
      assertEquals("verified(name mx.example.org)trusted", TlsConnectionPair.end(one));
    }
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void takesLongChains(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TestCa ca = TlsConnectionPair.CA;
    for (int i = 0; i < 18; i++) {
      ca = ca.intermediate("Level " + i);
    }
    Identity deep = ca.leaf("mx.example.org").padded(45_000).identity();
    assertEquals(19, deep.chain().size());
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(
            server(factory, ListenerTlsSettings.defaults("smtp"), deep),
            factory.client(ClientTlsSettings.defaults(), TlsConnectionPair.store(deep)),
            TlsConnectionPair.offer(
                TlsConnectionPair.references(TlsConnectionPair.ROOTS, "mx.example.org")))) {
      session.chat();
      assertEquals(deep.chain(), session.client().handshake().peerChain());
      assertEquals(deep.chain(), session.server().handshake().peerChain());
      assertEquals("verified(name mx.example.org)", session.client().handshake().verdict().text());
    }
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void readsTlsThatComesByteByByteAndClientHelloThatCameEarly(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server = server(factory, ListenerTlsSettings.defaults("smtp"), TlsConnectionPair.MX);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    TlsConnectionPair.LoopbackPair left = TlsConnectionPair.pair();
    TlsConnectionPair.LoopbackPair right = TlsConnectionPair.pair();
    // A relay between the two that passes single bytes, and cuts the client's ClientHello into
    // records
    // of one byte each.
    FutureTask<Integer> up =
        TlsConnectionPair.start(() -> relay(left.server(), right.client(), true));
    FutureTask<Integer> down =
        TlsConnectionPair.start(() -> relay(right.client(), left.server(), false));
    FutureTask<TlsWire> accepting =
        TlsConnectionPair.start(() -> server.accept(right.server(), TlsConnectionPair.LIMIT));
    TlsWire here =
        client.connect(
            left.client(),
            TlsConnectionPair.versions(
                TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS)),
                TlsVersion.TLS_1_2,
                TlsVersion.TLS_1_3),
            TlsConnectionPair.LIMIT);
    TlsWire there = TlsConnectionPair.end(accepting);
    new TlsConnectionPair.TlsSessionPair(here, there).chat();
    here.close();
    there.close();
    assertTrue(TlsConnectionPair.end(up) > 1000);
    assertTrue(TlsConnectionPair.end(down) > 1000);
    assertEquals(0, factory.openEngines());
  }

  private static int relay(Wire from, Wire to, boolean cut) {
    int count = 0;
    try {
      byte[] header = from.in().readNBytes(5);
      if (cut) {
        byte[] body = from.in().readNBytes((header[3] & 0xff) << 8 | (header[4] & 0xff));
        for (byte b : body) {
          to.out().write(new byte[] {header[0], header[1], header[2], 0, 1, b});
          count++;
        }
      } else {
        to.out().write(header);
      }
      for (int b = from.in().read(); b >= 0; b = from.in().read()) {
        to.out().write(b);
        count++;
      }
    } catch (IOException e) {
      // One of the ends is gone, which is how it ends.
    }
    return count;
  }
}
