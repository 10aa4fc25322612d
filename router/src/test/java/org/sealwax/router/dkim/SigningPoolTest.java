package org.sealwax.router.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.Scope.ForkedTask;

/** Signatures are made by few threads, which are not those of the sessions. */
@Timeout(30)
final class SigningPoolTest {
  private static final byte[] SIGNED = {1};

  @Test
  void onlySoManyAreMadeAtATimeAndAllAreMade() throws Exception {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch two = new CountDownLatch(2);
    try (SigningPool pool = new SigningPool(2);
        Scope scope = new Scope("sessions")) {
      List<ForkedTask<byte[]>> all = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        all.add(
            scope.fork(
                () ->
                    pool.sign(
                        () -> {
                          assertTrue(!Thread.currentThread().isVirtual(), "a session's thread");
                          most.accumulateAndGet(now.incrementAndGet(), Math::max);
                          two.countDown();
                          two.await();
                          now.decrementAndGet();
                          return SIGNED;
                        })));
      }
      scope.join();
      for (ForkedTask<byte[]> task : all) {
        assertEquals(SIGNED, task.get());
      }
    }
    assertEquals(2, most.get());
  }

  @Test
  void aKeyThatFailsFailsItsMessageOnly() throws Exception {
    try (SigningPool pool = new SigningPool(1)) {
      IOException failed =
          assertThrows(
              IOException.class,
              () ->
                  pool.sign(
                      () -> {
                        throw new GeneralSecurityException("no");
                      }));
      assertTrue(failed.getCause() instanceof GeneralSecurityException);
      assertEquals(SIGNED, pool.sign(() -> SIGNED));
    }
  }

  /** A session that is interrupted does not wait, and the thread is free again. */
  @Test
  void anInterruptedCallerDoesNotHoldAThread() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (SigningPool pool = new SigningPool(1)) {
      try (Scope scope = new Scope("session")) {
        ForkedTask<String> waiting =
            scope.fork(
                () -> {
                  try {
                    pool.sign(
                        () -> {
                          begun.countDown();
                          go.await();
                          return SIGNED;
                        });
                    return "signed";
                  } catch (InterruptedIOException e) {
                    return "interrupted";
                  }
                });
        begun.await();
        scope.join(java.time.Duration.ZERO);
        assertEquals("interrupted", waiting.get());
      }
      go.countDown();
      assertEquals(SIGNED, pool.sign(() -> SIGNED));
    }
  }

  @Test
  void aClosedPoolSignsNothing() {
    SigningPool pool = new SigningPool(1);
    pool.close();
    assertThrows(IOException.class, () -> pool.sign(() -> SIGNED));
  }
}
