package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.tls.verdict.ClientCertificates;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** Handshakes between our client and our server: the facts on both sides. */
final class HandshakeTest {
  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void tellsTheSameFactsOnBothSides(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsServer server =
        room.server(
            ListenerTls.defaults("smtp"),
            TlsTable.store(TlsTable.MX),
            TlsTable.references(TlsTable.ROOTS, "sender.example.net"));
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    ClientOffer offer = TlsTable.offer(TlsTable.references(TlsTable.ROOTS, "mx.example.org"));
    try (TlsTable.Session session = TlsTable.shake(server, client, offer)) {
      session.chat();
      Handshake ours = session.client().handshake();
      Handshake theirs = session.server().handshake();
      assertEquals(TlsVersion.TLS_1_3, ours.version());
      assertEquals(ours.version(), theirs.version());
      assertEquals(ours.suite(), theirs.suite());
      assertTrue(ours.bits() >= 128);
      String group = engine == TlsEngine.BORINGSSL ? "X25519MLKEM768" : "x25519";
      assertEquals(group, ours.group());
      assertEquals(group, theirs.group());
      assertFalse(ours.resumed());
      assertFalse(theirs.resumed());
      assertEquals("mx.example.org", theirs.serverName());
      assertEquals("verified(name mx.example.org)", ours.verdict().text());
      assertEquals("verified(name sender.example.net)", theirs.verdict().text());
      assertTrue(ours.ownCertificate());
      assertTrue(theirs.ownCertificate());
    }
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void anonymousClientIsAnonymous(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsServer server =
        room.server(
            ListenerTls.defaults("smtp").withClientCertificates(ClientCertificates.NONE),
            TlsTable.store(TlsTable.MX),
            TlsTable.references(TlsTable.ROOTS));
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    try (TlsTable.Session session =
        TlsTable.shake(server, client, TlsTable.offer(null, TlsTable.references(TlsTable.ROOTS)))) {
      session.chat();
      assertEquals("anonymous", session.server().handshake().verdict().text());
      assertEquals("trusted", session.client().handshake().verdict().text());
      assertFalse(session.client().handshake().ownCertificate());
      assertNull(session.server().handshake().serverName());
    }
    assertEquals(0, room.openEngines());
  }
}
