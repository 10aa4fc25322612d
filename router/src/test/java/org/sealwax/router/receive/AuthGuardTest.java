package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;

/** Guessing passwords takes few processors, and time. */
@Timeout(120)
final class AuthGuardTest {
  @Test
  void onlySoManyChecksRunAtATime() throws Exception {
    AuthGuard guard = new AuthGuard(2, Duration.ZERO);
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Semaphore begun = new Semaphore(0);
    CountDownLatch go = new CountDownLatch(1);
    SaslExchange slow =
        response -> {
          most.accumulateAndGet(running.incrementAndGet(), Math::max);
          begun.release();
          try {
            go.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          running.decrementAndGet();
          return new SaslExchange.SaslStep.Failed(SaslExchange.Kind.CREDENTIALS, "");
        };
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      clients.add(
          Threads.start(
              "guess",
              () -> {
                var _ = guard.respond(slow, new byte[0]);
              }));
    }
    begun.acquire(2);
    go.countDown();
    for (Thread client : clients) {
      client.join();
    }
    assertEquals(2, most.get());
  }

  @Test
  void repeatedFailuresAreDelayed() {
    Duration first = Duration.ofMillis(5);
    AuthGuard guard = new AuthGuard(1, first);
    Clock clock = Clock.system();
    for (int failures = 1; failures <= 6; failures++) {
      long began = clock.nanoTime();
      guard.delay(failures);
      long least = first.multipliedBy(Math.min(8, 1 << failures - 1)).toNanos();
      assertTrue(clock.nanoTime() - began >= least, "failure " + failures);
    }
  }
}
