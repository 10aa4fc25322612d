package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** Handshakes between our client and our server: the facts on both sides. */
final class HandshakeTest {
  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void bothSidesReportTheSameFacts(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            TlsConnectionPair.store(TlsConnectionPair.MX),
            TlsConnectionPair.references(TlsConnectionPair.ROOTS, "sender.example.net"));
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    ClientOffer offer =
        TlsConnectionPair.offer(
            TlsConnectionPair.references(TlsConnectionPair.ROOTS, "mx.example.org"));
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(server, client, offer)) {
      session.chat();
      Handshake clientHandshake = session.client().handshake();
      Handshake theirs = session.server().handshake();
      assertEquals(TlsVersion.TLS_1_3, clientHandshake.version());
      assertEquals(clientHandshake.version(), theirs.version());
      assertEquals(clientHandshake.suite(), theirs.suite());
      assertTrue(clientHandshake.bits() >= 128);
      String group = engine == TlsEngine.BORINGSSL ? "X25519MLKEM768" : "x25519";
      assertEquals(group, clientHandshake.group());
      assertEquals(group, theirs.group());
      assertFalse(clientHandshake.resumed());
      assertFalse(theirs.resumed());
      assertEquals("mx.example.org", theirs.serverName());
      assertEquals("verified(name mx.example.org)", clientHandshake.verdict().text());
      assertEquals("verified(name sender.example.net)", theirs.verdict().text());
      assertTrue(clientHandshake.ownCertificate());
      assertTrue(theirs.ownCertificate());
    }
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void anonymousClientIsAnonymous(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp").withClientCertificates(ClientCertificateMode.NONE),
            TlsConnectionPair.store(TlsConnectionPair.MX),
            TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(
            server,
            client,
            TlsConnectionPair.offer(null, TlsConnectionPair.references(TlsConnectionPair.ROOTS)))) {
      session.chat();
      assertEquals("anonymous", session.server().handshake().verdict().text());
      assertEquals("trusted", session.client().handshake().verdict().text());
      assertFalse(session.client().handshake().ownCertificate());
      assertNull(session.server().handshake().serverName());
    }
    assertEquals(0, factory.openEngines());
  }
}
