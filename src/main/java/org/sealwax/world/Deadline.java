package org.sealwax.world;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A total time after which something is closed, whatever it is doing: sockets have read timeouts
 * but neither write timeouts nor totals, and a peer that sends one byte a minute must not hold us
 * for ever.
 *
 * <p>Use with try-with-resources: {@code try (var d = Deadline.after(limit, wire)) { … }}; {@link
 * #passed()} tells a deadline from other I/O trouble.
 */
public final class Deadline implements AutoCloseable {
  private static final ScheduledThreadPoolExecutor WATCH = watch();

  private final ScheduledFuture<?> pending;
  private volatile boolean passed;

  private Deadline(Duration after, Closeable closed) {
    this.pending =
        WATCH.schedule(
            () -> {
              passed = true;
              Thread.startVirtualThread(() -> closeQuietly(closed));
            },
            after.toNanos(),
            TimeUnit.NANOSECONDS);
  }

  private static ScheduledThreadPoolExecutor watch() {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("deadline").unstarted(task));
    executor.setRemoveOnCancelPolicy(true);
    return executor;
  }

  /** Closes {@code closed} once {@code after} has passed, unless this deadline is closed first. */
  public static Deadline after(Duration after, Closeable closed) {
    return new Deadline(after, closed);
  }

  /** Whether the time ran out. */
  public boolean passed() {
    return passed;
  }

  /** Lifts the deadline. */
  @Override
  public void close() {
    pending.cancel(false);
  }

  private static void closeQuietly(Closeable closed) {
    try {
      closed.close();
    } catch (IOException e) {
      // The point was to end it, and it has ended.
    }
  }
}
