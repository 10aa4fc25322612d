package org.sealwax.router.spool;

import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.SpoolException.Kind;

/** The connections that read the store, opened as they are needed, and used by one at a time. */
final class ReaderPool implements AutoCloseable {
  /** Connections that read at the same time. */
  private static final int MOST = 2;

  /** How long the end waits for them: a page of the queue takes milliseconds. */
  private static final Duration LAST_READS = Duration.ofSeconds(5);

  private final Path database;
  private final ScanMarks scans;
  private final Semaphore free = new Semaphore(MOST);
  private final Queue<SpoolReader> idle = new ConcurrentLinkedQueue<>();
  private volatile int generation;
  private volatile boolean ended;

  ReaderPool(Path database, ScanMarks scans) {
    this.database = database;
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
    return read(query, () -> scans.end(scan));
  }

  /**
   * Asks a question during which something is marked.
   *
   * @param unmark runs at the end, unless an Error ends the process: that leaves the mark
   */
  <T> T read(SpoolQuery<T> query, Runnable unmark) throws SpoolException {
    T found;
    try {
      found = read(query);
    } catch (SpoolException | RuntimeException e) {
      unmark.run();
      throw e;
    }
    unmark.run();
    return found;
  }

  /**
   * Asks, once a connection is free.
   *
   * @throws SpoolException when the store cannot be read, or no more
   */
  <T> T read(SpoolQuery<T> query) throws SpoolException {
    try {
      free.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SpoolException(Kind.BROKEN, "interrupted", e);
    }
    SpoolReader reader = null;
    boolean isWell = false;
    try {
      if (ended) {
        throw SpoolWriter.closed();
      }
      reader = idle.poll();
      if (reader != null && reader.generation() != generation) {
        // Given back while the database was replaced.
        reader.close();
        reader = null;
      }
      if (reader == null) {
        reader = new SpoolReader(database, generation);
      }
      T found = query.on(reader);
      isWell = true;
      return found;
    } catch (SQLException e) {
      throw SpoolException.of("the spool cannot be read", e);
    } catch (SpoolException e) {
      isWell = true;
      throw e;
    } finally {
      giveBack(reader, isWell);
      free.release();
    }
  }

  private void giveBack(@Nullable SpoolReader reader, boolean isWell) {
    if (reader == null) {
      return;
    }
    if (isWell && !ended && reader.generation() == generation) {
      idle.add(reader);
    } else {
      reader.close();
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
    if (free.tryAcquire(MOST, LAST_READS.toMillis(), TimeUnit.MILLISECONDS)) {
      free.release(MOST);
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
      r.close();
    }
  }
}
