package org.sealwax.router.spool;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.spool.ScanMarks.Scan;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.spool.WriterConnection.WriterTransaction;
import org.sealwax.router.spool.WriterState.Event;
import org.sealwax.router.store.SqliteFailure;

/**
 * The thread that writes: it turns jobs and times into events, and takes the steps that {@link
 * WriterState} has for them.
 *
 * <p><b>Group commit.</b> The writer takes all waiting jobs, runs them in one transaction, and
 * commits: one fsync for all. Only after {@code COMMIT} returned does any caller get its result;
 * when it throws, all callers in the batch get the failure, because it is not known what reached
 * the disk. Then the store is closed and opened again: after a failed fsync the kernel may have
 * dropped the dirty pages and call the next one a success, so it is never tried again on the same
 * file handle.
 *
 * <p><b>Two kinds of commit.</b> A message taken in is committed with {@code synchronous=FULL}. A
 * batch of nothing but changes is committed with NORMAL, without waiting for the disk: a power
 * failure may then bring back the state before, so that a message delivered within the last second
 * is delivered again; a second later at the latest a synced commit follows.
 *
 * <p><b>Checkpoints</b> are copied by a thread of their own ({@link SpoolMaintenance}), after the
 * database was checked; the writer only finishes what is left of them when the log has grown long,
 * because another connection can never finish a log that is always written to.
 */
final class SpoolWriter {
  /** A change that no other commit has synced is synced after this. */
  private static final Duration SYNC_WITHIN = Duration.ofSeconds(1);

  /** Pages in the log after which they are copied (16 MiB). */
  private static final long COPY_AFTER = (16L << 20) / SpoolFormat.PAGE;

  /** Pages in the log at which storing slows down (256 MiB). */
  private static final long MOST_LOGGED = (256L << 20) / SpoolFormat.PAGE;

  /** The same when the reserve is given up (8 MiB). */
  private static final long MOST_LOGGED_WHEN_FULL = (8L << 20) / SpoolFormat.PAGE;

  /** Batches between two checks of the length of the log. */
  private static final int BATCHES_PER_LOG_CHECK = 32;

  /** Free pages that are kept for reuse when others are given back (16 MiB). */
  private static final long KEPT_PAGES = (16L << 20) / SpoolFormat.PAGE;

  /** Pages given back in one go: callers that store wait some milliseconds meanwhile. */
  private static final int SHRINK_STEP = 64;

  /** Trace entries deleted in one transaction. */
  private static final int PRUNE_STEP = 1000;

  /** Batches after which there is time to tidy also when more jobs wait. */
  private static final int TIDY_LEAST = 50;

  private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
  private static final Duration LAST_RETRY = Duration.ofMinutes(1);

  private final SqliteSpool spool;
  private final WriterQueue queue;
  private final SpoolOpening opening;

  final WriterTransaction transaction;

  private WriterState state = WriterState.BROKEN;
  private @Nullable WriterConnection connection;
  private SpoolException problem = new SpoolException(Kind.BROKEN, "the spool is not open yet");

  private long unsyncedSince;
  private boolean retryNow;
  private int batchesSinceLogCheck;
  private int batchesSinceTidy;

  /** Pages that went into the log since it was last copied. */
  private final AtomicLong pagesLogged = new AtomicLong();

  /** Wakes the thread of {@link SpoolMaintenance}. */
  private final Semaphore maintenanceSignal = new Semaphore(0);

  private volatile boolean mayOverwritePages;
  private volatile boolean finishRequested;
  private volatile @Nullable SpoolException failure;
  private volatile boolean tidying;
  private volatile @Nullable QueueId oldestTrace;
  private volatile @Nullable String damage;

  SpoolWriter(SqliteSpool spool, SpoolOpening opening) {
    this.spool = spool;
    this.opening = opening;
    this.queue = new WriterQueue(spool, opening::addDoubtful);
    this.transaction = new WriterTransaction(spool);
  }

  // What others ask of the writer.

  /** Starts the thread, which ends when {@link #end} was called and all jobs are done. */
  Thread start(BooleanSupplier isClosed) {
    return Supervisor.startPlatform("spool-writer", isClosed, this::write);
  }

  /** Why no mail is taken now, or null. */
  @Nullable SpoolException failure() {
    return failure;
  }

  /**
   * Hands a job in and waits to the end, also when interrupted: whether a message is stored must be
   * known.
   */
  void call(WriterJob.Urgent job) throws SpoolException {
    SpoolException failed = queue.add(job) ? job.outcome().join().orElse(null) : closed();
    if (failed != null) {
      throw new SpoolException(failed.kind(), String.valueOf(failed.getMessage()), failed);
    }
  }

  static SpoolException closed() {
    return new SpoolException(Kind.BROKEN, "the spool is closed");
  }

  /** Hands a change in; blocks while too many wait. */
  void change(SpoolChange change, CommitListener listener) {
    if (!queue.add(WriterJob.Change.of(change, listener))) {
      throw new IllegalStateException("the spool is closed");
    }
  }

  /** The changes that wait need not wait for others: a client waits for one of them. */
  void hurry() {
    queue.wake();
  }

  /** When there is nothing else to do, deletes trace entries before this one, and frees pages. */
  void tidy(@Nullable QueueId oldest) {
    oldestTrace = oldest;
    tidying = true;
    queue.wake();
  }

  /** Whether something is left to tidy. */
  boolean isTidying() {
    return tidying;
  }

  /** Whether nothing waits. */
  boolean isIdle() {
    return queue.waiting() == 0;
  }

  /** The database is whole, or another one: pages of its file may be overwritten from now on. */
  void allowOverwriting() {
    mayOverwritePages = true;
    maintenanceSignal.release();
  }

  /** Whether pages of the database's file may be overwritten. */
  boolean mayOverwritePages() {
    return mayOverwritePages;
  }

  /** The log has grown long: the writer finishes the checkpoint that was begun. */
  void requestFinish() {
    finishRequested = true;
  }

  /** Whether the writer has not finished that checkpoint yet. */
  boolean isFinishRequested() {
    return finishRequested;
  }

  /** Pages that went into the log since this was last asked. */
  long takePagesLogged() {
    return pagesLogged.getAndSet(0);
  }

  /** Waits until there is something to maintain, at most so long. */
  void awaitMaintenance(Duration most) throws InterruptedException {
    if (maintenanceSignal.tryAcquire(most.toMillis(), TimeUnit.MILLISECONDS)) {
      maintenanceSignal.drainPermits();
    }
  }

  /** Wakes the maintenance, which is to end. */
  void wakeMaintenance() {
    maintenanceSignal.release();
  }

  /** The database is damaged: what is readable is to be copied out. */
  void damaged(String found) {
    damage = found;
    queue.wake();
  }

  /** Takes no more jobs, and ends when those that wait are done. */
  void end() {
    queue.end();
  }

  // The thread.

  private void write() {
    try {
      Duration retryAfter = FIRST_RETRY;
      boolean isOver = false;
      while (!isOver) {
        if (state.isOpen()) {
          isOver = !work();
          retryAfter = FIRST_RETRY;
          continue;
        }
        queue.refuse(reported());
        boolean ending = queue.awaitEnd(retryNow ? Duration.ZERO : retryAfter);
        retryNow = false;
        if (state == WriterState.BROKEN && spool.salvage.isRequested()) {
          problem = new SpoolException(Kind.DAMAGED, "the salvage is requested");
          happened(Event.DAMAGE);
        }
        happened(Event.RETRY);
        isOver = ending && !state.isOpen();
        Duration twice = retryAfter.multipliedBy(2);
        retryAfter = twice.compareTo(LAST_RETRY) < 0 ? twice : LAST_RETRY;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      spool.log.bug("spool writer", e);
      failure = new SpoolException(Kind.BROKEN, "the spool's writer ended", e);
      closeConnection();
    } finally {
      // No thread waits for a job that is no longer done.
      queue.end();
      queue.refuse(reported());
    }
  }

  /** Waits for jobs, or for the time to do something else, and does it; false at the end. */
  private boolean work() throws InterruptedException {
    boolean goesOn = queue.next(idleTime());
    String damaged = damage;
    if (damaged != null) {
      damage = null;
      problem = new SpoolException(Kind.DAMAGED, "the spool's database is damaged: " + damaged);
      happened(Event.DAMAGE);
      return true;
    }
    queue.commitEach(() -> happened(queue.isAwaited() || isSyncDue() ? Event.MAIL : Event.CHANGES));
    if (state == WriterState.UNSYNCED && (!goesOn || isSyncDue())) {
      happened(Event.SYNC_DUE);
    }
    if (state.isOpen() && mayOverwritePages && goesOn) {
      if (finishRequested || ++batchesSinceLogCheck >= BATCHES_PER_LOG_CHECK) {
        happened(Event.LOG_DUE);
      }
    }
    if (state.isOpen() && tidying && goesOn) {
      if (isIdle() || ++batchesSinceTidy >= TIDY_LEAST) {
        happened(Event.TIDY_DUE);
      }
    }
    if (state.isOpen() && !goesOn) {
      happened(Event.END);
    }
    return goesOn;
  }

  private Duration idleTime() {
    if (tidying) {
      return Duration.ZERO;
    }
    return state == WriterState.SYNCED
        ? SYNC_WITHIN
        : Duration.ofNanos(
            Math.max(0, unsyncedSince + SYNC_WITHIN.toNanos() - spool.clock.nanoTime()));
  }

  private boolean isSyncDue() {
    return state == WriterState.UNSYNCED
        && spool.clock.nanoTime() - unsyncedSince >= SYNC_WITHIN.toNanos();
  }

  /** Takes the steps of an event; a step that fails is an event as well. */
  private void happened(Event event) {
    WriterState.Transition row = state.on(event);
    try {
      for (SpoolStep step : row.steps()) {
        take(step);
        spool.after.accept(step);
      }
      state = row.next();
    } catch (SQLException | IOException | RuntimeException e) {
      transaction.failed();
      problem = SpoolException.of("the spool failed", e);
      happened(meaning(event, e));
    }
  }

  private Event meaning(Event event, Exception e) {
    if (event == Event.FAILURE || event == Event.DAMAGE) {
      throw new IllegalStateException("after a failure", e);
    }
    boolean isTransaction =
        event == Event.MAIL || event == Event.CHANGES || event == Event.TIDY_DUE;
    boolean isOurs =
        e instanceof RuntimeException
            || e instanceof SQLException sql && !SqliteFailure.isEngineFailure(sql);
    return isTransaction && isOurs
        ? Event.MISTAKE
        : problem.kind() == Kind.DAMAGED ? Event.DAMAGE : Event.FAILURE;
  }

  private void take(SpoolStep step) throws SQLException, IOException {
    switch (step) {
      case SYNC_NAMES -> transaction.syncNames(queue.batch());
      case BEGIN -> transaction.begin(open(), false);
      case BEGIN_SYNCED -> transaction.begin(open(), true);
      case WRITE -> transaction.fill(open(), queue.batch());
      case TOUCH -> open().touch();
      case TIDY -> tidyStep();
      case COMMIT -> commit();
      case REMOVE_CONTENTS -> transaction.removeContents();
      case NAME_CONTENTS -> transaction.nameContents(queue.batch());
      case ANSWER -> transaction.answer();
      case FINISH_LOG -> finishLog();
      case ROLLBACK -> open().rollback();
      case DIVIDE -> {
        if (!queue.divide(problem)) {
          // Nothing depends on tidying, least of all mail.
          tidying = false;
        }
      }
      case CLOSE -> closeConnection();
      case REFUSE -> refuse();
      case SALVAGE -> opening.copyOut(problem);
      case OPEN -> reopen();
      case EMPTY_LOG -> {
        spool.readers.close();
        if (mayOverwritePages) {
          open().emptyLog();
        }
      }
      default -> throw new IllegalArgumentException("not a step of the writer: " + step);
    }
  }

  private WriterConnection open() {
    WriterConnection now = connection;
    if (now == null) {
      throw new IllegalStateException("not open");
    }
    return now;
  }

  /**
   * When the disk does not keep up with the copying, callers that store wait for it, too. And on a
   * full disk the log must not need more space than the reserve has made.
   */
  private void finishLog() throws SQLException {
    batchesSinceLogCheck = 0;
    boolean isAsked = finishRequested;
    long most = spool.space.isReserveUsed() ? MOST_LOGGED_WHEN_FULL : MOST_LOGGED;
    if (isAsked || open().logged() >= most) {
      open().finishCheckpoint();
    }
    if (isAsked) {
      finishRequested = false;
      maintenanceSignal.release();
    }
  }

  private void commit() throws SQLException {
    written(transaction.commit(open()));
    if (state == WriterState.SYNCED) {
      unsyncedSince = spool.clock.nanoTime();
    }
  }

  /** So many pages went into the log. */
  private void written(long pages) {
    long all = pagesLogged.addAndGet(pages);
    if (all >= COPY_AFTER && all - pages < COPY_AFTER) {
      maintenanceSignal.release();
    }
  }

  /** A small step in a transaction of its own. */
  private void tidyStep() throws SQLException {
    batchesSinceTidy = 0;
    spool.scans.begin(Scan.TIDY);
    try {
      QueueId oldest = oldestTrace;
      if (oldest != null) {
        if (open().prune(oldest, PRUNE_STEP) < PRUNE_STEP) {
          oldestTrace = null;
        }
      } else if (open().freePages() > KEPT_PAGES) {
        open().shrink(SHRINK_STEP);
        written(SHRINK_STEP);
      } else {
        tidying = false;
      }
    } finally {
      spool.scans.end(Scan.TIDY);
    }
  }

  // Failures.

  private void closeConnection() {
    if (connection != null) {
      connection.close();
      connection = null;
    }
    transaction.forget();
  }

  /**
   * It is not known what reached the disk: all callers get a failure; changes wait for the store to
   * be opened again.
   */
  private void refuse() {
    SpoolException reported = spool.space.asFullIfSo(problem);
    if (spool.space.freesSpace(reported)) {
      retryNow = true;
    } else if (failure != null) {
      spool.log.storeTrouble("the error of the spool persists", reported);
    } else if (reported.kind() == Kind.FULL) {
      spool.log.storeTrouble(
          "the disk is full: mail is rejected until there is free space", reported);
    } else {
      spool.log.storeTrouble(
          "the spool failed: no mail is accepted until it is open again", reported);
    }
    failure = reported;
    spool.readers.close();
    queue.refuse(reported);
  }

  /** What callers get while the store is not open. */
  private SpoolException reported() {
    SpoolException now = failure;
    return now == null ? closed() : now;
  }

  private void reopen() throws SpoolException {
    spool.space.withReserve(this::openDatabase);
    failure = null;
    finishRequested = false;
    maintenanceSignal.release();
    spool.log.storeTrouble("the spool is open again", null);
  }

  /**
   * Opens the database, or what can be copied out of it.
   *
   * @return the highest number of a message that is or was here
   */
  long openDatabase() throws SpoolException {
    SpoolOpening.OpenedDatabase opened = opening.open();
    connection = opened.connection();
    state = WriterState.SYNCED;
    return opened.newest();
  }
}
