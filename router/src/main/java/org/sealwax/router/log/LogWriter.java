package org.sealwax.router.log;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongFunction;
import org.sealwax.mail.net.Supervisor;

/**
 * Takes finished lines from all threads into a bounded buffer, which one thread writes out in
 * batches. A reader that does not read (a stuck terminal, a full pipe) costs lines, which are
 * counted and reported, and {@link #PATIENCE_MILLIS} in all: a thread that finds the buffer full
 * waits only while some of that time is left, and the time is restored when everything that waited
 * was written.
 */
final class LogWriter implements AutoCloseable {
  /** Characters that wait at most: some five thousand lines. */
  static final int MAX_WAITING = 1 << 20;

  /**
   * Time that lines wait for space in the buffer, together: long enough for a busy disk, short for
   * a session.
   */
  static final int PATIENCE_MILLIS = 50;

  /** Lines of this span go out in one write; not noticed by a reader, many lines under load. */
  private static final long LINGER_NANOS = 10_000_000;

  /** A buffer that grew beyond this is given back after its batch. */
  private static final int KEEP = 1 << 16;

  private final OutputStream out;
  private final LongFunction<String> loss;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition something = lock.newCondition();
  private final Condition freeSpace = lock.newCondition();
  private final AtomicLong dropped = new AtomicLong();
  private final Thread writer;
  private long patience = TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
  private StringBuilder waiting = new StringBuilder();
  private volatile boolean closed;
  private boolean idle;

  /** Writes to {@code out}; {@code loss} is the line that reports a number of lost lines. */
  LogWriter(OutputStream out, LongFunction<String> loss) {
    this.out = out;
    this.loss = loss;
    this.writer = Supervisor.startPlatform("log", () -> closed, this::write);
  }

  /** Hands in one line with its end. */
  void put(String line) {
    lock.lock();
    try {
      if (waiting.length() + line.length() > MAX_WAITING && !closed) {
        awaitSpace(line.length());
      }
      if (closed || waiting.length() + line.length() > MAX_WAITING) {
        dropped.incrementAndGet();
        return;
      }
      waiting.append(line);
      if (idle) {
        something.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  private void awaitSpace(int length) {
    try {
      while (patience > 0 && !closed && waiting.length() + length > MAX_WAITING) {
        long before = patience;
        long waited = before - freeSpace.awaitNanos(before);
        patience -= Math.max(0, waited);
      }
    } catch (InterruptedException e) {
      // The session is being ended: its line is not worth a wait, the interrupt must stay.
      Thread.currentThread().interrupt();
    }
  }

  /** Whether a line would wait for space in the buffer now. */
  boolean waitsForSpace() {
    lock.lock();
    try {
      return patience > 0;
    } finally {
      lock.unlock();
    }
  }

  /** Lines that found the buffer full, or that could not be written. */
  long dropped() {
    return dropped.get();
  }

  private void write() {
    StringBuilder batch = new StringBuilder();
    long owned = 0;
    while (true) {
      boolean last;
      lock.lock();
      try {
        while (waiting.isEmpty() && !closed) {
          idle = true;
          something.awaitUninterruptibly();
        }
        idle = false;
        last = closed;
        StringBuilder full = waiting;
        waiting = batch;
        batch = full;
        freeSpace.signalAll();
      } finally {
        lock.unlock();
      }
      long lost = dropped.get();
      if (lost > owned) {
        batch.append(loss.apply(lost - owned));
        owned = lost;
      }
      try {
        out.write(batch.toString().getBytes(StandardCharsets.UTF_8));
        out.flush();
        written();
      } catch (IOException e) {
        // Mail goes on without its log; the loss is in the counters, and in the next line that is
        // written.
        dropped.addAndGet(batch.chars().filter(c -> c == '\n').count());
      }
      batch = batch.capacity() > KEEP ? new StringBuilder() : batch;
      batch.setLength(0);
      if (last) {
        return;
      }
      LockSupport.parkNanos(LINGER_NANOS);
    }
  }

  private void written() {
    lock.lock();
    try {
      if (waiting.isEmpty()) {
        patience = TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes what waits, for at most a second, and ends. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      something.signalAll();
      freeSpace.signalAll();
    } finally {
      lock.unlock();
    }
    LockSupport.unpark(writer);
    try {
      writer.join(1000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
