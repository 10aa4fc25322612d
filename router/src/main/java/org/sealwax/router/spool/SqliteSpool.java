package org.sealwax.router.spool;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.SqliteFailure;

/**
 * The embedded store: SQLite in WAL mode, one thread that writes.
 *
 * <p><b>Group commit.</b> A caller that stores something queues a job for the writer. The writer
 * takes all waiting jobs, runs them in one transaction, and commits: one fsync for all. Only after
 * {@code COMMIT} returned does any caller get its result; when it throws, all callers in the batch
 * get the failure, because it is not known what reached the disk. Then the store is closed and
 * opened again: after a failed fsync the kernel may have dropped the dirty pages and call the next
 * one a success, so it is never tried again on the same file handle.
 *
 * <p><b>Two kinds of commit.</b> A message taken in is committed with {@code synchronous=FULL}. A
 * batch of nothing but changes is committed with NORMAL, without waiting for the disk: a power
 * failure may then bring back the state before, so that a message delivered within the last second
 * is delivered again; a second later at the latest a synced commit follows. A content's file is
 * only deleted after a synced commit, so that no row ever comes back without its content.
 *
 * <p><b>Checkpoints</b> are copied by a thread of their own ({@link SpoolMaintenance}), after the
 * database was checked; the writer only finishes what is left of them when the log has grown long,
 * because another connection can never finish a log that is always written to.
 */
public final class SqliteSpool implements Spool {
  /** Contents up to this stay in the row; larger ones get a file. */
  public static final int INLINE_LIMIT = 128 * 1024;

  /** A change that no other commit has synced is synced after this. */
  private static final Duration SYNC_WITHIN = Duration.ofSeconds(1);

  /** Pages in the log at which storing slows down (256 MiB). */
  private static final long MOST_LOGGED = (256L << 20) / SpoolFormat.PAGE;

  /** The same when the reserve is given up (8 MiB). */
  private static final long MOST_LOGGED_WHEN_FULL = (8L << 20) / SpoolFormat.PAGE;

  /** Batches between two checks of the length of the log. */
  private static final int BATCHES_PER_LOG_CHECK = 32;

  /** Free pages at which some are given back (64 MiB). */
  private static final long FREE_PAGES = (64L << 20) / SpoolFormat.PAGE;

  /** Free pages that are kept for reuse then (16 MiB). */
  private static final long KEPT_PAGES = FREE_PAGES / 4;

  /** Pages given back in one go: callers that store wait some milliseconds meanwhile. */
  private static final int SHRINK_STEP = 64;

  /** Batches after which a step is taken also when more jobs wait. */
  private static final int TIDY_LEAST = 50;

  private static final Duration FIRST_REOPEN = Duration.ofSeconds(1);
  private static final Duration LAST_REOPEN = Duration.ofMinutes(1);

  /** Maximum number of trace entries of one message that are read. */
  private static final int JOURNEY_LIMIT = 1000;

  /** Trace entries deleted in one transaction. */
  private static final int PRUNE_STEP = 1000;

  private final SpoolSettings settings;
  private final Clock clock;
  private final MailLog log;
  private final Path database;
  private final FolderLock folderLock;
  private final BodyFiles bodies;
  private final QueueIds ids;
  private final Jobs jobs;
  private final Thread writerThread;
  private final SpoolMaintenance upkeep;
  private final DiskSpace space;
  private final ReaderPool readers;
  private final ScanMarks scans;
  private final Set<QueueId> doubtful = new LinkedHashSet<>();
  private final List<QueueId> filesToRemove = new ArrayList<>();
  private final List<QueueId> filesRemoved = new ArrayList<>();

  private final LongAdder accepted = new LongAdder();
  private final LongAdder changes = new LongAdder();
  private final LongAdder batches = new LongAdder();
  private final LongAdder syncs = new LongAdder();
  private final LongAdder syncNanos = new LongAdder();
  private final AtomicLong longestSync = new AtomicLong();
  private final LongAdder failures = new LongAdder();
  private final LongAdder setAside = new LongAdder();

  private @Nullable SpoolWriter writer;
  private boolean unsynced;
  private int batchesSinceLogCheck;
  private int batchesSinceTidy;
  private boolean reopenNow;
  private long lastSync;
  private volatile @Nullable SpoolException failure;
  private volatile boolean closed;
  private volatile boolean recordsLost;
  private volatile boolean tidying;
  private volatile @Nullable QueueId oldestJourney;
  private volatile @Nullable String damage;
  private volatile @Nullable QueueId freshFrom;
  private volatile StepMarks marks = StepMarks.NONE;

  /** A message whose client waits for the commit. */
  static final class AcceptJob implements Jobs.Job {
    private final NewMessage message;
    private final CountDownLatch done = new CountDownLatch(1);
    private @Nullable SpoolException failed;

    private AcceptJob(NewMessage message) {
      this.message = message;
    }

    private void end(@Nullable SpoolException outcome) {
      failed = outcome;
      done.countDown();
    }
  }

  /** A change on its way. */
  static final class ChangeJob implements Jobs.Job {
    private final SpoolChange change;
    private final CommitListener listener;
    private Set<QueueId> removedMessages = Set.of();

    private ChangeJob(SpoolChange change, CommitListener listener) {
      this.change = change;
      this.listener = listener;
    }

    /** The batches that are in the store and change. */
    private Set<BatchKey> keys() {
      Set<BatchKey> keys = new LinkedHashSet<>(change.removed());
      change.put().forEach(s -> keys.add(s.key()));
      change.moved().forEach(m -> keys.add(m.key()));
      return keys;
    }
  }

  /** A call to the writer whose caller waits. */
  static final class WriterCall implements Jobs.Job {
    private final WriterCallBody step;
    private final CountDownLatch done = new CountDownLatch(1);
    private @Nullable SpoolException failed;

    private WriterCall(WriterCallBody step) {
      this.step = step;
    }

    private void end(@Nullable SpoolException outcome) {
      failed = outcome;
      done.countDown();
    }

    /** The body of a call, run inside the transaction. */
    interface WriterCallBody {
      void run(SpoolWriter writer) throws SQLException;
    }
  }

  private SqliteSpool(SpoolSettings settings, Clock clock, RandomSource random, MailLog log)
      throws IOException {
    this.settings = settings;
    this.clock = clock;
    this.log = log;
    this.database = settings.folder().resolve("spool.db");
    this.jobs = new Jobs(clock);
    FolderLock.ownFolder(settings.folder());
    this.space = new DiskSpace(settings.folder(), settings.minimumFreeSpace(), clock, log);
    boolean used = FolderLock.isThere(settings.folder());
    this.folderLock = FolderLock.take(settings.folder());
    this.scans = ScanMarks.open(settings.folder().resolve("scans"));
    this.readers = new ReaderPool(database, clock, scans);
    IntegrityCheck check = null;
    boolean isOpen = false;
    try {
      this.bodies = new BodyFiles(settings.folder(), space::check);
      requestSalvageAfterEnds();
      int contents = bodies.present().size();
      Salvage salvage = new Salvage(settings.folder(), log, clock);
      recordsLost = space.withReserve(() -> salvage.beforeOpening(used, contents));
      check = space.withReserve(this::beginCheck);
      this.upkeep = new SpoolMaintenance(database, new MaintenanceCalls(), check, scans, log);
      SpoolWriter first = space.withReserve(this::openWriter);
      this.writer = first;
      this.ids = new QueueIds(clock, random, newest(first));
      this.lastSync = clock.nanoTime();
      isOpen = true;
    } finally {
      if (!isOpen) {
        if (check != null) {
          check.close();
        }
        scans.close();
        folderLock.close();
      }
    }
    this.writerThread = Supervisor.startPlatform("spool-writer", () -> closed, this::write);
    upkeep.start();
  }

  /**
   * Opens the store, makes it when there is none, brings an older format up to date.
   *
   * @throws SpoolException when another process has it, or the format is newer than this program
   */
  public static SqliteSpool open(
      SpoolSettings settings, Clock clock, RandomSource random, MailLog log) throws IOException {
    return new SqliteSpool(settings, clock, random, log);
  }

  /** From now on the messages that the writer is busy with are marked. */
  public void markSteps(StepMarks with) {
    marks = with;
  }

  private static long newest(SpoolWriter writer) throws IOException {
    try {
      return writer.newest();
    } catch (SQLException e) {
      throw SpoolException.of("the spool cannot be read", e);
    }
  }

  /** Asks for the salvage when the last processes ended during the same work on the database. */
  private void requestSalvageAfterEnds() throws IOException {
    List<ScanMarks.Scan> suspects = scans.suspects();
    if (suspects.isEmpty()) {
      return;
    }
    boolean fits = Files.exists(database) && space.hasSpaceFor(Files.size(database));
    log.storeTrouble(
        "the process ended "
            + ScanMarks.ENDS
            + " times while it read the spool's database ("
            + suspects
            + "): "
            + (fits
                ? "it is copied out row by row"
                : "there is no space to copy it out row by row; it is used as it is"),
        null);
    if (fits) {
      Salvage.request(settings.folder());
    }
    scans.reset();
  }

  /** Null when there is no database yet. */
  private @Nullable IntegrityCheck beginCheck() throws SpoolException {
    if (!Files.exists(database)) {
      return null;
    }
    try {
      return IntegrityCheck.begin(database);
    } catch (SQLException e) {
      if (!SqliteFailure.isUnreadable(e)) {
        throw SpoolException.of("the spool cannot be opened", e);
      }
      salvage(e);
      return null;
    }
  }

  private void salvage(Exception why) throws SpoolException {
    log.storeTrouble("the spool's database is damaged: what is readable is copied out", why);
    recordsLost = true;
    new Salvage(settings.folder(), log, clock).run();
  }

  /** A writer on a store where nothing is FRESH any more. */
  private SpoolWriter openWriter() throws SpoolException {
    try {
      return openOnce();
    } catch (SpoolException e) {
      if (e.kind() != Kind.DAMAGED) {
        throw e;
      }
      salvage(e);
      upkeep.replaced();
      readers.renew();
      return openOnce();
    }
  }

  private SpoolWriter openOnce() throws SpoolException {
    SpoolWriter opening = null;
    try {
      scans.begin(ScanMarks.Scan.OPEN);
      int recovered;
      try {
        opening = new SpoolWriter(database, !Files.exists(database));
        opening.begin(true);
        for (QueueId id : doubtful) {
          opening.forget(id);
        }
        recovered = opening.recover(clock.now());
      } finally {
        scans.end(ScanMarks.Scan.OPEN);
      }
      opening.touch();
      opening.commit();
      for (QueueId id : doubtful) {
        bodies.remove(id);
      }
      doubtful.clear();
      if (recovered > 0) {
        log.note("spool", recovered + " accepted and not yet delivered when the last run ended");
      }
      return opening;
    } catch (SQLException e) {
      if (opening != null) {
        opening.close();
      }
      throw SpoolException.of("the spool cannot be opened", e);
    } catch (IOException e) {
      if (opening != null) {
        opening.close();
      }
      throw e instanceof SpoolException t
          ? t
          : new SpoolException(Kind.BROKEN, "the spool cannot be opened: " + e.getMessage(), e);
    }
  }

  // Taking mail.

  @Override
  public Draft draft() throws SpoolException {
    checkWell();
    space.check();
    return new Draft(ids.next(), INLINE_LIMIT, bodies);
  }

  @Override
  public Draft notificationDraft() {
    return Draft.inMemory(ids.next());
  }

  private void checkWell() throws SpoolException {
    if (closed) {
      throw new SpoolException(Kind.BROKEN, "the spool is closed");
    }
    SpoolException now = failure;
    if (now != null) {
      throw new SpoolException(now.kind() == Kind.FULL ? Kind.FULL : Kind.BROKEN, reason(now), now);
    }
  }

  private static String reason(SpoolException failure) {
    return String.valueOf(failure.getMessage());
  }

  @Override
  public void accept(NewMessage message) throws SpoolException {
    checkWell();
    space.check();
    try {
      message.draft().seal();
    } catch (SpoolException e) {
      throw e;
    } catch (IOException e) {
      throw new SpoolException(Kind.BROKEN, String.valueOf(e.getMessage()), e);
    }
    AcceptJob job = new AcceptJob(message);
    if (!jobs.addUrgent(job)) {
      throw new SpoolException(Kind.BROKEN, "the spool is closed");
    }
    await(job.done);
    if (job.failed != null) {
      throw new SpoolException(job.failed.kind(), reason(job.failed), job.failed);
    }
  }

  /** Waits to the end, also when interrupted: whether the message is stored must be known. */
  private static void await(CountDownLatch done) {
    boolean interrupted = false;
    while (true) {
      try {
        done.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void change(SpoolChange change, CommitListener listener) {
    if (!jobs.addChange(new ChangeJob(change, listener))) {
      throw new IllegalStateException("the spool is closed");
    }
  }

  private void callWriter(WriterCall.WriterCallBody step) throws SpoolException {
    WriterCall job = new WriterCall(step);
    if (!jobs.addUrgent(job)) {
      throw new SpoolException(Kind.BROKEN, "the spool is closed");
    }
    await(job.done);
    if (job.failed != null) {
      throw new SpoolException(job.failed.kind(), reason(job.failed), job.failed);
    }
  }

  @Override
  public void setAside(BatchKey key, String why) throws SpoolException {
    callWriter(w -> w.setAside(key, why, clock.now()));
    setAside.increment();
    log.storeTrouble(
        "a record of " + key.message() + " was set aside in the table aside: " + why, null);
  }

  @Override
  public void noFreshBefore(QueueId id) {
    freshFrom = id;
  }

  // The writer.

  private void write() {
    try {
      Duration reopenAfter = FIRST_REOPEN;
      while (true) {
        SpoolWriter now = writer;
        if (now == null) {
          refuseUrgent();
          boolean ending = jobs.awaitEnd(reopenNow ? Duration.ZERO : reopenAfter);
          reopenNow = false;
          if (reopen()) {
            reopenAfter = FIRST_REOPEN;
          } else if (ending) {
            return;
          } else {
            reopenAfter = min(reopenAfter.multipliedBy(2), LAST_REOPEN);
          }
          continue;
        }
        List<Jobs.Job> batch = jobs.next(idleTime());
        String damaged = damage;
        if (damaged != null) {
          damage = null;
          batchFailed(
              now,
              batch == null ? List.of() : batch,
              new SpoolException(Kind.DAMAGED, "the spool's database is damaged: " + damaged));
          continue;
        }
        if (batch == null) {
          housekeeping(now, true);
          return;
        }
        if (!batch.isEmpty()) {
          run(now, batch);
        }
        if (writer != null) {
          housekeeping(now, false);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      log.bug("spool writer", e);
      broken(new SpoolException(Kind.BROKEN, "the spool's writer ended", e));
    } finally {
      jobs.end();
      refuseUrgent();
    }
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) <= 0 ? a : b;
  }

  private Duration idleTime() {
    if (tidying) {
      return Duration.ZERO;
    }
    if (!unsynced) {
      return SYNC_WITHIN;
    }
    long left = lastSync + SYNC_WITHIN.toNanos() - clock.nanoTime();
    return Duration.ofNanos(Math.max(left, 0));
  }

  private boolean reopen() {
    try {
      SpoolException why = failure;
      if (why != null && why.kind() == Kind.DAMAGED || Salvage.isRequested(settings.folder())) {
        salvage(why == null ? new SpoolException(Kind.DAMAGED, "as asked") : why);
        upkeep.replaced();
        readers.renew();
      }
      writer = space.withReserve(this::openWriter);
      failure = null;
      upkeep.finished();
      log.storeTrouble("the spool is open again", null);
      return true;
    } catch (SpoolException e) {
      failure = e;
      log.storeTrouble("the spool is still in trouble", e);
      return false;
    }
  }

  private void refuseUrgent() {
    SpoolException now = failure;
    SpoolException reported =
        now == null ? new SpoolException(Kind.BROKEN, "the spool is closed") : now;
    for (Jobs.Job job : jobs.takeUrgent()) {
      fail(job, reported);
    }
  }

  private void fail(Jobs.Job job, SpoolException reported) {
    switch (job) {
      case AcceptJob a -> a.end(reported);
      case WriterCall e -> e.end(reported);
      case ChangeJob c -> jobs.putBack(List.of(c));
    }
  }

  /**
   * Commits a batch. A message that the process has ended with before is in a transaction of its
   * own: when it ends the process again, no other is marked for that.
   */
  private void run(SpoolWriter now, List<Jobs.Job> batch) {
    int from = 0;
    for (int i = 0; i <= batch.size(); i++) {
      boolean isLast = i == batch.size();
      if (!isLast && messages(batch.get(i)).stream().noneMatch(marks::isSuspect)) {
        continue;
      }
      marked(now, batch.subList(from, i));
      if (!isLast) {
        marked(now, List.of(batch.get(i)));
      }
      from = i + 1;
    }
  }

  private void marked(SpoolWriter now, List<Jobs.Job> batch) {
    if (batch.isEmpty()) {
      return;
    }
    if (writer == null) {
      batch.forEach(job -> fail(job, new SpoolException(Kind.BROKEN, "the spool failed")));
      return;
    }
    StepMarks with = marks;
    Set<QueueId> messages = new LinkedHashSet<>();
    batch.forEach(job -> messages.addAll(messages(job)));
    boolean calls = batch.stream().anyMatch(WriterCall.class::isInstance);
    with.beginStep(messages);
    if (calls) {
      scans.begin(ScanMarks.Scan.CALL);
    }
    together(now, batch);
    // Not in a finally: what ends this thread leaves the marks to the next start.
    if (calls) {
      scans.end(ScanMarks.Scan.CALL);
    }
    with.endStep(messages);
  }

  private static Set<QueueId> messages(Jobs.Job job) {
    return switch (job) {
      case AcceptJob a -> Set.of(a.message.id());
      case ChangeJob c -> {
        Set<QueueId> messages = new LinkedHashSet<>();
        c.keys().forEach(key -> messages.add(key.message()));
        yield messages;
      }
      case WriterCall e -> Set.of();
    };
  }

  private void together(SpoolWriter now, List<Jobs.Job> batch) {
    try {
      commit(now, batch);
    } catch (RuntimeException e) {
      failures.increment();
      oneByOne(now, batch, e);
    } catch (SQLException e) {
      failures.increment();
      if (SqliteFailure.isEngineFailure(e)) {
        batchFailed(now, batch, SpoolException.of("the spool failed", e));
      } else {
        oneByOne(now, batch, e);
      }
    } catch (IOException e) {
      failures.increment();
      batchFailed(
          now,
          batch,
          new SpoolException(BodyFiles.kind(e), "syncing the folder of contents failed", e));
    }
  }

  private void commit(SpoolWriter now, List<Jobs.Job> batch) throws SQLException, IOException {
    boolean synced = unsynced && clock.nanoTime() - lastSync >= SYNC_WITHIN.toNanos();
    boolean newFiles = false;
    for (Jobs.Job job : batch) {
      switch (job) {
        case AcceptJob a -> {
          synced = true;
          newFiles |= a.message.draft().small() == null;
        }
        case WriterCall e -> synced = true;
        case ChangeJob c -> {}
      }
    }
    if (newFiles) {
      bodies.syncFolder();
    }
    now.begin(synced);
    now.filesRemoved(filesRemoved);
    List<QueueId> files = new ArrayList<>();
    for (Jobs.Job job : batch) {
      switch (job) {
        case AcceptJob a -> now.accept(a.message, false);
        case WriterCall e -> e.step.run(now);
        case ChangeJob c -> {
          SpoolWriter.Applied applied = now.change(c.change);
          c.removedMessages = applied.removedMessages();
          files.addAll(applied.files());
        }
      }
    }
    long before = clock.nanoTime();
    now.commit();
    long after = clock.nanoTime();
    batches.increment();
    filesRemoved.clear();
    filesToRemove.addAll(files);
    if (synced) {
      unsynced = false;
      lastSync = after;
      syncs.increment();
      syncNanos.add(after - before);
      longestSync.accumulateAndGet(after - before, Math::max);
      removeFiles();
    } else {
      if (!unsynced) {
        lastSync = after;
      }
      unsynced = true;
    }
    notifyCommitted(batch);
  }

  private void notifyCommitted(List<Jobs.Job> batch) {
    long pages = 2;
    for (Jobs.Job job : batch) {
      switch (job) {
        case AcceptJob a -> {
          accepted.increment();
          byte[] small = a.message.draft().small();
          pages += 2 + (small == null ? 0 : small.length / SpoolFormat.PAGE);
          committed(a.message.draft());
          a.end(null);
        }
        case WriterCall e -> e.end(null);
        case ChangeJob c -> {
          pages++;
          changes.increment();
          try {
            c.listener.settled(c.removedMessages);
          } catch (RuntimeException e) {
            log.bug("spool settled", e);
          }
        }
      }
    }
    upkeep.written(pages);
  }

  private void committed(Draft draft) {
    try {
      draft.committed();
    } catch (IOException e) {
      // It is found by its other name as well.
      log.storeTrouble("the content's file of " + draft.id() + " could not get its name", e);
    }
  }

  private void removeFiles() {
    for (QueueId id : filesToRemove) {
      try {
        bodies.remove(id);
        filesRemoved.add(id);
      } catch (IOException e) {
        log.storeTrouble("a delivered content's file could not be removed: " + id, e);
      }
    }
    filesToRemove.clear();
  }

  /**
   * It is not known what reached the disk: all callers get a failure, and the store is opened
   * again.
   */
  private void batchFailed(SpoolWriter now, List<Jobs.Job> batch, SpoolException found) {
    SpoolException reported = space.asFullIfSo(found);
    if (space.freesSpace(reported)) {
      reopenNow = true;
    } else if (reported.kind() == Kind.FULL) {
      log.storeTrouble("the disk is full: mail is refused until there is room", reported);
    } else {
      log.storeTrouble("the spool failed: no mail is taken until it is open again", reported);
    }
    now.close();
    writer = null;
    failure = reported;
    List<Jobs.Job> again = new ArrayList<>();
    for (Jobs.Job job : batch) {
      switch (job) {
        case AcceptJob a -> {
          doubtful.add(a.message.id());
          a.message.draft().keep();
          a.end(reported);
        }
        case WriterCall r -> r.end(reported);
        case ChangeJob c -> again.add(c);
      }
    }
    jobs.putBack(again);
    readers.close();
    refuseUrgent();
  }

  /** One job fails because of a bug: find it, and commit the others. */
  private void oneByOne(SpoolWriter now, List<Jobs.Job> batch, Exception first) {
    try {
      now.rollback();
    } catch (SQLException e) {
      batchFailed(now, batch, SpoolException.of("the spool failed", e));
      return;
    }
    if (batch.size() == 1) {
      log.bug("spool statement", first);
      switch (batch.getFirst()) {
        case AcceptJob a -> a.end(mistake("the message could not be stored", first));
        case WriterCall e -> e.end(mistake("the errand failed", first));
        case ChangeJob c -> holdInstead(now, c, first);
      }
      return;
    }
    for (int i = 0; i < batch.size(); i++) {
      if (writer == null) {
        for (Jobs.Job job : batch.subList(i, batch.size())) {
          fail(job, new SpoolException(Kind.BROKEN, "the spool failed"));
        }
        return;
      }
      together(now, List.of(batch.get(i)));
    }
  }

  private static SpoolException mistake(String what, Exception why) {
    return why instanceof SQLException e
        ? SpoolException.of(what, e)
        : new SpoolException(Kind.BROKEN, what + ": " + why, why);
  }

  /** A change that cannot be stored must not be tried for ever: its batches are held. */
  private void holdInstead(SpoolWriter now, ChangeJob job, Exception why) {
    try {
      now.begin(true);
      for (BatchKey key : job.keys()) {
        now.change(
            SpoolChange.moves(
                List.of(new BatchMove(key, BatchState.HELD, null, CommitListener.NOT_STORED))));
      }
      now.commit();
    } catch (SQLException | RuntimeException e) {
      log.bug("spool statement", e);
      try {
        now.rollback();
      } catch (SQLException again) {
        batchFailed(now, List.of(), SpoolException.of("the spool failed", again));
      }
      log.storeTrouble(
          "a change of "
              + messages(job)
              + " could not be stored; it is left as it was until the next start",
          why);
      return;
    }
    log.storeTrouble("a change of " + messages(job) + " could not be stored; it is held", why);
    try {
      job.listener.heldInstead();
    } catch (RuntimeException e) {
      log.bug("spool settled", e);
    }
  }

  private void broken(SpoolException why) {
    failure = why;
    SpoolWriter now = writer;
    if (now != null) {
      now.close();
      writer = null;
    }
  }

  private void housekeeping(SpoolWriter now, boolean ending) {
    try {
      if (unsynced && (ending || clock.nanoTime() - lastSync >= SYNC_WITHIN.toNanos())) {
        now.begin(true);
        now.touch();
        now.commit();
        unsynced = false;
        syncs.increment();
        removeFiles();
      }
      QueueId mark = freshFrom;
      if (mark != null) {
        freshFrom = null;
        now.begin(false);
        now.freshFrom(mark);
        now.commit();
        unsynced = true;
        lastSync = clock.nanoTime();
      }
      batchesSinceLogCheck++;
      if (upkeep.isChecked()) {
        if (!upkeep.needsFinish() && batchesSinceLogCheck >= BATCHES_PER_LOG_CHECK) {
          batchesSinceLogCheck = 0;
          // The disk does not keep up with the copying: then callers that store wait for it, too.
          // And on a full disk the log must not need more space than the reserve has made.
          if (now.logged() >= (space.isReserveUsed() ? MOST_LOGGED_WHEN_FULL : MOST_LOGGED)) {
            now.finishCheckpoint();
          }
        }
        if (upkeep.needsFinish()) {
          now.finishCheckpoint();
          upkeep.finished();
        }
      }
      if (tidying && !ending && (jobs.waiting() == 0 || ++batchesSinceTidy >= TIDY_LEAST)) {
        batchesSinceTidy = 0;
        scans.begin(ScanMarks.Scan.TIDY);
        try {
          tidying = tidyStep(now);
        } finally {
          scans.end(ScanMarks.Scan.TIDY);
        }
      }
      if (ending) {
        readers.close();
        if (upkeep.isChecked()) {
          now.checkpoint("TRUNCATE");
        }
        now.close();
        writer = null;
      }
    } catch (SQLException e) {
      failures.increment();
      batchFailed(now, List.of(), SpoolException.of("the spool failed", e));
    }
  }

  /**
   * Deletes old trace entries, or gives free pages back: a small step in a transaction of its own,
   * when nothing else is to do. True when there is more.
   */
  private boolean tidyStep(SpoolWriter now) throws SQLException {
    try {
      now.begin(false);
      boolean more;
      QueueId oldest = oldestJourney;
      if (oldest != null) {
        more = true;
        if (now.prune(oldest, PRUNE_STEP) < PRUNE_STEP) {
          oldestJourney = null;
        }
      } else {
        more = now.freePages() > KEPT_PAGES;
        if (more) {
          now.shrink(SHRINK_STEP);
        }
      }
      now.commit();
      if (!unsynced) {
        unsynced = true;
        lastSync = clock.nanoTime();
      }
      upkeep.written(SHRINK_STEP);
      return more;
    } catch (SQLException e) {
      if (SqliteFailure.isEngineFailure(e)) {
        throw e;
      }
      // Nothing depends on it, least of all mail.
      log.bug("spool upkeep", e);
      now.rollback();
      return false;
    }
  }

  /** The calls of the maintenance thread. */
  private final class MaintenanceCalls implements SpoolMaintenance.Store {
    @Override
    public boolean isWell() {
      return failure == null;
    }

    @Override
    public long changes() {
      return changes.sum();
    }

    @Override
    public boolean isIdle() {
      return jobs.waiting() == 0;
    }

    @Override
    public void keepReserve() throws IOException {
      space.keepReserve();
    }

    @Override
    public void sweep() throws IOException {
      SqliteSpool.this.sweep();
    }

    @Override
    public void tidy() throws SpoolException {
      SqliteSpool.this.tidy();
    }

    @Override
    public void damaged(String found) {
      damage = found;
      jobs.wake();
    }
  }

  /** What an earlier run left in files, and records that are not whole. */
  void sweep() throws IOException {
    BodyFiles.SweepResult found =
        bodies.sweep(id -> readers.scan(ScanMarks.Scan.SWEEP, r -> r.claim(id)), recordsLost);
    if (!found.done().isEmpty()) {
      callWriter(w -> w.filesRemoved(found.done()));
    }
    if (!found.neverReceived().isEmpty()) {
      log.note(
          "spool",
          "removed "
              + found.neverReceived().size()
              + " contents that were not received to the end");
    }
    setAside.add(found.setAside().size());
    int unclaimed = bodies.unclaimed().size();
    if (unclaimed > 0) {
      log.storeTrouble(
          unclaimed
              + " contents without a record are kept in the folder unclaimed, "
              + found.setAside().size()
              + " of them since this start; they may be acknowledged mail",
          null);
    }
    long lost = readers.scan(ScanMarks.Scan.SWEEP, SpoolReader::withoutRecipients);
    if (lost > 0) {
      callWriter(w -> w.setAsideWithoutRecipients(clock.now()));
      setAside.add(lost);
      log.storeTrouble(lost + " messages have lost their recipients; see the table aside", null);
    }
  }

  /**
   * The writer deletes old trace entries and gives free pages back, when it has nothing else to do.
   */
  void tidy() throws SpoolException {
    oldestJourney =
        readers.scan(ScanMarks.Scan.TIDY, r -> r.oldestTrace(settings.tracesKept())).orElse(null);
    if (oldestJourney != null || readers.read(SpoolReader::freePages) >= FREE_PAGES) {
      tidying = true;
      jobs.wake();
    }
  }

  /** Makes the reserve at once, for tests. */
  void keepReserve() throws IOException {
    space.makeReserve();
  }

  /** Whether the writer has something left to tidy. */
  boolean isTidying() {
    return tidying;
  }

  /** Whether the database was checked, and what an earlier run left was swept. */
  boolean isTidyStart() {
    return upkeep.hasSwept();
  }

  // Reading.

  @Override
  public List<DueBatch> due(Instant until, int limit) throws SpoolException {
    return readable(ScanMarks.Scan.DUE, r -> r.due(until, limit));
  }

  @Override
  public List<DueBatch> queuedFor(String hop, int limit) throws SpoolException {
    return readable(ScanMarks.Scan.NEXT_HOP, r -> r.queuedFor(hop, limit));
  }

  /**
   * Rows of a look; those that are no batches are set aside, or each look would meet them again.
   */
  private List<DueBatch> readable(
      ScanMarks.Scan scan, ReaderPool.SpoolQuery<SpoolReader.Rows> query) throws SpoolException {
    SpoolReader.Rows rows = readers.scan(scan, query);
    if (!rows.damaged().isEmpty()) {
      callWriter(
          w -> {
            for (SpoolReader.RowKey key : rows.damaged()) {
              w.setAsideRow(key.message(), key.number(), "the record is damaged", clock.now());
            }
          });
      setAside.add(rows.damaged().size());
      log.storeTrouble(
          rows.damaged().size()
              + " records of recipients are damaged and were set aside in the table aside: "
              + rows.damaged(),
          null);
    }
    return rows.shares();
  }

  /** A question about one message, which is marked meanwhile. */
  private <T> T readMarked(QueueId message, ReaderPool.SpoolQuery<T> query) throws SpoolException {
    StepMarks with = marks;
    Set<QueueId> messages = Set.of(message);
    with.beginStep(messages);
    try {
      T found = readers.read(query);
      with.endStep(messages);
      return found;
    } catch (SpoolException | RuntimeException e) {
      with.endStep(messages);
      throw e;
    }
  }

  @Override
  public @Nullable Instant nextDue(Instant after) throws SpoolException {
    return readers
        .scan(ScanMarks.Scan.NEXT_DUE, r -> Optional.ofNullable(r.nextDue(after)))
        .orElse(null);
  }

  @Override
  public Optional<RecipientBatch> batch(BatchKey key) throws SpoolException {
    return readMarked(key.message(), r -> r.batch(key));
  }

  @Override
  public Optional<StoredMessage> message(QueueId id) throws SpoolException {
    return id.numberIfAny().isEmpty() ? Optional.empty() : readMarked(id, r -> r.message(id));
  }

  @Override
  public InputStream content(QueueId id) throws IOException {
    SpoolReader.StoredContentRow stored =
        readMarked(id, r -> r.content(id))
            .orElseThrow(() -> new SpoolException(Kind.DAMAGED, "the message is gone"));
    byte[] inline = stored.inline();
    return inline != null
        ? new ByteArrayInputStream(inline)
        : new CheckedContent(bodies.open(id), stored.size(), stored.sum());
  }

  @Override
  public List<BatchCount> counts() throws SpoolException {
    return readers.scan(ScanMarks.Scan.COUNT, SpoolReader::counts);
  }

  @Override
  public long heldBytes() throws SpoolException {
    return readers.scan(ScanMarks.Scan.COUNT, SpoolReader::heldBytes);
  }

  @Override
  public List<RecipientBatch> list(
      BatchFilter filter, @Nullable BatchKey after, int limit, Consumer<BatchKey> damaged)
      throws SpoolException {
    return readers.scan(ScanMarks.Scan.LIST, r -> r.list(filter, after, limit, damaged));
  }

  @Override
  public List<StoredTraceEntry> trace(QueueId id) throws SpoolException {
    return readers.scan(ScanMarks.Scan.TRACE, r -> r.trace(id, JOURNEY_LIMIT));
  }

  /** Whether mail is taken now, and if not, why: a sentence, or null when all is well. */
  public @Nullable String failure() {
    try {
      checkWell();
      space.check();
      return null;
    } catch (SpoolException e) {
      return reason(e);
    }
  }

  /** What the store has done since it was opened. */
  public SpoolFigures figures() {
    return new SpoolFigures(
        accepted.sum(),
        changes.sum(),
        batches.sum(),
        syncs.sum(),
        Duration.ofNanos(syncNanos.sum()),
        Duration.ofNanos(longestSync.get()),
        failures.sum(),
        setAside.sum(),
        jobs.waiting());
  }

  @Override
  public void backup(Path folder) throws IOException {
    Backup.run(database, bodies, folder);
  }

  /**
   * Whether a folder holds a whole spool: its database can be read and every content is there in
   * its length.
   *
   * @throws SpoolException with the reason when it does not
   */
  public static void checkBackup(Path folder) throws IOException {
    Backup.check(folder);
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    try {
      closed = true;
      readers.end();
      upkeep.end();
      jobs.end();
      writerThread.join();
      readers.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      upkeep.replaced();
      readers.close();
      bodies.end();
      scans.end();
      folderLock.close();
    }
  }
}
