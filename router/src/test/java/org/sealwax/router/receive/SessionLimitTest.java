package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Threads;

/** Sessions and their memory are counted for the process, and no listener has them all. */
@Timeout(120)
final class SessionLimitTest {
  @Test
  void oneListenerLeavesTheOthersTheirReserve() throws Exception {
    SessionLimit limit = new SessionLimit(40, new ByteBudget(1));
    SessionLimit.ListenerShare flooded = limit.newShare(1_000);
    SessionLimit.ListenerShare own = limit.newShare(1_000);
    for (int i = 0; i < 38; i++) {
      assertTrue(flooded.take());
    }
    CountDownLatch late = new CountDownLatch(1);
    Thread waits =
        Threads.start(
            "flood",
            () -> {
              try {
                if (flooded.take()) {
                  late.countDown();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    assertTrue(own.take());
    assertTrue(own.take());
    assertEquals(40, limit.taken());
    assertEquals(1, late.getCount(), "the flood waits");
    own.give();
    assertEquals(1, late.getCount(), "what is given back is the reserve's");
    flooded.give();
    late.await();
    waits.join();
    assertEquals(38, flooded.sessions());
  }

  @Test
  void closedListenerAdmitsNoSessionAndReleasesItsReserve() throws Exception {
    SessionLimit limit = new SessionLimit(2, new ByteBudget(1));
    SessionLimit.ListenerShare first = limit.newShare(10);
    SessionLimit.ListenerShare second = limit.newShare(10);
    assertTrue(first.take());
    second.close();
    assertFalse(second.take());
    assertTrue(first.take(), "the reserve of the other is free");
    assertFalse(first.awaitEnd(1));
    first.give();
    first.give();
    assertTrue(first.awaitEnd(1));
  }

  @Test
  void lastQuarterOfTheBudgetIsReservedForFixedBuffers() {
    ByteBudget budget = new ByteBudget(100);
    assertTrue(budget.tryTakeOptional(75));
    assertFalse(budget.tryTakeOptional(1));
    assertTrue(budget.tryTake(25));
    assertFalse(budget.tryTake(1));
    budget.give(100);
    assertEquals(0, budget.taken());
  }
}
