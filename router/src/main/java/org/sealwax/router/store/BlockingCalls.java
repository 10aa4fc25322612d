package org.sealwax.router.store;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Threads;

/**
 * One platform thread for calls that block in native code, such as a commit that waits for the
 * disk: a virtual thread that makes such a call itself holds one of the few threads that carry all
 * others. Thread-safe.
 */
final class BlockingCalls implements Closeable {
  private static final String ENDED = "its thread has ended";

  private final LinkedBlockingQueue<FutureTask<?>> waiting = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean closed;
  private boolean ended;

  /** Starts the thread. */
  BlockingCalls(String name) {
    this.thread = Supervisor.startPlatform(name, () -> closed, this::run);
  }

  private void run() {
    try {
      while (!closed || !waiting.isEmpty()) {
        waiting.take().run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      // No caller waits for a call that is no longer made.
      synchronized (waiting) {
        ended = true;
        waiting.forEach(task -> task.cancel(false));
      }
    }
  }

  /**
   * Has the call made, and waits for it to its end: what it writes is written or not, also for a
   * caller that is interrupted.
   *
   * @throws IOException what the call throws, or when this is closed or its thread has ended
   */
  <T> T call(Callable<T> call) throws IOException {
    FutureTask<T> task = new FutureTask<>(call);
    synchronized (waiting) {
      if (closed || ended) {
        throw new IOException(closed ? "it is closed" : ENDED);
      }
      waiting.add(task);
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (CancellationException e) {
      throw new IOException(ENDED, e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case IOException failure -> throw failure;
        case RuntimeException bug -> throw bug;
        case Error bug -> throw bug;
        case null, default -> throw new IllegalStateException(e);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Makes the calls that wait, and ends the thread. */
  @Override
  public void close() {
    synchronized (waiting) {
      if (closed) {
        return;
      }
      closed = true;
      waiting.add(new FutureTask<>(() -> {}, null));
    }
    Threads.join(thread);
  }
}
