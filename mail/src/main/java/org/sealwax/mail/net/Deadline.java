package org.sealwax.mail.net;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * A total time after which something is closed, whatever it is doing: sockets have read timeouts
 * but neither write timeouts nor totals, and a peer that sends one byte a minute must not hold a
 * thread forever.
 *
 * <p>Use with try-with-resources: {@code try (var d = Deadline.after(limit, wire)) { … }}; {@link
 * #passed()} distinguishes a passed deadline from other I/O errors.
 */
public final class Deadline implements AutoCloseable {
  /** Later than any deadline. */
  private static final long FAR = Duration.ofDays(30).toNanos();

  private static final Set<Deadline> OPEN = ConcurrentHashMap.newKeySet();

  /**
   * When the watch thread checks again. A deadline that is lifted stays unnoticed until then, and
   * one that comes later than that wakes no thread: most are lifted within milliseconds of minutes.
   */
  private static volatile long nextCheck = System.nanoTime() + FAR;

  private static final Thread WATCH =
      Supervisor.startPlatform("deadline", () -> false, Deadline::watch);

  private final Closeable closed;
  private final long at;
  private volatile boolean passed;

  private Deadline(Duration after, Closeable closed) {
    this.closed = closed;
    this.at = System.nanoTime() + after.toNanos();
  }

  private static void watch() {
    while (true) {
      long now = System.nanoTime();
      // At its maximum during the check: a deadline added in the meantime causes one more check.
      long next = now + FAR;
      nextCheck = next;
      for (Deadline open : OPEN) {
        if (open.at - now <= 0) {
          open.pass();
        } else if (open.at - next < 0) {
          next = open.at;
        }
      }
      nextCheck = next;
      LockSupport.parkNanos(Math.max(1, next - System.nanoTime()));
    }
  }

  private void pass() {
    if (OPEN.remove(this)) {
      passed = true;
      Thread.startVirtualThread(() -> closeQuietly(closed));
    }
  }

  /**
   * Closes {@code closed} once {@code after} has passed, unless this deadline is closed first.
   *
   * @param after the time limit; positive
   * @param closed what is closed when the time is over
   * @return the deadline; close it when the work is done
   */
  public static Deadline after(Duration after, Closeable closed) {
    Deadline deadline = new Deadline(after, closed);
    OPEN.add(deadline);
    if (deadline.at - nextCheck < 0) {
      LockSupport.unpark(WATCH);
    }
    return deadline;
  }

  /** {@return whether the deadline has passed} */
  public boolean passed() {
    return passed;
  }

  /** Lifts the deadline. */
  @Override
  public void close() {
    OPEN.remove(this);
  }

  private static void closeQuietly(Closeable closed) {
    try {
      closed.close();
    } catch (IOException e) {
      // It was to be closed, and it is.
    }
  }
}
