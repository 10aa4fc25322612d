package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class RepeatedWorkTest {
  private static final Duration LONG = Duration.ofDays(1);

  private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

  @Test
  void everyFailureIsReportedAndTheNextRoundFollows() throws Exception {
    List<Throwable> thrown =
        List.of(
            new IOException(),
            new IllegalStateException(),
            new StackOverflowError(),
            new LinkageError(),
            new AssertionError());
    AtomicInteger rounds = new AtomicInteger();
    CountDownLatch good = new CountDownLatch(1);
    try (RepeatedWork work =
        new RepeatedWork(
            Duration.ofMillis(1),
            () -> {
              int round = rounds.getAndIncrement();
              if (round == thrown.size()) {
                good.countDown();
              } else if (round < thrown.size()) {
                raise(thrown.get(round));
              }
            },
            failures::add)) {
      work.start("repeated");
      good.await();
    }
    assertEquals(thrown, List.copyOf(failures));
    assertFalse(Supervisor.ended().contains("repeated"));
  }

  private static void raise(Throwable thrown) throws IOException {
    switch (thrown) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalArgumentException(thrown);
    }
  }

  @Test
  void aRoundBeginsWhenItIsWoken() throws Exception {
    BlockingQueue<Integer> rounds = new LinkedBlockingQueue<>();
    try (RepeatedWork work = new RepeatedWork(LONG, () -> rounds.add(1), failures::add)) {
      work.start("woken");
      work.start("a second time");
      for (int i = 0; i < 3; i++) {
        work.wake();
        rounds.take();
      }
    }
    assertTrue(rounds.isEmpty());
  }

  @Test
  void theEndWaitsForTheRoundThatRuns() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicBoolean over = new AtomicBoolean();
    RepeatedWork work =
        new RepeatedWork(
            LONG,
            () -> {
              begun.countDown();
              go.await();
              over.set(true);
            },
            failures::add);
    work.start("waited for");
    work.wake();
    begun.await();
    Thread closing = Thread.startVirtualThread(work::closeAndWait);
    while (!work.isClosed()) {
      Thread.onSpinWait();
    }
    assertFalse(over.get());
    go.countDown();
    closing.join();
    assertTrue(over.get());
  }

  @Test
  void theEndMayInterruptARound() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    RepeatedWork work =
        new RepeatedWork(
            LONG,
            () -> {
              begun.countDown();
              new CountDownLatch(1).await();
            },
            failures::add);
    work.start("interrupted");
    work.wake();
    begun.await();
    work.closeNow();
    assertTrue(failures.isEmpty());
    assertFalse(Supervisor.ended().contains("interrupted"));
  }

  @Test
  void whatNeverBeganIsClosedAtOnce() {
    RepeatedWork work = new RepeatedWork(LONG, () -> {}, failures::add);
    work.closeAndWait();
    work.closeNow();
    assertTrue(work.isClosed());
  }
}
