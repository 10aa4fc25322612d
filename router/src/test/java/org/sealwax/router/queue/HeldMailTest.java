package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.queue.QueueTest.mailbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
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
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.testkit.net.ManualClock;

/** Held mail ends by its reason: announced a day before, logged, and never what a person held. */
@Timeout(120)
final class HeldMailTest {
  private static final ReversePath FOREIGN_SENDER = ReversePath.of(mailbox("a@stranger.example"));

  @TempDir private Path folder = Path.of("");

  private final List<String> deleted = new CopyOnWriteArrayList<>();
  private final List<String> bounced = new CopyOnWriteArrayList<>();
  private final List<String> problems = new CopyOnWriteArrayList<>();
  private final List<String> letters = new CopyOnWriteArrayList<>();
  private final List<String> summaries = new CopyOnWriteArrayList<>();
  private final MailLog log =
      (MailLog)
          Proxy.newProxyInstance(
              MailLog.class.getClassLoader(),
              new Class<?>[] {MailLog.class},
              (proxy, method, args) -> {
                switch (method.getName()) {
                  case "deleted" -> deleted.add(String.valueOf(args[0]));
                  case "bounced" -> bounced.add(String.valueOf(args[0]));
                  case "notified" -> letters.add(String.valueOf(args[2]));
                  case "bug", "storeTrouble" ->
                      problems.add(
                          String.join(
                              " ", java.util.Arrays.stream(args).map(String::valueOf).toList()));
                  default -> {}
                }
                return null;
              });
  private final ManualClock clock = new ManualClock(Instant.parse("2026-06-01T00:00:00Z"));
  private volatile long most = Long.MAX_VALUE;
  private volatile @Nullable Callable<Void> meanwhile;
  private volatile @Nullable Callable<Void> counting;
  private SqliteSpool spool;
  private Queue queue;
  private HeldMail held;

  /** Commits take their real time; identifiers have the test's. */
  private record Commits(Clock days) implements Clock {
    @Override
    public Instant now() {
      return days.now();
    }

    @Override
    public long nanoTime() {
      return Clock.system().nanoTime();
    }
  }

  @BeforeEach
  void open() throws IOException {
    spool =
        SqliteSpool.open(
            new SpoolSettings(folder.resolve("spool"), 0, 100_000),
            new Commits(clock),
            RandomSource.secure(),
            log,
            () -> {});
    queue =
        new Queue(
            interrupted(spool),
            target -> new NextHop.ByMx(Domain.of("target.example")),
            this::deliver,
            clock,
            RandomSource.secure(),
            log,
            TestQueueSettings.with(
                TestQueueSettings.defaults(),
                "postmaster",
                Optional.of(mailbox("postmaster@router.example"))),
            CrashMarks.none(),
            Threads::start);
    queue.start();
    held = restarted();
  }

  @AfterEach
  void close() throws Exception {
    queue.drain(Duration.ofSeconds(5));
    spool.close();
  }

  /** The same store; something happens once before a reader knows what it has read. */
  private Spool interrupted(Spool whole) {
    return (Spool)
        Proxy.newProxyInstance(
            Spool.class.getClassLoader(),
            new Class<?>[] {Spool.class},
            (proxy, method, args) -> {
              try {
                Object read = method.invoke(whole, args);
                Callable<Void> during = counting;
                if (method.getName().equals("counts") && during != null) {
                  during.call();
                }
                Callable<Void> now = meanwhile;
                if (method.getName().equals("trace") && now != null) {
                  meanwhile = null;
                  now.call();
                }
                return read;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void closeWaitsForTheCheckUnderWay() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger ended = new AtomicInteger();
    counting =
        () -> {
          begun.countDown();
          go.await();
          ended.incrementAndGet();
          return null;
        };
    held.start(Duration.ofMillis(1));
    begun.await();
    Thread closing = Threads.start("closing", held::close);
    assertFalse(closing.join(Duration.ofMillis(200)), "the check still uses the store");
    go.countDown();
    closing.join();
    assertEquals(1, ended.get());
    assertEquals(List.of(), problems);
  }

  private HeldMail restarted() {
    return new HeldMail(queue, () -> most, folder.resolve("held-summary"));
  }

  private static String content(Consignment c) {
    try (InputStream in = c.content().open()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<Long, Outcome> deliver(Consignment c) {
    Map<Long, Outcome> all = new HashMap<>();
    for (Recipient a : c.recipients()) {
      String local = ((DeliveryTarget.Remote) a.target()).mailbox().localPart();
      if (local.equals("postmaster")) {
        summaries.add(content(c));
      }
      FailureCause cause =
          new FailureCause(
              local,
              EnhancedStatus.of("5.1.1"),
              "as the test wants",
              null,
              null,
              FailureCause.Extent.MESSAGE);
      all.put(
          a.key(),
          switch (local) {
            case "refused" -> new Outcome.Refused(cause);
            case "remembered" -> new Outcome.Held(cause.asRemembered());
            case "damaged" -> new Outcome.Held(cause);
            case "dmarc" ->
                new Outcome.Refused(
                    new FailureCause(
                        "message-refused",
                        EnhancedStatus.of("5.7.26"),
                        "unauthenticated",
                        "mx.target.example",
                        Reply.of("550 5.7.26 unauthenticated"),
                        FailureCause.Extent.MESSAGE));
            case "slow" ->
                new Outcome.Deferred(
                    new FailureCause(
                        "slow",
                        EnhancedStatus.of("4.0.0"),
                        "later",
                        null,
                        null,
                        FailureCause.Extent.MESSAGE));
            default -> new Outcome.Delivered("mx.example", "250 ok", "none", true, false);
          });
    }
    return all;
  }

  private QueueId send(String local, boolean holdOnRefusal, int size) throws IOException {
    Mailbox to = mailbox(local + "@target.example");
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      try (OutputStream out = entry.content()) {
        String text = "Subject: x\r\n\r\n" + "x".repeat(size) + "\r\n";
        out.write(text.getBytes(StandardCharsets.US_ASCII));
      }
      entry.commit(
          new Envelope(FOREIGN_SENDER, MailOptions.plain(), "test", "s1", ""),
          List.of(
              new Recipient(
                  new DeliveryTarget.Remote(to),
                  FOREIGN_SENDER,
                  mailbox("alias@router.example"),
                  holdOnRefusal,
                  holdOnRefusal,
                  DsnRequest.none())));
      return entry.id();
    }
  }

  private List<RecipientBatch> batches() throws IOException {
    return spool.list(QueueFilter.all().forStore(), null, 1_000, key -> {});
  }

  private List<QueueId> heldIds() throws IOException {
    List<QueueId> out = new ArrayList<>();
    for (RecipientBatch batch : batches()) {
      if (batch.state() == BatchState.HELD) {
        out.add(batch.key().message());
      }
    }
    return out;
  }

  private void awaitHeld(int count) throws Exception {
    while (heldIds().size() != count) {
      assertEquals(List.of(), problems);
      Thread.sleep(5);
    }
  }

  private void day() throws IOException {
    clock.pass(Duration.ofDays(1));
    held.check();
    assertTrue(queue.steps.settle(Duration.ofSeconds(60)));
  }

  @Test
  void unnotifiableMailIsAnnouncedAndDeletedADayLater() throws Exception {
    QueueId refused = send("refused", true, 10);
    QueueId damaged = send("damaged", true, 10);
    QueueId slow = send("slow", true, 10);
    awaitHeld(2);
    var _ = new QueueControl(queue).order(QueueControl.Order.HOLD, QueueFilter.of(slow));
    awaitHeld(3);
    for (int i = 0; i < 14; i++) {
      day();
      assertEquals(3, heldIds().size(), "day " + i);
    }
    assertTrue(letters.contains("summary"), letters.toString());
    day();
    assertEquals(List.of(damaged, slow), heldIds());
    assertEquals(List.of(refused.text()), deleted);
    for (int i = 0; i < 100; i++) {
      day();
    }
    assertEquals(List.of(damaged, slow), heldIds(), "only a person decides about these");
    assertEquals(List.of(), bounced);
  }

  /** From any sender: a filter quarantines what anyone may send. */
  @Test
  void quarantinedMailIsHeldAtOnceAndDeletedAfterItsTime() throws Exception {
    Mailbox to = mailbox("box@target.example");
    ReversePath from = new ReversePath.SenderMailbox(mailbox("a@origin.example"));
    QueueId id;
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      id = entry.id();
      entry.content().write(new byte[] {'x', '\r', '\n'});
      entry.quarantine(
          new Envelope(from, MailOptions.plain(), "client", "s1", ""),
          List.of(Recipient.direct(to, from, DsnRequest.none())),
          "Eicar-Test");
    }
    assertEquals(List.of(id), heldIds());
    for (int i = 0; i < 14; i++) {
      day();
      assertEquals(List.of(id), heldIds(), "day " + i);
    }
    day();
    assertEquals(List.of(), heldIds());
    assertEquals(List.of(id.text()), deleted);
    assertEquals(List.of(), letters.stream().filter("failed"::equals).toList());
  }

  @Test
  void mailThatAnAdminReleasesWhileItsLifetimeEndsIsNotDeleted() throws Exception {
    QueueId refused = send("refused", true, 10);
    awaitHeld(1);
    for (int i = 0; i < 14; i++) {
      day();
    }
    AtomicInteger released = new AtomicInteger();
    meanwhile =
        () -> {
          QueueFilter only = QueueFilter.of(refused);
          released.set(
              new QueueControl(queue).order(QueueControl.Order.RELEASE, only).recipients());
          while (released.get() > 0 && (queue.figures().inMemory() > 0 || heldIds().isEmpty())) {
            Thread.sleep(5); // it is refused again
          }
          return null;
        };
    day();
    assertNull(meanwhile);
    assertEquals(released.get() > 0 ? List.of() : List.of(refused.text()), deleted);
  }

  @Test
  void mailHeldForTheLedgerBouncesWhenTheSenderMayBeNotified() throws Exception {
    QueueId vouched = send("remembered", false, 10);
    QueueId unvouched = send("remembered", true, 10);
    awaitHeld(2);
    for (int i = 0; i < 30; i++) {
      day();
      assertEquals(2, heldIds().size(), "day " + i);
    }
    day();
    assertEquals(List.of(vouched.text()), bounced);
    assertEquals(List.of(unvouched.text()), deleted);
    assertEquals(List.of(), heldIds());
    assertTrue(letters.contains("failed"), letters.toString());
  }

  @Test
  void aServerThatRestartsEveryDayAnnouncesAndDeletes() throws Exception {
    QueueId refused = send("refused", true, 10);
    awaitHeld(1);
    for (int hours = 0; hours < 14 * 24; hours += 20) {
      clock.pass(Duration.ofHours(20));
      held = restarted();
      held.check();
      assertTrue(queue.steps.settle(Duration.ofSeconds(60)));
      assertEquals(1, heldIds().size(), "after " + hours + " hours");
    }
    assertTrue(letters.contains("summary"), letters.toString());
    for (int i = 0; i < 4 && !heldIds().isEmpty(); i++) {
      clock.pass(Duration.ofHours(20));
      held = restarted();
      held.check();
      assertTrue(queue.steps.settle(Duration.ofSeconds(60)));
    }
    assertEquals(List.of(refused.text()), deleted);
  }

  @Test
  void restartWithWrongClockAnnouncesNoMail() throws Exception {
    send("refused", true, 10);
    awaitHeld(1);
    java.nio.file.Files.writeString(folder.resolve("held-summary"), "9999999999\n");
    held = restarted();
    for (int i = 0; i < 12; i++) {
      day();
    }
    java.nio.file.Files.writeString(folder.resolve("held-summary"), "no time\n");
    held = restarted();
    held.check();
    assertEquals(1, heldIds().size());
    assertEquals(List.of(), deleted);
  }

  @Test
  void theSummaryIsGroupedByTargetAndCode() throws Exception {
    for (int i = 0; i < 5; i++) {
      send("refused", true, 10);
    }
    QueueId damaged = send("damaged", true, 10);
    awaitHeld(6);
    List<String> lines = held.summary().lines(List.of());
    assertTrue(
        lines.contains("5 messages to refused@target.example, reason refused, status 5.1.1"),
        String.join("\n", lines));
    assertTrue(lines.contains("1 message to damaged@target.example, reason damaged, status 5.1.1"));
    assertTrue(lines.contains("    as the test wants"));
    assertTrue(lines.contains("    " + damaged.text()));
    assertTrue(lines.containsAll(HeldMailSummary.COMMANDS.stream().map(c -> "    " + c).toList()));
    int first = lines.indexOf("5 messages to refused@target.example, reason refused, status 5.1.1");
    assertTrue(
        first < lines.indexOf("1 message to damaged@target.example, reason damaged, status 5.1.1"));
  }

  @Test
  void refusalsOfTheDayAreCountedByTheirClass() throws Exception {
    send("dmarc", true, 10);
    send("dmarc", true, 10);
    send("refused", true, 10); // no reply of a host
    awaitHeld(3);
    List<String> refusals = queue.refusals.take();
    assertEquals(1, refusals.size(), refusals.toString());
    assertTrue(
        refusals.getFirst().startsWith("target.example refused 2 forwards of mail from "),
        refusals.toString());
    assertTrue(refusals.getFirst().endsWith("(sender-authentication)"), refusals.toString());
    send("dmarc", true, 10);
    awaitHeld(4);
    day();
    assertEquals(List.of(), queue.refusals.take(), "they are in the letter");
  }

  /** Refused while the client waits, or reported by others: nothing is held then. */
  @Test
  void theSummaryIsSentAlsoWhenNothingIsHeld() throws Exception {
    day();
    day();
    assertEquals(List.of(), letters, "nothing to say");
    queue.refusals.add(
        new Recipient(
            new DeliveryTarget.Remote(mailbox("a@target.example")),
            FOREIGN_SENDER,
            mailbox("alias@router.example"),
            true,
            true,
            DsnRequest.none()),
        FOREIGN_SENDER,
        "mx.target.example",
        Reply.of("550 5.1.1 unknown"));
    held.start(() -> List.of("dead alias: one", "", "Reported by others:", "a complaint"));
    day();
    while (summaries.isEmpty()) {
      Thread.sleep(5);
    }
    String letter = summaries.getFirst();
    assertTrue(
        letter.contains("\r\nSubject: Daily summary: refused and reported mail\r\n"), letter);
    assertTrue(
        letter.contains(
            "\r\n\r\nSince the last summary, or the last start:\r\n"
                + "target.example refused 1 forward of mail from "),
        letter);
    assertTrue(
        letter.endsWith(
            "(unknown-user)\r\n\r\ndead alias: one\r\n\r\nReported by others:\r\n"
                + "a complaint\r\n"),
        letter);
  }

  @Test
  void clockJumpDeletesNoMail() throws Exception {
    send("refused", true, 10);
    awaitHeld(1);
    clock.jump(Duration.ofDays(365));
    day();
    clock.jump(Duration.ofDays(-365));
    for (int i = 0; i < 12; i++) {
      day();
    }
    assertEquals(1, heldIds().size());
    assertEquals(List.of(), deleted);
  }

  @Test
  void theDiskUsageIsMeasuredAlsoWhenTheNumberOfHeldMessagesStaysTheSame() throws Exception {
    for (int i = 0; i < 5; i++) {
      send("refused", true, 10_000);
    }
    awaitHeld(5);
    held.check();
    most = 30_000; // as after a few were replaced by larger ones
    held.check();
    assertEquals(5, heldIds().size(), "not at each check");
    clock.pass(HeldMail.MEASURE_EVERY);
    held.check();
    assertTrue(queue.steps.settle(Duration.ofSeconds(60)));
    assertEquals(2, heldIds().size());
  }

  @Test
  void atTheDiskLimitTheOldestHeldMailIsBouncedFirst() throws Exception {
    QueueId kept = send("damaged", true, 30_000);
    QueueId memory = send("remembered", true, 10_000);
    awaitHeld(2);
    List<QueueId> sent = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      sent.add(send("refused", true, 10_000));
      awaitHeld(3 + i);
    }
    held.check();
    assertEquals(12, heldIds().size(), "within the share");
    most = 100_000;
    send("refused", true, 10_000);
    awaitHeld(13);
    held.check();
    assertTrue(queue.steps.settle(Duration.ofSeconds(60)));
    List<QueueId> left = heldIds();
    assertTrue(left.contains(kept) && left.contains(memory));
    assertEquals(sent.subList(0, deleted.size()).stream().map(QueueId::text).toList(), deleted);
    assertTrue(spool.heldBytes() <= 90_000 + 1_000, spool.heldBytes() + " bytes");
    assertTrue(left.size() > 5, left.size() + " left");
    most = 1;
    send("refused", true, 10_000);
    awaitHeld(left.size() + 1);
    held.check();
    assertTrue(queue.steps.settle(Duration.ofSeconds(60)));
    assertEquals(List.of(kept, memory), heldIds());
  }
}
