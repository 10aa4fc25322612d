package org.sealwax.mail.net;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Work that a supervised virtual thread repeats until it is closed. A round that fails is reported,
 * and the next one follows after the usual pause: nothing that works in the background ends because
 * of one fault. Thread-safe.
 */
public final class RepeatedWork implements Closeable {
  private final Duration pause;
  private final Round round;
  private final Consumer<Throwable> onFailure;
  private final Semaphore wake = new Semaphore(0);
  private volatile boolean closed;
  private @Nullable Thread thread;

  /** One round of the work. */
  @FunctionalInterface
  public interface Round {
    /**
     * Does the work once.
     *
     * @throws IOException which is reported
     * @throws InterruptedException when the thread is interrupted, which ends the work
     */
    void run() throws IOException, InterruptedException;
  }

  /**
   * Does nothing yet.
   *
   * @param pause time before each round, unless it is woken
   * @param round the work
   * @param onFailure gets what a round throws, but not the errors that must end the process
   */
  public RepeatedWork(Duration pause, Round round, Consumer<Throwable> onFailure) {
    this.pause = pause;
    this.round = round;
    this.onFailure = onFailure;
  }

  /**
   * Begins, once.
   *
   * @param name the name of the thread
   */
  public synchronized void start(String name) {
    if (thread == null) {
      thread = Supervisor.start(name, () -> closed, this::run);
    }
  }

  private void run() {
    try {
      while (!closed) {
        if (wake.tryAcquire(pause.toMillis(), TimeUnit.MILLISECONDS)) {
          wake.drainPermits();
        }
        try {
          if (!closed) {
            round.run();
          }
        } catch (IOException
            | RuntimeException
            | StackOverflowError
            | LinkageError
            | AssertionError e) {
          if (!closed) {
            onFailure.accept(e);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Has the next round begin now. */
  public void wake() {
    wake.release();
  }

  /** {@return whether no round begins any more} */
  public boolean isClosed() {
    return closed;
  }

  /** No round begins after this; one that runs goes on. */
  @Override
  public void close() {
    closed = true;
    wake.release();
  }

  /** Closes this, and waits for the end of a round that runs. */
  public void closeAndWait() {
    close();
    Threads.join(started());
  }

  /** Closes this, interrupts a round that runs, and waits for its end. */
  public void closeNow() {
    close();
    Thread running = started();
    if (running != null) {
      running.interrupt();
    }
    Threads.join(running);
  }

  private synchronized @Nullable Thread started() {
    return thread;
  }
}
