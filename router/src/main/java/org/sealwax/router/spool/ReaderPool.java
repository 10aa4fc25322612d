package org.sealwax.router.spool;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.spool.SpoolException.Kind;

/** The connections that read the store, opened as they are needed, and used by one at a time. */
final class ReaderPool implements AutoCloseable {
  /** Connections that read at the same time. */
  private static final int MOST = 2;

  /** How long the end waits for them: a page of the queue takes milliseconds. */
  private static final Duration LAST_READS = Duration.ofSeconds(5);

  private final Path database;
  private final Clock clock;
  private final ScanMarks scans;
  private final BlockingQueue<SpoolReader> idle = new ArrayBlockingQueue<>(MOST);
  private final AtomicInteger open = new AtomicInteger();
  private volatile int generation;
  private volatile boolean ended;

  ReaderPool(Path database, Clock clock, ScanMarks scans) {
    this.database = database;
    this.clock = clock;
    this.scans = scans;
  }

  /** One question to the store. */
  interface SpoolQuery<T> {
    /** Asks it. */
    T on(SpoolReader reader) throws SQLException, SpoolException;
  }

  /**
   * Asks a question about many rows, marked meanwhile.
   *
   * @throws SpoolException when the store cannot be read, or no more
   */
  <T> T scan(ScanMarks.Scan scan, SpoolQuery<T> query) throws SpoolException {
    scans.begin(scan);
    try {
      T found = read(query);
      scans.end(scan);
      return found;
    } catch (SpoolException | RuntimeException e) {
      // Not in a finally: an Error that ends the process leaves the mark.
      scans.end(scan);
      throw e;
    }
  }

  /**
   * Asks, once a connection is free.
   *
   * @throws SpoolException when the store cannot be read, or no more
   */
  <T> T read(SpoolQuery<T> query) throws SpoolException {
    if (ended) {
      throw over();
    }
    SpoolReader reader = take();
    boolean well = false;
    try {
      T found = query.on(reader);
      well = true;
      return found;
    } catch (SQLException e) {
      throw SpoolException.of("the spool cannot be read", e);
    } catch (SpoolException e) {
      well = true;
      throw e;
    } finally {
      if (!well || ended || reader.generation() != generation || !idle.offer(reader)) {
        closeReader(reader);
      }
    }
  }

  private static SpoolException over() {
    return new SpoolException(Kind.BROKEN, "the spool is closed");
  }

  private void closeReader(SpoolReader reader) {
    reader.close();
    open.decrementAndGet();
  }

  private SpoolReader take() throws SpoolException {
    SpoolReader free = idle.poll();
    if (free != null) {
      return free;
    }
    if (open.incrementAndGet() <= MOST) {
      boolean opened = false;
      try {
        if (ended) {
          // Counted first and looked then: the end waits for us, or we see that it is under way.
          throw over();
        }
        SpoolReader fresh = new SpoolReader(database, generation);
        opened = true;
        return fresh;
      } catch (SQLException e) {
        throw SpoolException.of("the spool cannot be read", e);
      } finally {
        if (!opened) {
          open.decrementAndGet();
        }
      }
    }
    open.decrementAndGet();
    try {
      while (true) {
        SpoolReader waited = idle.poll(100, TimeUnit.MILLISECONDS);
        if (waited != null) {
          return waited;
        }
        if (ended) {
          throw over();
        }
        if (open.get() < MOST) {
          return take();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SpoolException(Kind.BROKEN, "interrupted", e);
    }
  }

  /** From now on no read begins. */
  void end() {
    ended = true;
  }

  /**
   * Waits for reads that still run, at most {@link #LAST_READS}: they have files of the database
   * open, and may be about to open them.
   */
  void await() throws InterruptedException {
    long end = clock.nanoTime() + LAST_READS.toNanos();
    while (open.get() > 0 && clock.nanoTime() < end) {
      SpoolReader free = idle.poll(10, TimeUnit.MILLISECONDS);
      if (free != null) {
        closeReader(free);
      }
    }
  }

  /** Another database has replaced the former one, which is no longer read. */
  synchronized void renew() {
    generation++;
    close();
  }

  /** Closes the connections that are not in use. */
  @Override
  public void close() {
    for (SpoolReader r = idle.poll(); r != null; r = idle.poll()) {
      closeReader(r);
    }
  }
}
