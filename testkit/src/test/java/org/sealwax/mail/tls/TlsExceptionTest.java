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
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** How broken handshakes and connections are reported: the kinds that the ladder looks at. */
final class TlsExceptionTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  private static TlsServer server(TlsFactory factory, ListenerTlsSettings listener) {
    return factory.server(
        listener,
        TlsConnectionPair.store(TlsConnectionPair.MX),
        TlsConnectionPair.references(TlsConnectionPair.ROOTS));
  }

  private static TlsClient client(TlsFactory factory) {
    return factory.client(
        ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
  }

  private static ClientOffer offer() {
    return TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS));
  }

  /** A peer that sends these bytes and then closes or waits. */
  private static FutureTask<TlsWire> clientAgainst(TlsFactory factory, byte[] sent, boolean leaves)
      throws IOException {
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    FutureTask<TlsWire> task =
        TlsConnectionPair.start(
            () -> client(factory).connect(pair.client(), offer(), TlsConnectionPair.LIMIT));
    pair.server().in().readNBytes(6);
    pair.server().out().write(sent);
    if (leaves) {
      // Everything read, so that the close is orderly and no reset overtakes what was sent.
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

  /** The clear wire under a wire of our engines. */
  private static Wire below(TlsWire wire) {
    return ((EngineWire) wire).below();
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void silenceIsTimeoutOnBothSides(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsConnectionPair.LoopbackPair one = TlsConnectionPair.pair();
    TlsException client =
        assertThrows(
            TlsException.class, () -> client(factory).connect(one.client(), offer(), SHORT));
    assertEquals(TlsException.Kind.TIMEOUT, client.kind());
    TlsConnectionPair.LoopbackPair two = TlsConnectionPair.pair();
    TlsException server =
        assertThrows(
            TlsException.class,
            () ->
                server(factory, ListenerTlsSettings.defaults("smtp")).accept(two.server(), SHORT));
    assertEquals(TlsException.Kind.TIMEOUT, server.kind());
    assertThrows(IOException.class, () -> one.client().in().read(), "the clear wire is closed");
    assertThrows(IOException.class, () -> two.server().in().read(), "the clear wire is closed");
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void dribblingPeerDoesNotOutlastTheTotal(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    FutureTask<TlsWire> task =
        TlsConnectionPair.start(
            () ->
                server(factory, ListenerTlsSettings.defaults("smtp"))
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
    assertEquals(TlsException.Kind.TIMEOUT, TlsConnectionPair.failure(task).kind());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void plaintextAfter220IsNotTls(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsException failure =
        TlsConnectionPair.failure(
            clientAgainst(
                factory, "454 4.7.0 not now\r\n".getBytes(StandardCharsets.US_ASCII), false));
    assertEquals(TlsException.Kind.NOT_TLS, failure.kind());
    assertTrue(String.valueOf(failure.getMessage()).contains("454 4.7.0 not now"));
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    pair.client().out().write("EHLO client.example\r\n".getBytes(StandardCharsets.US_ASCII));
    TlsException server =
        assertThrows(
            TlsException.class,
            () ->
                server(factory, ListenerTlsSettings.defaults("smtp"))
                    .accept(pair.server(), TlsConnectionPair.LIMIT));
    assertEquals(TlsException.Kind.NOT_TLS, server.kind());
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void alertsCarryTheirName(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsException refused =
        TlsConnectionPair.failure(
            clientAgainst(factory, new byte[] {21, 3, 3, 0, 2, 2, 40}, false));
    assertEquals(TlsException.Kind.NOTHING_IN_COMMON, refused.kind());
    assertTrue(String.valueOf(refused.getMessage()).contains("handshake_failure"));
    TlsException closing =
        TlsConnectionPair.failure(clientAgainst(factory, new byte[] {21, 3, 3, 0, 2, 1, 0}, false));
    assertEquals(TlsException.Kind.CLOSED, closing.kind());
    TlsException nonsense =
        TlsConnectionPair.failure(
            clientAgainst(factory, new byte[] {22, 3, 3, 0, 4, 2, 0, 0, 0}, false));
    assertEquals(TlsException.Kind.ALERT_SENT, nonsense.kind());
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void endOfStreamIsClosed(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    assertEquals(
        TlsException.Kind.CLOSED,
        TlsConnectionPair.failure(clientAgainst(factory, new byte[] {22, 3}, true)).kind());
    assertEquals(
        TlsException.Kind.CLOSED,
        TlsConnectionPair.failure(clientAgainst(factory, new byte[0], true)).kind());
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    pair.client().close();
    TlsException server =
        assertThrows(
            TlsException.class,
            () ->
                server(factory, ListenerTlsSettings.defaults("smtp"))
                    .accept(pair.server(), TlsConnectionPair.LIMIT));
    assertEquals(TlsException.Kind.CLOSED, server.kind());
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void versionMismatchIsReportedOnBothSides(TlsEngine engine) throws IOException {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server =
        server(
            factory,
            ListenerTlsSettings.defaults("smtp").withFloor(new TlsFloor(TlsVersion.TLS_1_3)));
    TlsConnectionPair.LoopbackPair pair = TlsConnectionPair.pair();
    FutureTask<TlsWire> accepting =
        TlsConnectionPair.start(() -> server.accept(pair.server(), TlsConnectionPair.LIMIT));
    ClientOffer old = TlsConnectionPair.versions(offer(), TlsVersion.TLS_1_2, TlsVersion.TLS_1_2);
    TlsException client =
        assertThrows(
            TlsException.class,
            () -> client(factory).connect(pair.client(), old, TlsConnectionPair.LIMIT));
    assertEquals(TlsException.Kind.ALERT_RECEIVED, client.kind());
    assertTrue(String.valueOf(client.getMessage()).contains("protocol_version"));
    TlsException there = TlsConnectionPair.failure(accepting);
    assertEquals(TlsException.Kind.ALERT_SENT, there.kind());
    assertTrue(String.valueOf(there.getMessage()).contains("protocol_version"));
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void alertAfterTheHandshakeIsReportedAtTheFirstRead(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server = server(factory, ListenerTlsSettings.defaults("smtp"));
    TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(server, client(factory), offer());
    // A record that cannot be decrypted makes the server's engine send bad_record_mac, encrypted:
    // the same that a client sees whose certificate was refused in TLS 1.3.
    Wire below = below(session.client());
    below
        .out()
        .write(
            new byte[] {
              23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0
            });
    TlsException there =
        assertThrows(TlsException.class, () -> session.server().in().read(new byte[10]));
    assertEquals(TlsException.Kind.ALERT_SENT, there.kind());
    TlsException here =
        assertThrows(TlsException.class, () -> session.client().in().read(new byte[10]));
    assertEquals(TlsException.Kind.AFTER_HANDSHAKE, here.kind());
    session.close();
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void closeRightAfterTheHandshakeIsReportedToTheClient(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(
            server(factory, ListenerTlsSettings.defaults("smtp")), client(factory), offer());
    below(session.server()).close();
    TlsException here =
        assertThrows(TlsException.class, () -> session.client().in().read(new byte[10]));
    assertEquals(TlsException.Kind.AFTER_HANDSHAKE, here.kind());
    session.close();
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void closeNotifyAndTruncationAreDistinct(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server = server(factory, ListenerTlsSettings.defaults("smtp"));
    for (boolean cut : List.of(false, true)) {
      TlsConnectionPair.TlsSessionPair session =
          TlsConnectionPair.shake(server, client(factory), offer());
      session.chat();
      if (cut) {
        below(session.client()).close();
      } else {
        session.client().close();
      }
      assertEquals(-1, session.server().in().read(new byte[10]));
      assertEquals(-1, session.server().in().read(new byte[10]));
      assertEquals(cut, session.server().truncated());
      session.close();
    }
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void closeFromAnotherThreadEndsReadAndWrite(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server = server(factory, ListenerTlsSettings.defaults("smtp"));
    TlsConnectionPair.TlsSessionPair reading =
        TlsConnectionPair.shake(server, client(factory), offer());
    reading.chat();
    FutureTask<Integer> read =
        TlsConnectionPair.start(() -> reading.server().in().read(new byte[10]));
    reading.server().close();
    assertThrows(IOException.class, () -> TlsConnectionPair.end(read));

    TlsConnectionPair.TlsSessionPair writing =
        TlsConnectionPair.shake(server, client(factory), offer());
    writing.chat();
    java.util.concurrent.CountDownLatch full = new java.util.concurrent.CountDownLatch(200);
    FutureTask<Integer> write =
        TlsConnectionPair.start(
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
    assertThrows(IOException.class, () -> TlsConnectionPair.end(write));
    assertThrows(IOException.class, () -> writing.server().out().write(1));
    writing.server().close();
    reading.close();
    writing.close();
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void readTimeoutLosesNothing(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(
            server(factory, ListenerTlsSettings.defaults("smtp")), client(factory), offer())) {
      session.chat();
      session.server().readTimeout(Duration.ofMillis(50));
      assertThrows(SocketTimeoutException.class, () -> session.server().in().read());
      session.server().readTimeout(TlsConnectionPair.LIMIT);
      session.chat();
    }
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void renegotiationIsRefused(TlsEngine engine) throws Exception {
    TlsFactory factory = TlsConnectionPair.factory(engine);
    ClientOffer old = TlsConnectionPair.versions(offer(), TlsVersion.TLS_1_2, TlsVersion.TLS_1_2);
    try (TlsConnectionPair.TlsSessionPair session =
        TlsConnectionPair.shake(
            server(factory, ListenerTlsSettings.defaults("smtp")), client(factory), old)) {
      session.chat();
      below(session.client()).out().write(new byte[] {22, 3, 3, 0, 4, 1, 0, 0, 0});
      assertThrows(TlsException.class, () -> session.server().in().read());
    }
    assertEquals(0, factory.openEngines());
  }
}
