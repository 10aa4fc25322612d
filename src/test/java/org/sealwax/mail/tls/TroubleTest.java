package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** How broken handshakes and connections are told: the kinds that the ladder looks at. */
final class TroubleTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  private static TlsServer server(TlsRoom room, ListenerTls listener) {
    return room.server(listener, TlsTable.store(TlsTable.MX), TlsTable.references(TlsTable.ROOTS));
  }

  private static TlsClient client(TlsRoom room) {
    return room.client(ClientTls.defaults(), TlsTable.store(TlsTable.SENDER));
  }

  private static ClientOffer offer() {
    return TlsTable.offer(TlsTable.references(TlsTable.ROOTS));
  }

  /** A peer that says these octets and then leaves or waits. */
  private static FutureTask<TlsWire> clientAgainst(TlsRoom room, byte[] said, boolean leaves)
      throws IOException {
    TlsTable.Pair pair = TlsTable.pair();
    FutureTask<TlsWire> task =
        TlsTable.start(() -> client(room).connect(pair.client(), offer(), TlsTable.LIMIT));
    pair.server().in().readNBytes(6);
    pair.server().out().write(said);
    if (leaves) {
      // Everything read, so that the close is orderly and no reset overtakes what was said.
      drain(pair.server());
      pair.server().close();
    }
    return task;
  }

  private static void drain(Wire wire) throws IOException {
    wire.readTimeout(Duration.ofMillis(50));
    byte[] sink = new byte[8192];
    try {
      while (wire.in().read(sink) > 0) {
        // Until it is quiet.
      }
    } catch (SocketTimeoutException e) {
      // It is.
    }
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void silenceIsTimeoutOnBothSides(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsTable.Pair one = TlsTable.pair();
    TlsTrouble client =
        assertThrows(TlsTrouble.class, () -> client(room).connect(one.client(), offer(), SHORT));
    assertEquals(TlsTrouble.Kind.TIMEOUT, client.kind());
    TlsTable.Pair two = TlsTable.pair();
    TlsTrouble server =
        assertThrows(
            TlsTrouble.class,
            () -> server(room, ListenerTls.defaults("smtp")).accept(two.server(), SHORT));
    assertEquals(TlsTrouble.Kind.TIMEOUT, server.kind());
    assertThrows(IOException.class, () -> one.client().in().read(), "the clear wire is closed");
    assertThrows(IOException.class, () -> two.server().in().read(), "the clear wire is closed");
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void dribblingPeerDoesNotOutlastTheTotal(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsTable.Pair pair = TlsTable.pair();
    FutureTask<TlsWire> task =
        TlsTable.start(
            () ->
                server(room, ListenerTls.defaults("smtp"))
                    .accept(pair.server(), Duration.ofMillis(500)));
    byte[] hello = {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3};
    assertThrows(
        IOException.class,
        () -> {
          for (int i = 0; i < 500; i++) {
            pair.client().out().write(hello[Math.min(i, hello.length - 1)]);
            pair.client().readTimeout(Duration.ofMillis(20));
            try {
              if (pair.client().in().read() < 0) {
                throw new IOException("closed");
              }
            } catch (SocketTimeoutException e) {
              // Not yet.
            }
          }
        });
    assertEquals(TlsTrouble.Kind.TIMEOUT, TlsTable.trouble(task).kind());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void clearTextAfter220IsNotTls(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsTrouble trouble =
        TlsTable.trouble(
            clientAgainst(
                room, "454 4.7.0 not now\r\n".getBytes(StandardCharsets.US_ASCII), false));
    assertEquals(TlsTrouble.Kind.NOT_TLS, trouble.kind());
    assertTrue(String.valueOf(trouble.getMessage()).contains("454 4.7.0 not now"));
    TlsTable.Pair pair = TlsTable.pair();
    pair.client().out().write("EHLO client.example\r\n".getBytes(StandardCharsets.US_ASCII));
    TlsTrouble server =
        assertThrows(
            TlsTrouble.class,
            () -> server(room, ListenerTls.defaults("smtp")).accept(pair.server(), TlsTable.LIMIT));
    assertEquals(TlsTrouble.Kind.NOT_TLS, server.kind());
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void alertsCarryTheirName(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsTrouble refused =
        TlsTable.trouble(clientAgainst(room, new byte[] {21, 3, 3, 0, 2, 2, 40}, false));
    assertEquals(TlsTrouble.Kind.NOTHING_IN_COMMON, refused.kind());
    assertTrue(String.valueOf(refused.getMessage()).contains("handshake_failure"));
    TlsTrouble closing =
        TlsTable.trouble(clientAgainst(room, new byte[] {21, 3, 3, 0, 2, 1, 0}, false));
    assertEquals(TlsTrouble.Kind.CLOSED, closing.kind());
    TlsTrouble nonsense =
        TlsTable.trouble(clientAgainst(room, new byte[] {22, 3, 3, 0, 4, 2, 0, 0, 0}, false));
    assertEquals(TlsTrouble.Kind.ALERT_SENT, nonsense.kind());
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void endOfStreamIsClosed(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    assertEquals(
        TlsTrouble.Kind.CLOSED,
        TlsTable.trouble(clientAgainst(room, new byte[] {22, 3}, true)).kind());
    assertEquals(
        TlsTrouble.Kind.CLOSED, TlsTable.trouble(clientAgainst(room, new byte[0], true)).kind());
    TlsTable.Pair pair = TlsTable.pair();
    pair.client().close();
    TlsTrouble server =
        assertThrows(
            TlsTrouble.class,
            () -> server(room, ListenerTls.defaults("smtp")).accept(pair.server(), TlsTable.LIMIT));
    assertEquals(TlsTrouble.Kind.CLOSED, server.kind());
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void versionsThatDoNotMeetAreToldOnBothSides(TlsEngine engine) throws IOException {
    TlsRoom room = TlsTable.room(engine);
    TlsServer server =
        server(room, ListenerTls.defaults("smtp").withFloor(new TlsFloor(TlsVersion.TLS_1_3)));
    TlsTable.Pair pair = TlsTable.pair();
    FutureTask<TlsWire> accepting =
        TlsTable.start(() -> server.accept(pair.server(), TlsTable.LIMIT));
    ClientOffer old = TlsTable.versions(offer(), TlsVersion.TLS_1_2, TlsVersion.TLS_1_2);
    TlsTrouble client =
        assertThrows(
            TlsTrouble.class, () -> client(room).connect(pair.client(), old, TlsTable.LIMIT));
    assertEquals(TlsTrouble.Kind.ALERT_RECEIVED, client.kind());
    assertTrue(String.valueOf(client.getMessage()).contains("protocol_version"));
    TlsTrouble there = TlsTable.trouble(accepting);
    assertEquals(TlsTrouble.Kind.ALERT_SENT, there.kind());
    assertTrue(String.valueOf(there.getMessage()).contains("protocol_version"));
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void alertAfterTheHandshakeIsToldAtTheFirstRead(TlsEngine engine) throws Exception {
    TlsRoom room = TlsTable.room(engine);
    TlsServer server = server(room, ListenerTls.defaults("smtp"));
    TlsTable.Session session = TlsTable.shake(server, client(room), offer());
    // A record that cannot be decrypted makes the server's engine send bad_record_mac, encrypted:
    // the same that a client sees whose certificate was refused in TLS 1.3.
    Wire below = TlsTable.below(session.client());
    below
        .out()
        .write(
            new byte[] {
              23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0
            });
    TlsTrouble there =
        assertThrows(TlsTrouble.class, () -> session.server().in().read(new byte[10]));
    assertEquals(TlsTrouble.Kind.ALERT_SENT, there.kind());
    TlsTrouble here =
        assertThrows(TlsTrouble.class, () -> session.client().in().read(new byte[10]));
    assertEquals(TlsTrouble.Kind.AFTER_HANDSHAKE, here.kind());
    session.close();
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void leavingRightAfterTheHandshakeIsToldToTheClient(TlsEngine engine) throws Exception {
    TlsRoom room = TlsTable.room(engine);
    TlsTable.Session session =
        TlsTable.shake(server(room, ListenerTls.defaults("smtp")), client(room), offer());
    TlsTable.below(session.server()).close();
    TlsTrouble here =
        assertThrows(TlsTrouble.class, () -> session.client().in().read(new byte[10]));
    assertEquals(TlsTrouble.Kind.AFTER_HANDSHAKE, here.kind());
    session.close();
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void orderlyEndAndCutStreamAreToldApart(TlsEngine engine) throws Exception {
    TlsRoom room = TlsTable.room(engine);
    TlsServer server = server(room, ListenerTls.defaults("smtp"));
    for (boolean cut : List.of(false, true)) {
      TlsTable.Session session = TlsTable.shake(server, client(room), offer());
      session.chat();
      if (cut) {
        TlsTable.below(session.client()).close();
      } else {
        session.client().close();
      }
      assertEquals(-1, session.server().in().read(new byte[10]));
      assertEquals(-1, session.server().in().read(new byte[10]));
      assertEquals(cut, session.server().truncated());
      session.close();
    }
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void closeFromAnotherThreadEndsReadAndWrite(TlsEngine engine) throws Exception {
    TlsRoom room = TlsTable.room(engine);
    TlsServer server = server(room, ListenerTls.defaults("smtp"));
    TlsTable.Session reading = TlsTable.shake(server, client(room), offer());
    reading.chat();
    FutureTask<Integer> read = TlsTable.start(() -> reading.server().in().read(new byte[10]));
    reading.server().close();
    assertThrows(IOException.class, () -> TlsTable.end(read));

    TlsTable.Session writing = TlsTable.shake(server, client(room), offer());
    writing.chat();
    java.util.concurrent.CountDownLatch full = new java.util.concurrent.CountDownLatch(200);
    FutureTask<Integer> write =
        TlsTable.start(
            () -> {
              byte[] much = new byte[64 * 1024];
              for (int i = 0; i < 1_000_000; i++) {
                writing.server().out().write(much);
                full.countDown();
              }
              return 0;
            });
    // The peer reads nothing: long before 200 writes the window is full and the writer blocked.
    assertFalse(full.await(500, java.util.concurrent.TimeUnit.MILLISECONDS));
    writing.server().close();
    assertThrows(IOException.class, () -> TlsTable.end(write));
    assertThrows(IOException.class, () -> writing.server().out().write(1));
    writing.server().close();
    reading.close();
    writing.close();
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void readTimeoutLosesNothing(TlsEngine engine) throws Exception {
    TlsRoom room = TlsTable.room(engine);
    try (TlsTable.Session session =
        TlsTable.shake(server(room, ListenerTls.defaults("smtp")), client(room), offer())) {
      session.chat();
      session.server().readTimeout(Duration.ofMillis(50));
      assertThrows(SocketTimeoutException.class, () -> session.server().in().read());
      session.server().readTimeout(TlsTable.LIMIT);
      session.chat();
    }
    assertEquals(0, room.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void renegotiationIsRefused(TlsEngine engine) throws Exception {
    TlsRoom room = TlsTable.room(engine);
    ClientOffer old = TlsTable.versions(offer(), TlsVersion.TLS_1_2, TlsVersion.TLS_1_2);
    try (TlsTable.Session session =
        TlsTable.shake(server(room, ListenerTls.defaults("smtp")), client(room), old)) {
      session.chat();
      TlsTable.below(session.client()).out().write(new byte[] {22, 3, 3, 0, 4, 1, 0, 0, 0});
      assertThrows(TlsTrouble.class, () -> session.server().in().read());
    }
    assertEquals(0, room.openEngines());
  }
}
