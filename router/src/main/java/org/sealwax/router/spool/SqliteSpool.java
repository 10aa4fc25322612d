package org.sealwax.router.spool;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FolderLock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.QueueId.QueueIds;
import org.sealwax.router.spool.ScanMarks.Scan;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.StateFiles;

/**
 * The embedded store: SQLite in WAL mode, one thread that writes ({@link SpoolWriter}), few
 * connections that read, and large contents in files of their own.
 */
public final class SqliteSpool implements Spool {
  /** Contents up to this stay in the row; larger ones get a file. */
  public static final int INLINE_LIMIT = 128 * 1024;

  /** Maximum number of trace entries of one message that are read. */
  private static final int TRACE_LIMIT = 1000;

  final Path database;
  final int tracesKept;
  final Clock clock;
  final MailLog log;

  final Consumer<SpoolStep> after;

  final DiskSpace space;
  final BodyFiles bodies;
  final ScanMarks scans;
  final ReaderPool readers;
  final Salvage salvage;
  final SpoolMaintenance upkeep;
  final SpoolWriter writer;
  volatile CrashMarks marks = CrashMarks.none();
  private final FolderLock folderLock;
  private final QueueIds ids;
  private final Thread writerThread;
  private volatile boolean closed;

  /**
   * Opens the store.
   *
   * @param locked is called once no other process can have it
   * @param after is called after each step, in the thread that took it
   */
  SqliteSpool(
      SpoolSettings settings,
      Clock clock,
      RandomSource random,
      MailLog log,
      Runnable locked,
      Consumer<SpoolStep> after)
      throws IOException {
    Path folder = settings.folder();
    this.database = folder.resolve("spool.db");
    this.tracesKept = settings.tracesKept();
    this.clock = clock;
    this.log = log;
    this.after = after;
    StateFiles.ownFolder(folder);
    this.space = new DiskSpace(folder, settings.minimumFreeSpace(), clock, log);
    this.bodies = new BodyFiles(folder, space::check, after);
    Path lock = folder.resolve("lock");
    boolean used = Files.exists(lock);
    // Two routers on one spool would deliver everything twice.
    this.folderLock =
        FolderLock.take(lock)
            .orElseThrow(
                () ->
                    new SpoolException(
                        SpoolException.Kind.LOCKED, "another router uses the spool in " + folder));
    this.scans = ScanMarks.open(folder.resolve("scans"));
    this.readers = new ReaderPool(database, scans);
    this.salvage = new Salvage(this, folder);
    this.upkeep = new SpoolMaintenance(this);
    SpoolOpening opening = new SpoolOpening(this);
    this.writer = new SpoolWriter(this, opening);
    boolean isOpen = false;
    try {
      locked.run();
      opening.prepare(used);
      this.ids = new QueueIds(clock, random, space.withReserve(writer::openDatabase));
      after.accept(SpoolStep.OPEN);
      isOpen = true;
    } finally {
      if (!isOpen) {
        upkeep.replaced();
        scans.close();
        folderLock.close();
      }
    }
    this.writerThread = writer.start(() -> closed);
    upkeep.start();
  }

  /**
   * Opens the store, makes it when there is none, brings an older format up to date.
   *
   * @param locked is called once no other process can have it
   * @throws SpoolException when another process has it, or the format is newer than this program
   */
  public static SqliteSpool open(
      SpoolSettings settings, Clock clock, RandomSource random, MailLog log, Runnable locked)
      throws IOException {
    return new SqliteSpool(settings, clock, random, log, locked, step -> {});
  }

  /** From now on the messages that the spool is busy with are marked. */
  public void markSteps(CrashMarks with) {
    marks = with;
  }

  // Taking mail.

  @Override
  public Draft draft() throws SpoolException {
    checkWell();
    return new Draft(ids.next(), INLINE_LIMIT, bodies);
  }

  @Override
  public Draft notificationDraft() {
    return Draft.inMemory(ids.next());
  }

  private void checkWell() throws SpoolException {
    if (closed) {
      throw SpoolWriter.closed();
    }
    SpoolException now = writer.failure();
    if (now != null) {
      throw new SpoolException(
          now.kind() == Kind.FULL ? Kind.FULL : Kind.BROKEN, String.valueOf(now.getMessage()), now);
    }
    space.check();
  }

  @Override
  public void accept(NewMessage message) throws SpoolException {
    checkWell();
    message.draft().seal();
    writer.call(WriterJob.Urgent.accept(message));
  }

  @Override
  public void change(SpoolChange change, CommitListener listener) {
    writer.change(change, listener);
  }

  /** How long {@link #commit} waits: a disk that failed is tried again within this. */
  private static final Duration COMMIT_WAIT = Duration.ofMinutes(2);

  @Override
  public void commit(SpoolChange change, CommitListener listener) throws SpoolException {
    CompletableFuture<Boolean> committed = new CompletableFuture<>();
    CommitListener told =
        gone -> {
          listener.settled(gone);
          committed.complete(true);
        };
    try {
      writer.change(
          change,
          told.orHeld(
              () -> {
                listener.heldInstead();
                committed.complete(false);
              }));
      writer.hurry();
      if (!committed.get(COMMIT_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new SpoolException(Kind.BROKEN, "the change could not be stored");
      }
    } catch (IllegalStateException e) {
      throw new SpoolException(Kind.BROKEN, "the spool is closed", e);
    } catch (TimeoutException | ExecutionException e) {
      throw new SpoolException(Kind.BROKEN, "the change is not stored yet", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SpoolException(Kind.BROKEN, "interrupted", e);
    }
  }

  @Override
  public void commitSynced(SpoolChange change) throws SpoolException {
    writer.call(WriterJob.Urgent.change(change));
  }

  @Override
  public void setAside(BatchKey key, String why) throws SpoolException {
    setAside(List.of(new SpoolReader.RowKey(key.message().number(), key.number())), why);
    log.storeTrouble(
        "a record of " + key.message() + " was set aside in the table aside: " + why, null);
  }

  private void setAside(List<SpoolReader.RowKey> rows, String why) throws SpoolException {
    writer.call(
        WriterJob.Urgent.call(
            w -> {
              for (SpoolReader.RowKey row : rows) {
                w.setAside(row.message(), row.number(), why, clock.now());
              }
            }));
  }

  @Override
  public void noFreshBefore(QueueId id) {
    writer.transaction.noFreshBefore(id);
  }

  // Reading.

  @Override
  public List<DueBatch> due(Instant until, int limit) throws SpoolException {
    return readable(readers.scan(Scan.DUE, r -> r.due(until, limit)));
  }

  @Override
  public List<DueBatch> queuedFor(String hop, int limit) throws SpoolException {
    return readable(readers.scan(Scan.NEXT_HOP, r -> r.queuedFor(hop, limit)));
  }

  /** Rows that are not batches are set aside, or each query would meet them again. */
  private List<DueBatch> readable(SpoolReader.DueRows rows) throws SpoolException {
    if (!rows.damaged().isEmpty()) {
      setAside(rows.damaged(), "the record is damaged");
      log.storeTrouble(
          CountText.of(
                  rows.damaged().size(),
                  "record of recipients is damaged and was | records of recipients are damaged and were")
              + " set aside in the table aside: "
              + rows.damaged().stream()
                  .map(key -> "message " + key.message() + " batch " + key.number())
                  .collect(Collectors.joining(", ")),
          null);
    }
    return rows.batches();
  }

  /** A question about one message, which is marked meanwhile. */
  private <T> T readMarked(QueueId message, ReaderPool.SpoolQuery<T> query) throws SpoolException {
    CrashMarks with = marks;
    Set<QueueId> messages = Set.of(message);
    with.beginStep(messages);
    return readers.read(query, () -> with.endStep(messages));
  }

  @Override
  public @Nullable Instant nextDue(Instant after) throws SpoolException {
    return readers.scan(Scan.NEXT_DUE, r -> r.nextDue(after)).orElse(null);
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
            .orElseThrow(
                () -> new SpoolException(Kind.DAMAGED, "the message is no longer in the queue"));
    byte[] inline = stored.inline();
    return inline != null
        ? new ByteArrayInputStream(inline)
        : new CheckedContent(bodies.open(id), stored.size(), stored.sum());
  }

  @Override
  public List<BatchCount> counts() throws SpoolException {
    return readers.scan(Scan.COUNT, SpoolReader::counts);
  }

  @Override
  public long heldBytes() throws SpoolException {
    return readers.scan(Scan.COUNT, SpoolReader::heldBytes);
  }

  @Override
  public List<RecipientBatch> list(
      BatchFilter filter, @Nullable BatchKey after, int limit, Consumer<BatchKey> damaged)
      throws SpoolException {
    return readers.scan(Scan.LIST, r -> r.list(filter, after, limit, damaged));
  }

  @Override
  public List<StoredTraceEntry> trace(QueueId id) throws SpoolException {
    return readers.scan(Scan.TRACE, r -> r.trace(id, TRACE_LIMIT));
  }

  /** Whether mail is taken now, and if not, why: a sentence, or null when all is well. */
  public @Nullable String failure() {
    try {
      checkWell();
      return null;
    } catch (SpoolException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** What the store has done since it was opened. */
  public SpoolFigures figures() {
    return writer.transaction.figures();
  }

  @Override
  public void backup(Path folder, BackupPart others) throws IOException {
    Backup.run(database, bodies, folder, others, after);
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
      writer.end();
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
