package org.sealwax.router.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.queue.BugLog;

/** The wired router between a client of no trust and a target, over sockets. */
@Timeout(30)
final class CutThroughSessionTest {
  @TempDir private Path folder = Path.of("");
  private final BugLog log = new BugLog();
  private final Counters counters = new Counters();
  private Path state = Path.of("");
  private ScriptedTarget target;
  private Router router;

  @BeforeEach
  void open() throws IOException {
    TlsFactory.prepareJvm();
    target = new ScriptedTarget();
    state = Files.createDirectories(folder.resolve("state"));
    Files.writeString(
        folder.resolve("names"),
        "one: a@target.example\ntwo: a@target.example, b@target.example\n");
    router = router(true);
  }

  private Router router(boolean cutThrough) throws IOException {
    String text =
        """
        [server]
        hostname = "mx.example.org"
        [[listener]]
        address = "127.0.0.1:0"
        [trust]
        networks = []
        [inbound]
        dmarc = "off"
        cut_through = %s
        [[alias_domain]]
        domain = "example.org"
        file = "%s"
        [[transport]]
        domain = "*"
        next_hop = "[127.0.0.1]:%d"
        """
            .formatted(cutThrough, folder.resolve("names"), target.port());
    Configuration read =
        Configuration.parse(
            text, folder, "test", new MachineDefaults(Domain.of("mx.example.org"), state));
    if (!(read instanceof Configuration.ValidConfiguration sound)) {
      throw new IOException(read.report());
    }
    Router started =
        new Router(sound.settings(), Clock.system(), RandomSource.secure(), log.log, counters);
    started.start(_ -> ReloadReport.COMPLETE);
    return started;
  }

  @AfterEach
  void close() throws IOException {
    router.close();
    target.close();
    assertEquals(List.of(), log.bugs);
  }

  private RouterTestClient client() throws IOException {
    RouterTestClient client = new RouterTestClient(router.addresses().getFirst().getPort());
    client.reply();
    return client;
  }

  /** Up to 354. */
  private static void begin(RouterTestClient client, String... to) throws IOException {
    client.exchange("EHLO client.example");
    client.exchange("MAIL FROM:<u@from.example>");
    for (String one : to) {
      assertTrue(client.exchange("RCPT TO:<" + one + "@example.org>").startsWith("250"));
    }
    assertTrue(client.exchange("DATA").startsWith("354"));
  }

  private static String send(RouterTestClient client, String... to) throws IOException {
    begin(client, to);
    return client.exchange("Subject: x\r\n\r\nx\r\n.").strip();
  }

  private boolean isEmpty() throws Exception {
    return RouterUnderTest.queue(state, "count").equals("0\n");
  }

  private interface Condition {
    boolean isMet() throws Exception;
  }

  private static void await(Condition done) throws Exception {
    while (!done.isMet()) {
      Thread.sleep(2);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "250 2.1.5 ok; 250 2.0.0 taken; 250",
        "550 5.1.1 unknown; 250 2.0.0 taken; 550 5.1.1 the recipient's mailbox does not exist",
        "552 5.2.2 full; 250 2.0.0 taken; 550 5.2.2 the recipient's mailbox is full",
        "250 2.1.5 ok; 554 5.7.1 spam; 550 5.7.1 message rejected by the recipient's server: spam or malware",
        "250 2.1.5 ok; 550 5.7.26 unauthenticated; 550 5.7.26 message rejected by the recipient's server: SPF, DKIM or DMARC did not pass",
      })
  void theClientGetsWhatTheTargetDecided(String recipient, String end, String reply)
      throws Exception {
    target.recipient = recipient;
    target.end = end;
    try (RouterTestClient client = client()) {
      assertTrue(send(client, "one").startsWith(reply));
      assertTrue(client.exchange("NOOP").startsWith("250"), "the session goes on");
    }
    await(this::isEmpty);
    assertEquals(List.of(), log.ended, "no bounce");
  }

  @ParameterizedTest
  @ValueSource(strings = {"450 4.7.1 greylisted", "550 5.7.25 no PTR record"})
  void whatMayPassLaterIsQueued(String end) throws Exception {
    target.end = end;
    try (RouterTestClient client = client()) {
      assertTrue(send(client, "one").startsWith("250"));
    }
    assertFalse(isEmpty());
  }

  /** One reply cannot stand for both. */
  @Test
  void mailForTwoTargetsIsNotWaitedFor() throws Exception {
    target.dot = new CountDownLatch(1);
    try (RouterTestClient client = client()) {
      assertTrue(send(client, "two").startsWith("250"));
    }
    target.dot.countDown();
    await(this::isEmpty);
  }

  @Test
  void itCanBeSwitchedOff() throws Exception {
    router.close();
    state = Files.createDirectories(folder.resolve("other"));
    router = router(false);
    target.dot = new CountDownLatch(1);
    try (RouterTestClient client = client()) {
      assertTrue(send(client, "one").startsWith("250"));
    }
    target.dot.countDown();
    await(this::isEmpty);
  }

  /** QUIT after the end of data, and nothing more: the client still reads. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aClientThatPipelinedQuitGetsItsReply(boolean tls) throws Exception {
    target.dot = new CountDownLatch(1);
    try (RouterTestClient client = client()) {
      if (tls) {
        client.exchange("EHLO client.example");
        client.exchange("STARTTLS");
        client.startTls();
      }
      begin(client, "one");
      client.send("Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n");
      if (!tls) {
        client.endOutput();
      }
      await(() -> !target.messages.isEmpty());
      // Longer than the session waits before it looks at the client for the first time.
      Thread.sleep(1200);
      target.dot.countDown();
      assertTrue(client.reply().startsWith("250"));
      assertTrue(client.reply().startsWith("221"));
    }
    await(this::isEmpty);
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void aClientThatDisconnectsKeepsItsMessage(boolean tls, boolean isSent) throws Exception {
    CountDownLatch silent = new CountDownLatch(1);
    if (isSent) {
      target.dot = silent;
    } else {
      target.data = silent;
    }
    RouterTestClient client = client();
    if (tls) {
      client.exchange("EHLO client.example");
      client.exchange("STARTTLS");
      client.startTls();
    }
    begin(client, "one");
    client.send("Subject: x\r\n\r\nx\r\n.\r\n");
    await(() -> isSent ? !target.messages.isEmpty() : target.commands.contains("DATA"));
    client.close();
    await(() -> log.cutThrough.equals(List.of("dropped")));
    silent.countDown();
    await(() -> running() == 0);
    assertEquals(isSent ? 1 : 0, target.messages.size());
    assertEquals("0\n", RouterUnderTest.queue(state, "count"));
  }

  private long running() {
    return counters.read().stream()
        .filter(f -> f.name().equals("sealwax_queue_running"))
        .mapToLong(f -> f.samples().getFirst().value())
        .sum();
  }

  @Test
  void aChunkedMessageWaitsLikeAnyOther() throws Exception {
    target.end = "554 5.7.1 spam";
    try (RouterTestClient client = client()) {
      client.exchange("EHLO client.example");
      client.exchange("MAIL FROM:<u@from.example>");
      client.exchange("RCPT TO:<one@example.org>");
      client.send("BDAT 14\r\nSubject: x\r\n\r\n");
      assertTrue(client.reply().startsWith("250"));
      client.send("BDAT 3 LAST\r\nx\r\n");
      assertTrue(client.reply().startsWith("550 5.7.1"));
    }
    await(this::isEmpty);
  }

  @Test
  void aShutdownQueuesWhatIsUnderWay() throws Exception {
    target.dot = new CountDownLatch(1);
    RouterTestClient client = client();
    begin(client, "one");
    client.send("Subject: x\r\n\r\nx\r\n.\r\n");
    await(() -> !target.messages.isEmpty());
    Thread ends = Threads.start("drain", () -> router.drain(Duration.ofSeconds(30)));
    String reply = client.reply();
    assertTrue(reply.startsWith("250"), reply);
    target.dot.countDown();
    ends.join();
    client.close();
    assertEquals(1, target.messages.size());
  }
}
