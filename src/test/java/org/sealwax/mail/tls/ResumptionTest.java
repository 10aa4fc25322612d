package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** Sessions: resumed where they may be, and judged anew each time. */
final class ResumptionTest {
  /** A clock that a test moves. */
  static final class Hands implements Clock {
    private Instant now = Instant.now();
    private long nanos = 1;

    void forward(Duration by) {
      now = now.plus(by);
      nanos += by.toNanos();
    }

    @Override
    public Instant now() {
      return now;
    }

    @Override
    public long nanoTime() {
      return nanos;
    }
  }

  private static ClientOffer offer(TlsVersion highest, References references) {
    return TlsTable.versions(
        TlsTable.resuming(TlsTable.offer(references)), TlsVersion.TLS_1_2, highest);
  }

  @ParameterizedTest
  @CsvSource({"BORINGSSL, TLS_1_3", "BORINGSSL, TLS_1_2", "JSSE, TLS_1_3", "JSSE, TLS_1_2"})
  void resumedSessionIsJudgedAnewOnBothSides(TlsEngine engine, TlsVersion version)
      throws IOException {
    Hands hands = new Hands();
    TestCa ca =
        TestCa.root(
            "Short Root",
            Instant.now().minus(Duration.ofDays(1)),
            Instant.now().plus(Duration.ofHours(1)));
    TlsRoom room = TlsTable.room(engine, hands);
    References senders = TlsTable.references(ca.roots(), "sender.example.net");
    TlsServer server =
        room.server(
            ListenerTls.defaults("smtp"), TlsTable.store(ca.identity("mx.example.org")), senders);
    TlsClient client =
        room.client(ClientTls.defaults(), TlsTable.store(ca.identity("sender.example.net")));
    ClientOffer offer = offer(version, TlsTable.references(ca.roots(), "mx.example.org"));
    try (TlsTable.Session first = TlsTable.shake(server, client, offer)) {
      first.chat();
      assertFalse(first.client().handshake().resumed());
      assertEquals(version, first.client().handshake().version());
      assertEquals("verified(name mx.example.org)", first.client().handshake().verdict().text());
    }
    try (TlsTable.Session second = TlsTable.shake(server, client, offer)) {
      second.chat();
      assertTrue(second.client().handshake().resumed());
      assertTrue(second.server().handshake().resumed());
      assertEquals("verified(name mx.example.org)", second.client().handshake().verdict().text());
      assertEquals(
          "verified(name sender.example.net)", second.server().handshake().verdict().text());
      assertTrue(second.client().handshake().ownCertificate());
      if (version == TlsVersion.TLS_1_3) {
        assertEquals(
            engine == TlsEngine.BORINGSSL ? "X25519MLKEM768" : "x25519",
            second.server().handshake().group());
      }
    }
    hands.forward(Duration.ofMinutes(90));
    try (TlsTable.Session third = TlsTable.shake(server, client, offer)) {
      third.chat();
      assertTrue(third.client().handshake().resumed());
      assertEquals("untrusted(expired)", third.client().handshake().verdict().text());
      assertEquals("untrusted(expired)", third.server().handshake().verdict().text());
    }
    References pinned =
        new References(
            List.of(),
            Set.of(Pins.of(third(server, client, offer).getFirst())),
            offer.references().roots());
    try (TlsTable.Session fourth = TlsTable.shake(server, client, offer(version, pinned))) {
      fourth.chat();
      assertTrue(fourth.client().handshake().resumed());
      assertTrue(fourth.client().handshake().verdict().text().startsWith("verified(pin sha256:"));
      assertTrue(fourth.client().handshake().notes().contains("chain: expired"));
    }
    assertEquals(0, room.openEngines());
  }

  private static List<java.security.cert.X509Certificate> third(
      TlsServer server, TlsClient client, ClientOffer offer) throws IOException {
    try (TlsTable.Session session = TlsTable.shake(server, client, offer)) {
      session.chat();
      return session.client().handshake().peerChain();
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void sessionWithoutClientCertificateStaysAnonymous(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsServer server =
        room.server(
            ListenerTls.defaults("smtp"),
            TlsTable.store(TlsTable.MX),
            TlsTable.references(TlsTable.ROOTS));
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    ClientOffer with = TlsTable.resuming(TlsTable.offer(TlsTable.references(TlsTable.ROOTS)));
    ClientOffer without =
        new ClientOffer(
            with.serverName(),
            with.floor(),
            with.highest(),
            with.hybrid(),
            true,
            false,
            false,
            with.references(),
            with.resumptionKey());
    for (int round = 0; round < 3; round++) {
      try (TlsTable.Session session = TlsTable.shake(server, client, without)) {
        session.chat();
        assertEquals(round > 0, session.server().handshake().resumed());
        assertEquals("anonymous", session.server().handshake().verdict().text());
      }
      try (TlsTable.Session session = TlsTable.shake(server, client, with)) {
        session.chat();
        assertEquals("trusted", session.server().handshake().verdict().text());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void otherKeyOtherListenerOrSwitchedOffMeansAFullHandshake(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    IdentityStore mx = TlsTable.store(TlsTable.MX);
    References references = TlsTable.references(TlsTable.ROOTS);
    TlsServer server = room.server(ListenerTls.defaults("smtp"), mx, references);
    TlsServer other = room.server(ListenerTls.defaults("smtps"), mx, references);
    TlsServer off =
        room.server(ListenerTls.defaults("off").withResumption(false, false), mx, references);
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    ClientOffer offer = TlsTable.resuming(TlsTable.offer(references));
    ClientOffer otherKey =
        new ClientOffer(
            offer.serverName(),
            offer.floor(),
            offer.highest(),
            offer.hybrid(),
            true,
            true,
            false,
            offer.references(),
            "another requirement");
    ClientOffer never = TlsTable.offer(references);
    assertFalse(resumed(server, client, offer));
    assertTrue(resumed(server, client, offer));
    assertFalse(resumed(server, client, otherKey));
    assertFalse(resumed(server, client, never));
    assertFalse(resumed(other, client, offer));
    for (TlsVersion version : List.of(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)) {
      ClientOffer again = TlsTable.versions(offer, TlsVersion.TLS_1_2, version);
      for (int i = 0; i < 3; i++) {
        assertFalse(resumed(off, client, again), "round " + i + " of " + version);
      }
    }
    assertEquals(0, room.openEngines());
  }

  private static boolean resumed(TlsServer server, TlsClient client, ClientOffer offer)
      throws IOException {
    try (TlsTable.Session session = TlsTable.shake(server, client, offer)) {
      session.chat();
      assertEquals(session.client().handshake().resumed(), session.server().handshake().resumed());
      return session.client().handshake().resumed();
    }
  }

  @Test
  void withoutTicketsOnlyTheOldVersionResumes() throws IOException {
    TlsRoom room = TlsTable.room(TlsEngine.BORINGSSL);
    References references = TlsTable.references(TlsTable.ROOTS);
    TlsServer server =
        room.server(
            ListenerTls.defaults("smtp").withResumption(true, false),
            TlsTable.store(TlsTable.MX),
            references);
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    ClientOffer offer = TlsTable.resuming(TlsTable.offer(references));
    assertFalse(resumed(server, client, offer));
    assertFalse(resumed(server, client, offer));
    ClientOffer old = TlsTable.versions(offer, TlsVersion.TLS_1_2, TlsVersion.TLS_1_2);
    assertFalse(resumed(server, client, old));
    assertTrue(resumed(server, client, old));
  }

  @Test
  void ticketKeysRotateAndOldOnesFallAway() throws IOException {
    Hands hands = new Hands();
    TlsRoom room = TlsTable.room(TlsEngine.BORINGSSL, hands);
    References references = TlsTable.references(TlsTable.ROOTS);
    TlsServer server =
        room.server(ListenerTls.defaults("smtp"), TlsTable.store(TlsTable.MX), references);
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    ClientOffer offer = TlsTable.resuming(TlsTable.offer(references));
    assertFalse(resumed(server, client, offer));
    hands.forward(Duration.ofMinutes(70));
    assertTrue(resumed(server, client, offer), "the former key still opens");
    hands.forward(Duration.ofMinutes(250));
    assertFalse(resumed(server, client, offer), "three periods later it does not");
  }

  @Test
  void ticketKeysAreAsManyAsSaid() {
    Hands hands = new Hands();
    ListenerTls listener = ListenerTls.defaults("smtp");
    TicketKeys keys = new TicketKeys(listener, hands, Chance.seeded(1));
    assertEquals(1, keys.changed().size());
    assertEquals(0, keys.changed().size());
    for (int i = 0; i < 5; i++) {
      hands.forward(listener.ticketRotation());
      assertEquals(Math.min(2 + i, 3), keys.changed().size());
    }
    hands.forward(listener.ticketRotation().multipliedBy(3));
    assertEquals(1, keys.changed().size());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void newIdentityEndsItsSessions(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    References references = TlsTable.references(TlsTable.ROOTS);
    TlsClient client = room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
    ClientOffer offer = TlsTable.resuming(TlsTable.offer(references));
    Identity blue = TlsTable.CA.identity("blue.example.org");
    TlsServer server =
        room.server(
            ListenerTls.defaults("smtp"),
            IdentityStore.fixed(TlsTable.MX, Map.of("blue.example.org", blue), Clock.system()),
            references);
    assertFalse(resumed(server, client, offer));
    assertTrue(resumed(server, client, offer));
    ClientOffer toBlue = TlsTable.resuming(TlsTable.offer("blue.example.org", references));
    assertFalse(resumed(server, client, toBlue));
  }
}
