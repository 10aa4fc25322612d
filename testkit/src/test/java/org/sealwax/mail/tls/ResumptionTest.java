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
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** Sessions: resumed where they may be, and judged again each time. */
final class ResumptionTest {
  /** A clock that a test moves. */
  static final class ResumptionClock implements Clock {
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

  private static ClientOffer offer(TlsVersion highest, ReferenceIdentity references) {
    return TlsConnectionPair.versions(
        TlsConnectionPair.offer(references).resuming(), TlsVersion.TLS_1_2, highest);
  }

  @ParameterizedTest
  @CsvSource({"BORINGSSL, TLS_1_3", "BORINGSSL, TLS_1_2", "JSSE, TLS_1_3", "JSSE, TLS_1_2"})
  void resumedSessionIsVerifiedAgainOnBothSides(TlsEngine engine, TlsVersion version)
      throws IOException {
    ResumptionClock clock = new ResumptionClock();
    TestCa ca =
        TestCa.root(
            "Short Root",
            Instant.now().minus(Duration.ofDays(1)),
            Instant.now().plus(Duration.ofHours(1)));
    TlsFactory factory = TlsConnectionPair.factory(engine, clock);
    ReferenceIdentity senders = TlsConnectionPair.references(ca.roots(), "sender.example.net");
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            TlsConnectionPair.store(ca.identity("mx.example.org")),
            senders);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(),
            TlsConnectionPair.store(ca.identity("sender.example.net")));
    ClientOffer offer = offer(version, TlsConnectionPair.references(ca.roots(), "mx.example.org"));
    try (TlsConnectionPair.TlsSessionPair first = TlsConnectionPair.shake(server, client, offer)) {
      first.chat();
      assertFalse(first.client().handshake().resumed());
      assertEquals(version, first.client().handshake().version());
      assertEquals("verified(name mx.example.org)", first.client().handshake().verdict().text());
    }
    try (TlsConnectionPair.TlsSessionPair second = TlsConnectionPair.shake(server, client, offer)) {
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
    clock.forward(Duration.ofMinutes(90));
    try (TlsConnectionPair.TlsSessionPair third = TlsConnectionPair.shake(server, client, offer)) {
      third.chat();
      assertTrue(third.client().handshake().resumed());
      assertEquals("untrusted(expired)", third.client().handshake().verdict().text());
      assertEquals("untrusted(expired)", third.server().handshake().verdict().text());
    }
    ReferenceIdentity pinned =
        new ReferenceIdentity(
            List.of(),
            Set.of(Pins.of(third(server, client, offer).getFirst())),
            offer.references().roots());
    try (TlsConnectionPair.TlsSessionPair fourth =
        TlsConnectionPair.shake(server, client, offer(version, pinned))) {
      fourth.chat();
      assertTrue(fourth.client().handshake().resumed());
      assertTrue(fourth.client().handshake().verdict().text().startsWith("verified(pin sha256:"));
      assertTrue(fourth.client().handshake().notes().contains("chain: expired"));
    }
    assertEquals(0, factory.openEngines());
  }

  private static List<java.security.cert.X509Certificate> third(
      TlsServer server, TlsClient client, ClientOffer offer) throws IOException {
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(server, client, offer)) {
      session.chat();
      return session.client().handshake().peerChain();
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void sessionWithoutClientCertificateStaysAnonymous(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            TlsConnectionPair.store(TlsConnectionPair.MX),
            TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    ClientOffer with =
        TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS)).resuming();
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
      try (TlsConnectionPair.TlsSessionPair session =
          TlsConnectionPair.shake(server, client, without)) {
        session.chat();
        assertEquals(round > 0, session.server().handshake().resumed());
        assertEquals("anonymous", session.server().handshake().verdict().text());
      }
      try (TlsConnectionPair.TlsSessionPair session =
          TlsConnectionPair.shake(server, client, with)) {
        session.chat();
        assertEquals("trusted", session.server().handshake().verdict().text());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void otherKeyOtherListenerOrSwitchedOffMeansAFullHandshake(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    IdentityStore mx = TlsConnectionPair.store(TlsConnectionPair.MX);
    ReferenceIdentity references = TlsConnectionPair.references(TlsConnectionPair.ROOTS);
    TlsServer server = factory.server(ListenerTlsSettings.defaults("smtp"), mx, references);
    TlsServer other = factory.server(ListenerTlsSettings.defaults("smtps"), mx, references);
    TlsServer off =
        factory.server(
            ListenerTlsSettings.defaults("off").withResumption(false, false), mx, references);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    ClientOffer offer = TlsConnectionPair.offer(references).resuming();
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
    ClientOffer never = TlsConnectionPair.offer(references);
    assertFalse(resumed(server, client, offer));
    assertTrue(resumed(server, client, offer));
    assertFalse(resumed(server, client, otherKey));
    assertFalse(resumed(server, client, never));
    assertFalse(resumed(other, client, offer));
    for (TlsVersion version : List.of(TlsVersion.TLS_1_2, TlsVersion.TLS_1_3)) {
      ClientOffer again = TlsConnectionPair.versions(offer, TlsVersion.TLS_1_2, version);
      for (int i = 0; i < 3; i++) {
        assertFalse(resumed(off, client, again), "round " + i + " of " + version);
      }
    }
    assertEquals(0, factory.openEngines());
  }

  private static boolean resumed(TlsServer server, TlsClient client, ClientOffer offer)
      throws IOException {
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(server, client, offer)) {
      session.chat();
      assertEquals(session.client().handshake().resumed(), session.server().handshake().resumed());
      return session.client().handshake().resumed();
    }
  }

  @Test
  void withoutTicketsOnlyTheOldVersionResumes() throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(TlsEngine.BORINGSSL);
    ReferenceIdentity references = TlsConnectionPair.references(TlsConnectionPair.ROOTS);
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp").withResumption(true, false),
            TlsConnectionPair.store(TlsConnectionPair.MX),
            references);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    ClientOffer offer = TlsConnectionPair.offer(references).resuming();
    assertFalse(resumed(server, client, offer));
    assertFalse(resumed(server, client, offer));
    ClientOffer old = TlsConnectionPair.versions(offer, TlsVersion.TLS_1_2, TlsVersion.TLS_1_2);
    assertFalse(resumed(server, client, old));
    assertTrue(resumed(server, client, old));
  }

  @Test
  void ticketKeysRotateAndOldOnesFallAway() throws IOException {
    ResumptionClock clock = new ResumptionClock();
    TlsFactory factory = TlsConnectionPair.factory(TlsEngine.BORINGSSL, clock);
    ReferenceIdentity references = TlsConnectionPair.references(TlsConnectionPair.ROOTS);
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            TlsConnectionPair.store(TlsConnectionPair.MX),
            references);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    ClientOffer offer = TlsConnectionPair.offer(references).resuming();
    assertFalse(resumed(server, client, offer));
    clock.forward(Duration.ofMinutes(70));
    assertTrue(resumed(server, client, offer), "the former key still opens");
    clock.forward(Duration.ofMinutes(250));
    assertFalse(resumed(server, client, offer), "three periods later it does not");
  }

  @Test
  void ticketKeyCountMatchesTheSettings() {
    ResumptionClock clock = new ResumptionClock();
    ListenerTlsSettings listener = ListenerTlsSettings.defaults("smtp");
    TicketKeys keys = new TicketKeys(listener, clock, RandomSource.seeded(1));
    assertEquals(1, keys.changed().size());
    assertEquals(0, keys.changed().size());
    for (int i = 0; i < 5; i++) {
      clock.forward(listener.ticketRotation());
      assertEquals(Math.min(2 + i, 3), keys.changed().size());
    }
    clock.forward(listener.ticketRotation().multipliedBy(3));
    assertEquals(1, keys.changed().size());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void newIdentityEndsItsSessions(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    ReferenceIdentity references = TlsConnectionPair.references(TlsConnectionPair.ROOTS);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    ClientOffer offer = TlsConnectionPair.offer(references).resuming();
    Identity blue = TlsConnectionPair.CA.identity("blue.example.org");
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            IdentityStore.fixed(
                TlsConnectionPair.MX, Map.of("blue.example.org", blue), Clock.system()),
            references);
    assertFalse(resumed(server, client, offer));
    assertTrue(resumed(server, client, offer));
    ClientOffer toBlue = TlsConnectionPair.offer("blue.example.org", references).resuming();
    assertFalse(resumed(server, client, toBlue));
  }
}
