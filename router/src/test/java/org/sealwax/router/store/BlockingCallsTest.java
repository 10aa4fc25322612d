package org.sealwax.router.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.net.Supervisor;

/** Calls that block leave the virtual threads. */
@Timeout(120)
final class BlockingCallsTest {
  @Test
  void aPlatformThreadMakesTheCall() throws Exception {
    try (BlockingCalls calls = new BlockingCalls("test")) {
      AtomicBoolean virtual = new AtomicBoolean(true);
      Thread caller =
          Thread.startVirtualThread(
              () -> {
                try {
                  virtual.set(calls.call(() -> Thread.currentThread().isVirtual()));
                } catch (IOException e) {
                  throw new IllegalStateException(e);
                }
              });
      caller.join();
      assertFalse(virtual.get());
    }
  }

  @Test
  void rethrowsTheExceptionOfTheCall() {
    try (BlockingCalls calls = new BlockingCalls("test")) {
      IOException full = new IOException("full");
      assertSame(
          full,
          assertThrows(
              IOException.class,
              () ->
                  calls.call(
                      () -> {
                        throw full;
                      })));
      assertThrows(
          ArithmeticException.class,
          () ->
              calls.call(
                  () -> {
                    throw new ArithmeticException();
                  }));
      assertThrows(
          AssertionError.class,
          () ->
              calls.call(
                  () -> {
                    throw new AssertionError("injected");
                  }));
    }
  }

  @Test
  void aCallerThatIsInterruptedWaitsAndStaysInterrupted() throws Exception {
    try (BlockingCalls calls = new BlockingCalls("test")) {
      CountDownLatch go = new CountDownLatch(1);
      CountDownLatch begun = new CountDownLatch(1);
      AtomicBoolean both = new AtomicBoolean();
      Thread caller =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      int done =
                          calls.call(
                              () -> {
                                begun.countDown();
                                go.await();
                                return 7;
                              });
                      both.set(done == 7 && Thread.currentThread().isInterrupted());
                    } catch (IOException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      begun.await();
      caller.interrupt();
      go.countDown();
      caller.join();
      assertTrue(both.get());
    }
  }

  /** A call that leaves the thread interrupted ends it: the others waited without end. */
  @Test
  void nobodyWaitsForAThreadThatHasEnded() throws Exception {
    BlockingCalls calls = new BlockingCalls("ended calls");
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    List<Thread> callers = new ArrayList<>();
    callers.add(
        Thread.startVirtualThread(
            () -> {
              try {
                calls.call(
                    () -> {
                      begun.countDown();
                      go.await();
                      Thread.currentThread().interrupt();
                      return 1;
                    });
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            }));
    begun.await();
    AtomicInteger failed = new AtomicInteger();
    for (int i = 0; i < 5; i++) {
      Thread caller =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      calls.call(() -> 1);
                    } catch (IOException e) {
                      failed.incrementAndGet();
                    }
                  });
      callers.add(caller);
      while (caller.getState() != Thread.State.WAITING) {
        Thread.sleep(1);
      }
    }
    go.countDown();
    for (Thread caller : callers) {
      caller.join();
    }
    assertEquals(5, failed.get());
    assertThrows(IOException.class, () -> calls.call(() -> 1));
    while (!Supervisor.ended().contains("ended calls")) {
      Thread.sleep(1); // then the process ends
    }
    calls.close();
  }

  @Test
  void theEndMakesTheCallsThatWaitAndRefusesOthers() throws Exception {
    BlockingCalls calls = new BlockingCalls("test");
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger made = new AtomicInteger();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      CountDownLatch asked = new CountDownLatch(1);
      callers.add(
          Thread.startVirtualThread(
              () -> {
                asked.countDown();
                try {
                  calls.call(
                      () -> {
                        go.await();
                        return made.incrementAndGet();
                      });
                } catch (IOException e) {
                  // Came too late: nothing was promised.
                  made.incrementAndGet();
                }
              }));
      asked.await();
    }
    go.countDown();
    calls.close();
    for (Thread caller : callers) {
      caller.join();
    }
    assertEquals(5, made.get());
    assertThrows(IOException.class, () -> calls.call(() -> 1));
  }
}
