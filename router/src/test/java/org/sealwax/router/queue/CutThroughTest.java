package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.BatchFilter;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;

/** Mail whose client waits for its delivery, on the real store. */
@Timeout(120)
final class CutThroughTest {
  private static final ReversePath SENDER =
      ReversePath.of(new Mailbox("sender", Domain.of("from.example")));
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir private Path folder = Path.of("");
  private final List<String> facts = new CopyOnWriteArrayList<>();
  private final AtomicInteger deliveries = new AtomicInteger();
  private volatile Function<Consignment, Outcome> answer = c -> delivered();
  private SqliteSpool spool;
  private Queue queue;

  /** Keeps what concerns a message, in words. */
  private final MailLog log =
      (MailLog)
          Proxy.newProxyInstance(
              MailLog.class.getClassLoader(),
              new Class<?>[] {MailLog.class},
              (proxy, method, args) -> {
                switch (method.getName()) {
                  case "delivered", "deferred", "bounced", "held", "notified", "removed" ->
                      facts.add(method.getName());
                  case "cutThrough" ->
                      facts.add("cut-through " + args[2].toString().toLowerCase(Locale.ROOT));
                  case "bug" -> facts.add("bug " + args[0] + " " + args[1]);
                  default -> {}
                }
                return null;
              });

  private static Outcome.Delivered delivered() {
    return new Outcome.Delivered("mx.example", "250 ok", "none", true, false);
  }

  private static Outcome said(String text) {
    String[] words = text.split(" ", 3);
    EnhancedStatus status = EnhancedStatus.parse(words[1]).orElseThrow();
    Reply reply = new Reply(Integer.parseInt(words[0]), status, List.of(" " + words[2]));
    FailureCause cause =
        new FailureCause(
            "message-refused", status, text, "mx.example", reply, FailureCause.Extent.MESSAGE);
    return reply.isPermanent() ? new Outcome.Refused(cause) : new Outcome.Deferred(cause);
  }

  @BeforeEach
  void open() throws IOException {
    spool =
        SqliteSpool.open(
            new SpoolSettings(folder.resolve("spool"), 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log,
            () -> {});
    queue = newQueue(spool);
    queue.start();
  }

  private Queue newQueue(Spool store) {
    return new Queue(
        store,
        target -> new NextHop.ByMx((Domain) target.mailbox().domain()),
        c -> {
          deliveries.incrementAndGet();
          return c.outcomes(r -> answer.apply(c));
        },
        Clock.system(),
        RandomSource.secure(),
        log,
        QueueSettings.defaults(Domain.of("router.example")),
        CrashMarks.none(),
        Threads::start);
  }

  @AfterEach
  void close() throws Exception {
    queue.drain(Duration.ofSeconds(5));
    spool.close();
    assertEquals(List.of(), facts.stream().filter(f -> f.startsWith("bug")).toList());
  }

  /** A forward of an untrusted client's mail. */
  private static Recipient forward(String domain) {
    return new Recipient(
        new DeliveryTarget.Remote(new Mailbox("target", Domain.of(domain))),
        SENDER,
        new Mailbox("alias", Domain.of("router.example")),
        true,
        true,
        DsnRequest.none());
  }

  private record Begun(QueueId id, Optional<CutThrough> delivery) {}

  private Begun begin(String domain, int size) throws IOException {
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      entry.content().write("Subject: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      entry.content().write("y\r\n".repeat(size / 3).getBytes(StandardCharsets.US_ASCII));
      Envelope envelope = new Envelope(SENDER, MailOptions.plain(), "client[192.0.2.1]", "s", "");
      return new Begun(entry.id(), entry.cutThrough(envelope, forward(domain)));
    }
  }

  private static String text(CutThrough.Result result) {
    return switch (result) {
      case CutThrough.Result.Accepted _ -> "250";
      case CutThrough.Result.Refused(var status, var text) -> "550 " + status + " " + text;
    };
  }

  private static BatchKey key(QueueId id) {
    return new BatchKey(id, 0);
  }

  private String state(QueueId id) throws IOException {
    return spool.batch(key(id)).map(b -> b.state().name()).orElse("absent");
  }

  private List<String> trace(QueueId id) throws IOException {
    List<String> events = new ArrayList<>();
    for (var entry : spool.trace(id)) {
      QueueRecordCodec.TRACE_ENTRY
          .read(entry.facts())
          .lines()
          .forEach(l -> events.add(l.what() + " " + l.status()));
    }
    return events;
  }

  private void untilIdle() throws InterruptedException {
    while (queue.figures().inMemory() > 0 || queue.figures().running() > 0) {
      Thread.sleep(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "; 250; absent; DELIVERED ; acknowledged delivered removed cut-through delivered",
        "550 5.1.1 unknown; 550 5.1.1 the recipient's mailbox does not exist; absent; REFUSED 5.1.1; cut-through refused",
        "451 4.3.0 later; 250; DEFERRED; DEFERRED 4.3.0; acknowledged deferred cut-through queued",
        "550 5.7.25 no PTR record; 250; DEFERRED; DEFERRED 4.7.25; acknowledged deferred cut-through queued",
      })
  void theReplyOfTheTargetDecidesOurs(
      String remote, String reply, String state, String trace, String lines) throws Exception {
    answer = c -> remote == null ? delivered() : said(remote);
    Begun begun = begin("to.example", 300_000);
    CutThrough delivery = begun.delivery().orElseThrow();
    assertTrue(delivery.await(LONG));
    assertEquals(BatchState.PROVISIONAL.name(), state(begun.id()));
    assertEquals(reply, text(delivery.end(() -> facts.add("acknowledged"))));
    assertEquals(state, state(begun.id()));
    assertEquals(List.of(trace.strip()), trace(begun.id()).stream().map(String::strip).toList());
    assertEquals(lines, String.join(" ", facts));
    assertEquals(state.equals("absent"), spool.message(begun.id()).isEmpty());
    untilIdle();
  }

  @Test
  void provisionalMailIsNotListedAndNotDeliveredByTheQueue() throws Exception {
    CountDownLatch replies = new CountDownLatch(1);
    answer = c -> awaited(replies);
    Begun begun = begin("to.example", 10);
    assertEquals(List.of(), spool.counts());
    assertEquals(0, queue.figures().fresh());
    assertEquals(1, queue.figures().inMemory());
    assertEquals(
        List.of(),
        spool.list(
            new BatchFilter(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty()),
            null,
            10,
            k -> {}));
    assertEquals(List.of(), new QueueView(queue).list(QueueFilter.of(begun.id()), null, 1).rows());
    queue.tick();
    replies.countDown();
    CutThrough delivery = begun.delivery().orElseThrow();
    assertTrue(delivery.await(LONG));
    assertEquals("250", text(delivery.end(() -> {})));
    untilIdle();
    assertEquals(1, deliveries.get());
  }

  private static Outcome awaited(CountDownLatch latch) {
    try {
      latch.await();
      return delivered();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Neither cancelled nor repeated. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "; absent; delivered removed",
        "550 5.1.1 unknown; HELD; held",
        "451 4.3.0 later; DEFERRED; deferred",
      })
  void aDeliveryThatTakesTooLongIsAnOrdinaryRoundFromThenOn(String late, String state, String line)
      throws Exception {
    CountDownLatch replies = new CountDownLatch(1);
    answer =
        c -> {
          assertTrue(c.slot().mayEndData());
          Outcome well = awaited(replies);
          return late == null ? well : said(late);
        };
    Begun begun = begin("to.example", 10);
    CutThrough delivery = begun.delivery().orElseThrow();
    assertFalse(delivery.await(Duration.ofMillis(20)));
    assertEquals("250", text(delivery.end(() -> facts.add("acknowledged"))));
    assertEquals(BatchState.FRESH.name(), state(begun.id()));
    assertEquals(List.of("acknowledged", "cut-through queued"), facts);
    assertEquals(1, queue.figures().fresh());
    queue.tick();
    replies.countDown();
    untilIdle();
    while (facts.size() < 2 + line.split(" ").length) {
      Thread.sleep(1);
    }
    assertEquals(state, state(begun.id()));
    assertEquals(line, String.join(" ", facts.subList(2, facts.size())));
    assertEquals(1, deliveries.get());
  }

  @Test
  void aMessageWhoseClientIsGoneIsDroppedAndNotSentToItsEnd() throws Exception {
    CountDownLatch gone = new CountDownLatch(1);
    List<Boolean> mayEnd = new CopyOnWriteArrayList<>();
    answer =
        c -> {
          awaited(gone);
          mayEnd.add(c.slot().mayEndData());
          return said("451 4.4.2 lost");
        };
    Begun begun = begin("to.example", 300_000);
    begun.delivery().orElseThrow().drop();
    gone.countDown();
    untilIdle();
    assertEquals(List.of(false), mayEnd);
    assertEquals("absent", state(begun.id()));
    assertTrue(spool.message(begun.id()).isEmpty());
    assertEquals(List.of("cut-through dropped"), facts);
  }

  /** The end of data makes the target responsible: only the log and the trace know of it. */
  @Test
  void aMessageThatWasSentWhenItsClientWasGoneIsNotTriedAgain() throws Exception {
    CountDownLatch sent = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    answer =
        c -> {
          assertTrue(c.slot().mayEndData());
          sent.countDown();
          return awaited(gone);
        };
    Begun begun = begin("to.example", 10);
    sent.await();
    begun.delivery().orElseThrow().drop();
    gone.countDown();
    untilIdle();
    assertEquals("absent", state(begun.id()));
    assertEquals(List.of("cut-through dropped", "delivered"), facts);
    assertEquals(1, deliveries.get());
    spool.commit(SpoolChange.moves(List.of()), none -> {});
    assertEquals(List.of("DELIVERED"), trace(begun.id()).stream().map(String::strip).toList());
  }

  /** 50 messages to a host that never replies: it is not waited for by others. */
  @Test
  void aSilentTargetHasHalfOfTheSlotsOfItsNextHopAndDelaysNoOtherMail() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    answer =
        c -> {
          if (c.nextHop().key().equals("silent.example")) {
            c.slot().greeted();
            return awaited(never);
          }
          return delivered();
        };
    List<CutThrough> waiting = new ArrayList<>();
    int most = 0;
    for (int i = 0; i < 50; i++) {
      Optional<CutThrough> delivery = begin("silent.example", 10).delivery();
      delivery.ifPresent(waiting::add);
      most = Math.max(most, waiting.size());
      if (delivery.isEmpty()) {
        try (Intake.IncomingMessage entry = queue.intake().open()) {
          entry.content().write("\r\n".getBytes(StandardCharsets.US_ASCII));
          entry.commit(
              new Envelope(SENDER, MailOptions.plain(), "c", "s", ""),
              List.of(forward("silent.example")));
        }
      }
      CutThrough other = begin("other" + i + ".example", 10).delivery().orElseThrow();
      assertTrue(other.await(LONG));
      assertEquals("250", text(other.end(() -> {})));
    }
    assertTrue(most >= 1 && most <= Scheduler.FIRST_ROUNDS / 2, most + " at once");
    for (CutThrough delivery : waiting) {
      assertEquals("250", text(delivery.end(() -> {})));
    }
    never.countDown();
    untilIdle();
    assertEquals(100, facts.stream().filter("delivered"::equals).count());
  }

  @Test
  void aShutdownLeavesAnswersToTheSessions() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch begunRound = new CountDownLatch(1);
    queue.drain(LONG);
    queue =
        new Queue(
            spool,
            target -> new NextHop.ByMx((Domain) target.mailbox().domain()),
            c -> {
              begunRound.countDown();
              never.await();
              return Map.of();
            },
            Clock.system(),
            RandomSource.secure(),
            log,
            QueueSettings.defaults(Domain.of("router.example")),
            CrashMarks.none(),
            Threads::start);
    Begun begun = begin("to.example", 10);
    begunRound.await();
    queue.drain(Duration.ZERO);
    CutThrough delivery = begun.delivery().orElseThrow();
    assertTrue(delivery.await(LONG), "an interrupted round has ended");
    assertEquals("250", text(delivery.end(() -> {})));
    assertEquals(BatchState.QUEUED.name(), state(begun.id()));
  }

  /** Nothing is acknowledged, and nothing stays. */
  @ParameterizedTest
  @CsvSource({"commit", "commitSynced"})
  void aStoreThatFailsIsATemporaryErrorAndTheMessageIsRemoved(String failing) throws Exception {
    Spool broken =
        (Spool)
            Proxy.newProxyInstance(
                Spool.class.getClassLoader(),
                new Class<?>[] {Spool.class},
                (proxy, method, args) -> {
                  if (method.getName().equals(failing)) {
                    throw new SpoolException(SpoolException.Kind.BROKEN, "as the test wants");
                  }
                  try {
                    return method.invoke(spool, args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    queue.drain(LONG);
    queue = newQueue(broken);
    answer = c -> failing.equals("commit") ? delivered() : said("451 4.3.0 later");
    Begun begun = begin("to.example", 10);
    CutThrough delivery = begun.delivery().orElseThrow();
    assertTrue(delivery.await(LONG));
    assertThrows(IOException.class, () -> delivery.end(() -> facts.add("acknowledged")));
    untilIdle();
    assertEquals("absent", state(begun.id()));
    assertFalse(facts.contains("acknowledged"));
  }

  @Test
  void aStartDropsWhatWasNotAcknowledged() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    answer = c -> awaited(never);
    QueueId small = begin("one.example", 10).id();
    QueueId large = begin("two.example", 300_000).id();
    spool.close();
    never.countDown();
    SqliteSpool again =
        SqliteSpool.open(
            new SpoolSettings(folder.resolve("spool"), 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log,
            () -> {});
    try (again) {
      assertTrue(again.message(small).isEmpty());
      assertTrue(again.message(large).isEmpty());
      while (folder.resolve("spool/bodies/" + large).toFile().exists()) {
        Thread.sleep(5);
      }
    }
  }
}
