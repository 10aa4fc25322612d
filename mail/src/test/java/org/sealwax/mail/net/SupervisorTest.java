package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A thread that the process needs does not end unnoticed, and a loop of accepts does not end. */
@Timeout(120)
final class SupervisorTest {
  private final BlockingQueue<Supervisor.ThreadEnd> ends = new LinkedBlockingQueue<>();

  @AfterEach
  void nothingHappensAtAnEndAgain() {
    Supervisor.onEnd(end -> {});
  }

  private Supervisor.ThreadEnd next() throws InterruptedException {
    Supervisor.ThreadEnd end = ends.poll(60, TimeUnit.SECONDS);
    assertTrue(end != null, "the end of a thread was not noticed");
    return end;
  }

  @Test
  void anEndForAnyReasonIsReportedUnlessTheOwnerWasClosed() throws Exception {
    Supervisor.onEnd(ends::add);
    Supervisor.start("returns", () -> false, () -> {}).join();
    assertEquals("returns", next().thread());
    Thread bug =
        Supervisor.startPlatform(
            "throws",
            () -> false,
            () -> {
              throw new IllegalStateException("deep");
            });
    bug.join();
    Supervisor.ThreadEnd end = next();
    assertEquals("throws", end.thread());
    assertTrue(end.text().contains("deep"), end.text());
    assertTrue(Supervisor.ended().containsAll(List.of("returns", "throws")));
    AtomicBoolean closed = new AtomicBoolean();
    Supervisor.start("closed", closed::get, () -> closed.set(true)).join();
    assertTrue(ends.isEmpty());
    assertFalse(Supervisor.ended().contains("closed"));
  }

  @Test
  void acceptFailuresAndHandlerBugsDoNotEndTheLoop() throws Exception {
    AtomicBoolean closed = new AtomicBoolean();
    AtomicInteger asked = new AtomicInteger();
    BlockingQueue<Integer> taken = new LinkedBlockingQueue<>();
    BlockingQueue<String> reported = new LinkedBlockingQueue<>();
    Thread loop =
        AcceptLoop.start(
            "accept",
            closed::get,
            () -> {
              int n = asked.incrementAndGet();
              if (n == 1) {
                throw new IOException("accept", new IOException("Too many open files"));
              }
              return n;
            },
            n -> {
              if (n == 2) {
                throw new IllegalStateException("a bug");
              }
              closed.set(true);
              taken.add(n);
            },
            reported::add);
    loop.join();
    assertEquals(3, taken.poll(60, TimeUnit.SECONDS));
    assertEquals(List.of(FileDescriptors.TEXT), List.copyOf(reported), "one report a minute");
  }

  @Test
  void aLackOfDescriptorsIsKnownBySystemText() {
    assertTrue(FileDescriptors.areExhausted(new java.net.SocketException("Too many open files")));
    assertTrue(
        FileDescriptors.areExhausted(
            new java.nio.file.FileSystemException("a", null, "Too many open files in system")));
    assertFalse(FileDescriptors.areExhausted(new IOException("No space left on device")));
    assertFalse(FileDescriptors.areExhausted(new IllegalStateException("Too many open files")));
    assertFalse(FileDescriptors.areExhausted(null));
  }
}
