package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The world's tools do what their users stake the mail on. */
@Timeout(120)
final class NetTest {
  @Test
  void aLimitGivesNoMoreTokensThanItHas() {
    Limit limit = Limit.of(2);
    assertTrue(limit.tryTake());
    assertTrue(limit.tryTake());
    assertFalse(limit.tryTake());
    limit.give();
    assertTrue(limit.tryTake());
    assertEquals(2, limit.taken());
  }

  @Test
  void releasingTwiceIsABug() {
    assertThrows(IllegalStateException.class, () -> Limit.of(1).give());
  }

  @Test
  void aDeadlineEndsAReadThatWouldWaitForEver() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
        Socket accepted = server.accept();
        Wire wire = Wire.of(client);
        Deadline deadline = Deadline.after(Duration.ofMillis(50), wire)) {
      assertTrue(accepted.isConnected());
      assertThrows(SocketException.class, () -> wire.in().read());
      assertTrue(deadline.passed());
    }
  }

  @Test
  void aDeadlineThatWasLiftedClosesNothing() throws Exception {
    CountDownLatch closed = new CountDownLatch(1);
    Deadline lifted = Deadline.after(Duration.ofMillis(30), closed::countDown);
    lifted.close();
    while (lifted.passed()) {
      // The machine was busy for so long: the next one.
      closed = new CountDownLatch(1);
      lifted = Deadline.after(Duration.ofMillis(30), closed::countDown);
      lifted.close();
    }
    assertFalse(closed.await(200, TimeUnit.MILLISECONDS));
  }

  @Test
  void readTimeoutAndEndOfStreamAreDistinct() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
        Socket accepted = server.accept();
        Wire wire = Wire.of(client)) {
      wire.readTimeout(Duration.ofMillis(20));
      assertThrows(SocketTimeoutException.class, () -> wire.in().read());
      accepted.shutdownOutput();
      assertEquals(-1, wire.in().read());
    }
  }

  @Test
  void aScopeReturnsWhatItsTasksFound() throws Exception {
    try (Scope scope = new Scope("test")) {
      Scope.ForkedTask<Integer> one = scope.fork(() -> 1);
      Scope.ForkedTask<Integer> two = scope.fork(() -> 2);
      scope.join();
      assertEquals(3, one.get() + two.get());
    }
  }

  @Test
  void aScopeThatIsLeftEarlyInterruptsItsTasks() {
    CountDownLatch never = new CountDownLatch(1);
    List<Thread> inside = new ArrayList<>();
    CountDownLatch started = new CountDownLatch(1);
    try (Scope scope = new Scope("test")) {
      scope.fork(
          () -> {
            inside.add(Thread.currentThread());
            started.countDown();
            never.await();
            return 0;
          });
      assertTrue(started.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    assertFalse(inside.get(0).isAlive());
  }

  @Test
  void aFailedTaskShowsItsCause() throws Exception {
    try (Scope scope = new Scope("test")) {
      Scope.ForkedTask<Integer> task =
          scope.fork(
              () -> {
                throw new IllegalArgumentException("cause");
              });
      scope.join();
      IllegalStateException e = assertThrows(IllegalStateException.class, task::get);
      assertInstanceOf(IllegalArgumentException.class, e.getCause());
    }
  }

  @Test
  void sameSeedRepeatsTheSequence() {
    RandomSource one = RandomSource.seeded(7);
    RandomSource two = RandomSource.seeded(7);
    for (int i = 0; i < 100; i++) {
      assertEquals(one.below(1000), two.below(1000));
    }
  }

  @Test
  void shufflingKeepsEveryElement() {
    List<Integer> list = new ArrayList<>(List.of(1, 2, 3, 4, 5));
    RandomSource.seeded(1).shuffle(list);
    assertEquals(List.of(1, 2, 3, 4, 5), list.stream().sorted().toList());
  }
}
