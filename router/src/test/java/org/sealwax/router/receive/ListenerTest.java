package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyReader;
import org.sealwax.mail.smtp.session.SessionSettings;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.dmarc.InboundSettings;
import org.sealwax.router.milter.Milters;
import org.sealwax.testkit.tls.FakeTls;

/** Listeners on loopback and on a Unix socket. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ListenerTest {
  private final MemoryIntake intake = new MemoryIntake();
  private final FactLog log = new FactLog();
  private SessionLimit sessions = new SessionLimit(100, new ByteBudget(64 << 20));

  private SmtpServer server(ClientLimits.ClientLimitSettings limits, RelayRules rules) {
    TableDirectory directory = new TableDirectory(SessionHarness.HOST);
    directory.listed(SessionHarness.mailbox("jones@example.org"));
    ReceiveSettings settings =
        new ReceiveSettings(
            2000,
            SessionHarness.HOST,
            1_000_000,
            10,
            10,
            50,
            3,
            true,
            Duration.ZERO,
            false,
            ZoneOffset.UTC);
    ReceiveConfiguration configuration =
        new ReceiveConfiguration(
            settings,
            rules,
            directory,
            org.sealwax.router.evidence.PeerMatcher.none(),
            List.of(),
            List.of(),
            org.sealwax.router.dkim.SigningPolicy.NONE,
            SettingsRecord.defaults(InboundSettings.class, java.util.Map.of()),
            null);
    Clock clock = Clock.system();
    return new SmtpServer(
        () -> configuration,
        intake,
        new ClientLimits(limits, clock),
        sessions,
        new AuthGuard(2, Duration.ZERO),
        null,
        null,
        new Milters(clock, log.log),
        null,
        log.log,
        clock);
  }

  private static ClientLimits.ClientLimitSettings limits(int sessions) {
    return new ClientLimits.ClientLimitSettings(sessions, 0, 0, 0, 0, 0, List.of());
  }

  private static ListenerSettings settings(
      ListenerSettings.ListenerTlsMode encryption, int sessions) {
    return new ListenerSettings(
        "test",
        new ListenerSettings.ListenAddress.Tcp(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
        encryption,
        ClientCertificateMode.ASK,
        false,
        ListenerSettings.Dsn.RELAY,
        sessions,
        16,
        Duration.ofSeconds(10),
        SessionSettings.defaults());
  }

  private static final class TestSmtpClient implements AutoCloseable {
    private final Wire wire;
    private final ReplyReader replies;

    TestSmtpClient(Wire wire) {
      this.wire = wire;
      this.replies = new ReplyReader(new LineReader(wire.in()));
    }

    static TestSmtpClient to(Listener listener) throws IOException {
      return new TestSmtpClient(
          Wire.of(new Socket(listener.address().getAddress(), listener.address().getPort())));
    }

    Reply reply() throws IOException {
      return replies.read();
    }

    Reply say(String line) throws IOException {
      wire.out().write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
      return reply();
    }

    @Override
    public void close() throws IOException {
      wire.close();
    }
  }

  @Test
  void takesAMessageFromATrustedNetwork() throws Exception {
    try (Listener listener =
            Listener.start(
                settings(ListenerSettings.ListenerTlsMode.NONE, 4),
                server(limits(0), RelayRules.loopbackOnly()),
                null);
        TestSmtpClient client = TestSmtpClient.to(listener)) {
      assertEquals(220, client.reply().code());
      assertEquals(250, client.say("EHLO a.example").code());
      assertEquals(250, client.say("MAIL FROM:<a@b.example>").code());
      assertEquals(250, client.say("RCPT TO:<c@anywhere.example>").code());
      assertEquals(354, client.say("DATA").code());
      assertEquals("250 2.0.0 Ok: queued as ID000001", client.say("x\r\n.").toString());
      assertEquals(221, client.say("QUIT").code());
      assertThrows(IOException.class, client::reply);
    }
    assertEquals(1, intake.kept().size());
    assertTrue(log.has("connected[") && log.has("accepted[ID000001"), log.lines().toString());
  }

  @Test
  void slowlySentLineEndsAtTheCommandTimeout() throws Exception {
    SessionSettings usual = SessionSettings.defaults();
    SessionSettings quick =
        new SessionSettings(
            Duration.ofMillis(300),
            usual.block(),
            usual.body(),
            usual.handshake(),
            usual.errors(),
            usual.idleCommands(),
            false);
    ListenerSettings settings = settings(ListenerSettings.ListenerTlsMode.NONE, 4);
    ListenerSettings slow =
        new ListenerSettings(
            settings.name(),
            settings.place(),
            settings.encryption(),
            settings.certificates(),
            settings.offersAuth(),
            settings.dsn(),
            settings.sessions(),
            settings.backlog(),
            settings.handshake(),
            quick);
    try (Listener listener =
            Listener.start(slow, server(limits(0), RelayRules.loopbackOnly()), null);
        TestSmtpClient client = TestSmtpClient.to(listener)) {
      assertEquals(220, client.reply().code());
      Thread drops =
          Threads.start(
              "drops",
              () -> {
                try {
                  // Each byte comes well within the time that a read may take.
                  while (true) {
                    client.wire.out().write('N');
                    Thread.sleep(50);
                  }
                } catch (IOException | InterruptedException e) {
                  // Hung up, as it should be.
                }
              });
      assertEquals(421, client.reply().code());
      drops.interrupt();
      drops.join();
    }
  }

  @Test
  void clientThatNeverReadsIsDisconnectedAtTheCommandTimeout() throws Exception {
    SessionSettings usual = SessionSettings.defaults();
    SessionSettings quick =
        new SessionSettings(
            Duration.ofMillis(500),
            usual.block(),
            usual.body(),
            usual.handshake(),
            Integer.MAX_VALUE,
            Integer.MAX_VALUE,
            false);
    ListenerSettings settings = settings(ListenerSettings.ListenerTlsMode.NONE, 4);
    ListenerSettings stuck =
        new ListenerSettings(
            settings.name(),
            settings.place(),
            settings.encryption(),
            settings.certificates(),
            settings.offersAuth(),
            settings.dsn(),
            settings.sessions(),
            settings.backlog(),
            settings.handshake(),
            quick);
    try (Listener listener =
            Listener.start(stuck, server(limits(0), RelayRules.loopbackOnly()), null);
        Socket deaf = new Socket()) {
      deaf.setReceiveBufferSize(4096);
      deaf.connect(listener.address());
      byte[] group = "HELP\r\n".repeat(10_000).getBytes(StandardCharsets.US_ASCII);
      // It goes on until the server takes no more bytes: the server hung up.
      assertThrows(
          IOException.class,
          () -> {
            while (true) {
              deaf.getOutputStream().write(group);
            }
          });
      while (listener.sessions() > 0) {
        Thread.sleep(10);
      }
    }
    assertTrue(log.has("disconnected["), log.lines().toString());
  }

  @Test
  void countsSessionsAndNotItsOwnWaiting() throws Exception {
    try (Listener listener =
        Listener.start(
            settings(ListenerSettings.ListenerTlsMode.NONE, 4),
            server(limits(0), RelayRules.loopbackOnly()),
            null)) {
      assertEquals(0, listener.sessions());
      try (TestSmtpClient client = TestSmtpClient.to(listener)) {
        assertEquals(220, client.reply().code());
        assertEquals(1, listener.sessions());
        assertEquals(221, client.say("QUIT").code());
      }
      while (listener.sessions() > 0) {
        Thread.sleep(1);
      }
    }
  }

  @Test
  void givesTheNextSessionItsTokenWhenOneEnds() throws Exception {
    try (Listener listener =
        Listener.start(
            settings(ListenerSettings.ListenerTlsMode.NONE, 1),
            server(limits(0), RelayRules.loopbackOnly()),
            null)) {
      try (TestSmtpClient first = TestSmtpClient.to(listener);
          TestSmtpClient second = TestSmtpClient.to(listener)) {
        assertEquals(220, first.reply().code());
        // The second is in the backlog: it is greeted only once the first has gone.
        assertEquals(221, first.say("QUIT").code());
        assertEquals(220, second.reply().code());
      }
    }
  }

  @Test
  void turnsAwayOneSessionTooManyOfOneClient() throws Exception {
    try (Listener listener =
        Listener.start(
            settings(ListenerSettings.ListenerTlsMode.NONE, 10),
            server(limits(2), RelayRules.loopbackOnly()),
            null)) {
      try (TestSmtpClient first = TestSmtpClient.to(listener);
          TestSmtpClient second = TestSmtpClient.to(listener);
          TestSmtpClient third = TestSmtpClient.to(listener)) {
        assertEquals(220, first.reply().code());
        assertEquals(220, second.reply().code());
        assertEquals(421, third.reply().code());
      }
    }
    assertTrue(log.has("turnedAway["));
  }

  @Test
  void drainClosesIdleSessionsAndFinishesMessages() throws Exception {
    Listener listener =
        Listener.start(
            settings(ListenerSettings.ListenerTlsMode.NONE, 4),
            server(limits(0), RelayRules.loopbackOnly()),
            null);
    try (TestSmtpClient idle = TestSmtpClient.to(listener);
        TestSmtpClient busy = TestSmtpClient.to(listener)) {
      assertEquals(220, idle.reply().code());
      assertEquals(250, idle.say("EHLO a.example").code());
      assertEquals(220, busy.reply().code());
      busy.say("EHLO a.example");
      busy.say("MAIL FROM:<a@b.example>");
      busy.say("RCPT TO:<jones@example.org>");
      assertEquals(354, busy.say("DATA").code());
      assertFalse(listener.drain(Duration.ofMillis(50)), "one is inside a message");
      assertEquals(421, idle.reply().code());
      assertEquals(250, busy.say("x\r\n.").code());
      assertEquals(421, busy.reply().code());
      assertTrue(listener.drain(Duration.ofSeconds(10)));
    }
    assertEquals(1, intake.kept().size());
    assertThrows(IOException.class, () -> TestSmtpClient.to(listener));
  }

  @Test
  void implicitTlsStartsWithTheFirstByte() throws Exception {
    try (Listener listener =
        Listener.start(
            settings(ListenerSettings.ListenerTlsMode.IMPLICIT, 4),
            server(limits(0), RelayRules.loopbackOnly()),
            FakeTls.server(new Verdict.Anonymous()))) {
      Wire wire =
          Wire.of(new Socket(listener.address().getAddress(), listener.address().getPort()));
      FakeTls.asClient(wire);
      try (TestSmtpClient client = new TestSmtpClient(wire)) {
        assertEquals(220, client.reply().code());
        assertFalse(client.say("EHLO a.example").lines().contains("STARTTLS"));
      }
    }
    assertTrue(log.has("tlsFromClient["));
  }

  @Test
  void programsOfThisMachineAreTrustedAndLeaveNoClientInReceived(@TempDir Path folder)
      throws Exception {
    Path path = folder.resolve("s");
    RelayRules rules = new RelayRules(List.of(), TrustedCertificates.none(), List.of(), null);
    try (Listener listener =
            Listener.start(ListenerSettings.local(path), server(limits(0), rules), null);
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(path));
      TestSmtpClient client = new TestSmtpClient(Wire.of(channel));
      assertEquals(220, client.reply().code());
      client.say("EHLO localhost");
      client.say("MAIL FROM:<a@b.example>");
      assertEquals(250, client.say("RCPT TO:<c@anywhere.example>").code());
      client.say("DATA");
      assertEquals(250, client.say("Subject: x\r\n.").code());
      assertTrue(listener.sessions() >= 1);
    }
    String content = intake.kept().getFirst().content();
    assertTrue(content.startsWith("Received: by mx.example.org"), content);
    assertEquals("local", intake.kept().getFirst().envelope().origin());
  }

  @Test
  void aTakenPortIsAnErrorAtOnce() throws Exception {
    SmtpServer server = server(limits(0), RelayRules.loopbackOnly());
    try (Listener listener =
        Listener.start(settings(ListenerSettings.ListenerTlsMode.NONE, 1), server, null)) {
      ListenerSettings same =
          new ListenerSettings(
              "same",
              new ListenerSettings.ListenAddress.Tcp(listener.address()),
              ListenerSettings.ListenerTlsMode.NONE,
              ClientCertificateMode.NONE,
              false,
              ListenerSettings.Dsn.RELAY,
              1,
              1,
              Duration.ofSeconds(1),
              SessionSettings.defaults());
      assertThrows(IOException.class, () -> Listener.start(same, server, null));
    }
  }

  @Test
  void oneUserOfThisMachineHasHalfOfTheLocalSessions(@TempDir Path folder) throws Exception {
    ListenerSettings all = ListenerSettings.local(folder.resolve("submit"));
    ListenerSettings four =
        new ListenerSettings(
            all.name(),
            all.place(),
            all.encryption(),
            all.certificates(),
            all.offersAuth(),
            all.dsn(),
            4,
            all.backlog(),
            all.handshake(),
            all.dialogue());
    try (Listener listener =
        Listener.start(four, server(limits(0), RelayRules.loopbackOnly()), null)) {
      assertEquals(0, listener.sessions());
      try (TestSmtpClient first = local(folder);
          TestSmtpClient second = local(folder)) {
        assertEquals(220, first.reply().code());
        assertEquals(220, second.reply().code());
        // Only now: sessions that begin at the same time are counted in any order.
        try (TestSmtpClient third = local(folder)) {
          assertEquals(421, third.reply().code());
        }
        assertEquals(221, second.say("QUIT").code());
      }
      while (listener.sessions() > 0) {
        Thread.sleep(5);
      }
      try (TestSmtpClient again = local(folder)) {
        assertEquals(220, again.reply().code());
      }
    }
  }

  private static TestSmtpClient local(Path folder) throws IOException {
    return new TestSmtpClient(
        Wire.of(SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("submit")))));
  }

  @Test
  void sessionsAreCountedOverAllListeners() throws Exception {
    sessions = new SessionLimit(20, new ByteBudget(64 << 20));
    SmtpServer server = server(limits(0), RelayRules.loopbackOnly());
    try (Listener first =
            Listener.start(settings(ListenerSettings.ListenerTlsMode.NONE, 100), server, null);
        Listener second =
            Listener.start(settings(ListenerSettings.ListenerTlsMode.NONE, 100), server, null)) {
      List<TestSmtpClient> clients = new ArrayList<>();
      for (int i = 0; i < 19; i++) {
        TestSmtpClient client = TestSmtpClient.to(first);
        clients.add(client);
        assertEquals(220, client.reply().code());
      }
      TestSmtpClient waits = TestSmtpClient.to(first);
      clients.add(waits);
      TestSmtpClient own = TestSmtpClient.to(second);
      clients.add(own);
      assertEquals(220, own.reply().code(), "its reserve");
      assertEquals(20, sessions.taken());
      clients.getFirst().close();
      assertEquals(220, waits.reply().code());
      for (TestSmtpClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void bytesInTransferAreLimitedPerClientOverAllSessions() throws Exception {
    SmtpServer server = server(limits(100), RelayRules.loopbackOnly());
    try (Listener listener =
        Listener.start(settings(ListenerSettings.ListenerTlsMode.NONE, 20), server, null)) {
      List<TestSmtpClient> clients = new ArrayList<>();
      String line = "x".repeat(998) + "\r\n";
      for (int i = 0; i < ReceivedContent.DRAFTS; i++) {
        TestSmtpClient client = TestSmtpClient.to(listener);
        clients.add(client);
        begin(client);
        client.wire.out().write(line.repeat(800).getBytes(StandardCharsets.US_ASCII));
        if (i < ReceivedContent.DRAFTS - 1) {
          // Its bytes are counted before the next one's.
          int before = i + 1;
          while (intake.bytes() < before * 800_000L) {
            Thread.sleep(5);
          }
        }
      }
      assertEquals(452, clients.getLast().say(".").code());
      clients.getFirst().close();
      TestSmtpClient again = TestSmtpClient.to(listener);
      clients.add(again);
      while (listener.sessions() > ReceivedContent.DRAFTS) {
        Thread.sleep(5);
      }
      begin(again);
      again.wire.out().write(line.repeat(800).getBytes(StandardCharsets.US_ASCII));
      assertEquals(250, again.say(".").code());
      for (TestSmtpClient client : clients) {
        client.close();
      }
    }
  }

  private static void begin(TestSmtpClient client) throws IOException {
    assertEquals(220, client.reply().code());
    client.say("EHLO a.example");
    client.say("MAIL FROM:<a@b.example>");
    assertEquals(250, client.say("RCPT TO:<c@anywhere.example>").code());
    assertEquals(354, client.say("DATA").code());
  }
}
