package org.sealwax.mail.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Threads;

/**
 * Notifies the service manager of our state (sd_notify(3)): one datagram to the Unix socket that
 * {@code NOTIFY_SOCKET} names. Java has no datagram Unix sockets, so the C library is called;
 * nothing of this is loaded without the variable. A notification that cannot be sent is dropped: it
 * is never a reason to fail.
 */
public final class SystemdNotifier {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int MAX_PATH = 108;

  /** For the probe: it takes locks that are held for microseconds. */
  private static final Duration PROBE = Duration.ofSeconds(10);

  private static final Duration CHORES = Duration.ofMinutes(1);

  private final Optional<String> socket;
  private final Optional<Duration> watchdog;

  /** Reads {@code NOTIFY_SOCKET} and {@code WATCHDOG_USEC}. */
  public SystemdNotifier(ProcessEnvironment around) {
    this.socket = around.variable("NOTIFY_SOCKET");
    this.watchdog = around.variable("WATCHDOG_USEC").flatMap(SystemdNotifier::micros);
  }

  private static Optional<Duration> micros(String text) {
    try {
      long micros = Long.parseLong(text);
      return micros > 0 ? Optional.of(Duration.ofNanos(micros * 1000)) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** How often {@link #aliveIf} must be called, with a reserve of one half; empty: never. */
  private Optional<Duration> watchdogInterval() {
    return socket.isEmpty() ? Optional.empty() : watchdog.map(w -> w.dividedBy(2));
  }

  /** Waits for the end, and sends the watchdog's signal in the meantime while all is well. */
  public void awaitEnd(CountDownLatch ended, Runnable probe) throws InterruptedException {
    Optional<Duration> beat = watchdogInterval();
    if (beat.isEmpty()) {
      ended.await();
      return;
    }
    while (!ended.await(beat.get().toMillis(), TimeUnit.MILLISECONDS)) {
      aliveIf(probe);
    }
  }

  /**
   * Serves until SIGTERM or SIGINT. Does a chore once a minute.
   *
   * @param status for the service manager
   */
  public void serve(String status, Runnable chore) throws InterruptedException {
    CountDownLatch ended = Signals.end();
    ready(status);
    Duration beat = watchdogInterval().filter(b -> b.compareTo(CHORES) < 0).orElse(CHORES);
    Duration waited = Duration.ZERO;
    while (!ended.await(beat.toMillis(), TimeUnit.MILLISECONDS)) {
      aliveIf(() -> {});
      waited = waited.plus(beat);
      if (waited.compareTo(CHORES) >= 0) {
        waited = Duration.ZERO;
        chore.run();
      }
    }
    stopping();
  }

  /**
   * Sends the watchdog's signal if every supervised thread runs and {@code probe} returns in time.
   * The probe runs in a virtual thread, so the signal also stops when none of them is scheduled.
   */
  private void aliveIf(Runnable probe) throws InterruptedException {
    Thread probing = Threads.start("watchdog", probe);
    if (probing.join(PROBE) && Supervisor.ended().isEmpty()) {
      notifyState("WATCHDOG=1");
    }
  }

  public void ready(String status) {
    notifyState("READY=1\nSTATUS=" + status);
  }

  /** A reload begins; systemd requires the monotonic time with it. */
  public void reloading(long nanoTime) {
    notifyState("RELOADING=1\nMONOTONIC_USEC=" + nanoTime / 1000);
  }

  public void stopping() {
    notifyState("STOPPING=1");
  }

  private void notifyState(String state) {
    if (socket.isEmpty()) {
      return;
    }
    byte[] path = socket.get().getBytes(StandardCharsets.UTF_8);
    boolean known = path.length > 1 && path.length < MAX_PATH && (path[0] == '/' || path[0] == '@');
    if (!known) {
      return;
    }
    if (path[0] == '@') {
      path[0] = 0; // the abstract namespace of Linux
    }
    try {
      NotifyDatagram.send(path, state.getBytes(StandardCharsets.UTF_8));
    } catch (Throwable e) {
      if (e instanceof VirtualMachineError error) {
        throw error;
      }
      // No such function or no such socket: the service manager's own timeout then applies.
    }
  }

  /** A class of its own, so that the linker is loaded only when the service manager listens. */
  private static final class NotifyDatagram {
    @SuppressWarnings("restricted") // the launcher and the manifest allow native access
    private static void send(byte[] path, byte[] text) throws Throwable {
      Linker linker = Linker.nativeLinker();
      MethodHandle open =
          linker.downcallHandle(
              linker.defaultLookup().find("socket").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT));
      MethodHandle sendto =
          linker.downcallHandle(
              linker.defaultLookup().find("sendto").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT));
      MethodHandle close =
          linker.downcallHandle(
              linker.defaultLookup().find("close").orElseThrow(),
              FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment address = arena.allocate(2 + MAX_PATH);
        address.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, (short) AF_UNIX);
        MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, 2, path.length);
        MemorySegment message = arena.allocate(text.length);
        MemorySegment.copy(text, 0, message, ValueLayout.JAVA_BYTE, 0, text.length);
        int fd = (int) open.invokeExact(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
          return;
        }
        long sent =
            (long) sendto.invokeExact(fd, message, (long) text.length, 0, address, 2 + path.length);
        int closed = (int) close.invokeExact(fd);
        if (sent < 0 || closed < 0) {
          return;
        }
      }
    }
  }
}
