package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CommitListener;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;

/**
 * What a query of the store found is old when the queue uses it: rounds end, admins give orders and
 * rows come back meanwhile. Here they do so at the worst moment, between the two.
 */
@Timeout(60)
final class StaleQueryTest {
  private static final Mailbox SENDER = QueueTest.mailbox("sender@from.example");
  private static final NextHop HOP = new NextHop.ByMx(Domain.of("one.example"));

  @TempDir Path folder;

  private final BugLog log = new BugLog();
  private final List<QueueId> delivered = new CopyOnWriteArrayList<>();
  private volatile Function<Consignment, Outcome> answer =
      c -> new Outcome.Delivered("mx.example", "250 ok", "none", true, false);

  /** What comes between a query and the use of what it found: query, result → result. */
  private volatile BiFunction<String, @Nullable Object, @Nullable Object> between =
      (query, found) -> found;

  /** Whether a change reaches the store now; it comes back to the test otherwise. */
  private volatile Function<SpoolChange, Boolean> isDiskReady = change -> true;

  private final List<Runnable> late = new CopyOnWriteArrayList<>();
  private SqliteSpool spool;
  private Queue queue;

  @BeforeEach
  void open() throws IOException {
    spool =
        SqliteSpool.open(
            new SpoolSettings(folder.resolve("spool"), 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log.log,
            () -> {});
    Spool store =
        (Spool)
            Proxy.newProxyInstance(
                Spool.class.getClassLoader(),
                new Class<?>[] {Spool.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("change")
                      && !isDiskReady.apply((SpoolChange) args[0])) {
                    late.add(() -> spool.change((SpoolChange) args[0], (CommitListener) args[1]));
                    return null;
                  }
                  try {
                    return between.apply(method.getName(), method.invoke(spool, args));
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    queue =
        new Queue(
            store,
            target -> HOP,
            this::deliver,
            Clock.system(),
            RandomSource.secure(),
            log.log,
            TestQueueSettings.bounds(20, 20, Duration.ofMillis(200), Duration.ofMillis(200)),
            CrashMarks.none(),
            Threads::start);
  }

  @AfterEach
  void close() throws Exception {
    queue.drain(Duration.ofSeconds(5));
    spool.close();
    assertEquals(List.of(), log.bugs);
  }

  private Map<Long, Outcome> deliver(Consignment c) {
    Outcome outcome = answer.apply(c);
    Map<Long, Outcome> all = new HashMap<>();
    c.recipients().forEach(r -> all.put(r.key(), outcome));
    if (outcome instanceof Outcome.Delivered) {
      delivered.add(c.id());
    }
    return all;
  }

  /** A message in the store whose time has come. */
  private QueueId due(BatchState state) throws IOException {
    Recipient to =
        Recipient.direct(
            QueueTest.mailbox("a@one.example"), ReversePath.of(SENDER), DsnRequest.none());
    try (var draft = spool.draft()) {
      draft.content().write("x\r\n".getBytes(StandardCharsets.UTF_8));
      var group =
          RecipientGroup.of(List.of(to), MailOptions.TlsOption.UNSPECIFIED, t -> HOP, 9).getFirst();
      var batch = group.group().stored(draft.id(), state, Instant.now(), group.hop(), "");
      var envelope = new Envelope(ReversePath.of(SENDER), MailOptions.plain(), "o", "s", "", "", 1);
      spool.accept(
          new NewMessage(
              draft, Instant.now(), QueueRecordCodec.ENVELOPE.write(envelope), List.of(batch)));
      return draft.id();
    }
  }

  /** All that was handed to the store so far is committed, and reported to the queue. */
  private void settle() {
    CountDownLatch settled = new CountDownLatch(1);
    spool.change(SpoolChange.moves(List.of()), gone -> settled.countDown());
    try {
      assertTrue(settled.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void until(Check done) throws Exception {
    while (!done.isTrue()) {
      Thread.sleep(1);
    }
  }

  private interface Check {
    boolean isTrue() throws Exception;
  }

  @Test
  void rowsThatComeBackDuringAQueryByNextHopAreNotForgotten() throws Exception {
    int crowded = 10;
    int all = Scheduler.READY_PER_SENDER + crowded;
    for (int i = 0; i < all; i++) {
      due(BatchState.DEFERRED);
    }
    Instant soon = Instant.now().plus(Duration.ofMinutes(3));
    isDiskReady =
        change -> change.moved().stream().noneMatch(m -> m.due() != null && m.due().isAfter(soon));
    between =
        (query, found) -> {
          if (query.equals("queuedFor") && !late.isEmpty()) {
            // The rows without a place become visible only after this query looked.
            isDiskReady = change -> true;
            List<Runnable> now = List.copyOf(late);
            late.clear();
            now.forEach(Runnable::run);
            settle();
          }
          return found;
        };
    queue.start();
    until(() -> delivered.size() == all);
    until(() -> spool.counts().isEmpty());
  }

  /** The three queries whose rows go into the line. */
  enum Query {
    DUE("due"),
    NEXT_HOP("queuedFor"),
    PROBE("batch");

    final String method;

    Query(String method) {
      this.method = method;
    }
  }

  @ParameterizedTest
  @EnumSource(Query.class)
  void whatAnAdminHeldDuringAQueryIsNotDelivered(Query query) throws Exception {
    QueueId held = due(query == Query.NEXT_HOP ? BatchState.QUEUED : BatchState.DEFERRED);
    switch (query) {
      case DUE -> {}
      case NEXT_HOP -> queue.state.moreInStore(java.util.Set.of(HOP.key()));
      case PROBE -> {
        CountDownLatch failed = new CountDownLatch(1);
        answer =
            c -> {
              failed.countDown();
              return unreachable();
            };
        queue.tick();
        assertTrue(failed.await(20, TimeUnit.SECONDS));
        until(() -> queue.figures().inMemory() == 0);
        answer = c -> new Outcome.Delivered("mx.example", "250 ok", "none", true, false);
        due(BatchState.DEFERRED);
        until(() -> !queue.isPaused(HOP.key(), Instant.now()));
      }
    }
    boolean[] isHeld = new boolean[1];
    between =
        (asked, found) -> {
          if (asked.equals("due") && query == Query.PROBE && found instanceof List<?> rows) {
            // The other message comes first, and asks for the one that waits longest.
            return rows.stream().filter(r -> !((DueBatch) r).key().message().equals(held)).toList();
          }
          if (asked.equals(query.method) && !isHeld[0]) {
            isHeld[0] = true;
            hold(held);
          }
          return found;
        };
    queue.tick();
    assertTrue(isHeld[0], "the query was not made");
    between = (asked, found) -> found;
    until(() -> queue.figures().running() == 0 && queue.figures().ready() == 0);
    settle();
    assertTrue(!delivered.contains(held), "delivered although it is held");
    assertTrue(
        spool.counts().stream().anyMatch(c -> c.state() == BatchState.HELD), "no longer held");
  }

  private void hold(QueueId id) {
    QueueFilter one =
        new QueueFilter(
            Optional.of(id),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    try {
      assertEquals(
          new QueueControl.OperationResult(1, 0, 0),
          new QueueControl(queue).order(QueueControl.Order.HOLD, one));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Outcome unreachable() {
    return new Outcome.Deferred(
        new FailureCause(
            "connect",
            EnhancedStatus.of("4.4.1"),
            "connection refused",
            null,
            null,
            FailureCause.Extent.NEXT_HOP));
  }
}
