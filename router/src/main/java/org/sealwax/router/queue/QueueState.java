package org.sealwax.router.queue;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;

/**
 * What the queue has in memory: the {@link Scheduler} and the batches in hand. The only class of
 * the package with a lock on it (a {@link CutThroughRound} has one on itself): an event (mail is
 * accepted, rows were read, a round ended, an admin wants a batch) becomes calls of the scheduler,
 * the rounds that may begin are started, and what is to be written goes back to the caller. Never
 * calls the store. Thread-safe.
 */
final class QueueState {
  /** Why a scan of the store begins. */
  enum Look {
    /** Something may be due. */
    DUE,
    /** Only a line became short. */
    REFILL,
    /** None: the queue stops. */
    STOPPED
  }

  /**
   * Queries of the store stop here, so that mail that comes in finds a place while batches that
   * found none are on their way back.
   */
  static final int READ_UP_TO = Queue.WINDOW / 8 * 7;

  private static final Duration MARK_EVERY = Duration.ofSeconds(10);

  /** What a batch just accepted takes in memory besides its recipients and content. */
  private static final long LOADED_BATCH_BYTES = 1024;

  private static final Clock SYSTEM = Clock.system();

  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final CrashMarks marks;
  private final Queue.Runner runner;
  private final BiConsumer<RunningRound, @Nullable CutThroughRound> round;
  private final Scheduler scheduler;
  private final BatchesInHand inHand;
  private final Set<Thread> deliveringThreads = new HashSet<>();
  private long accepted;
  private long rounds;
  private boolean signalled;
  private boolean refillNeeded;

  /** Written under the lock. */
  private volatile boolean stopping;

  private volatile QueueSettings settings;

  private boolean looking;
  private @Nullable Instant nextRead;
  private @Nullable Instant comingDue;
  private @Nullable Instant lastMark;

  /** Next hops reported to have more in the store since the current query began. */
  private final Set<String> reported = new HashSet<>();

  private boolean freshSinceMark = true;

  /**
   * With nothing in hand.
   *
   * @param round runs a round, in a thread of its own
   */
  QueueState(
      Clock clock,
      RandomSource random,
      MailLog log,
      CrashMarks marks,
      QueueSettings settings,
      Queue.Runner runner,
      BiConsumer<RunningRound, @Nullable CutThroughRound> round) {
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.marks = marks;
    this.runner = runner;
    this.round = round;
    this.inHand = new BatchesInHand(marks);
    this.settings = settings;
    this.scheduler = new Scheduler(settings);
  }

  /** The settings in force. */
  QueueSettings settings() {
    return settings;
  }

  /** Puts other settings in force. */
  synchronized void use(QueueSettings other) {
    settings = other;
    scheduler.use(other);
    pump();
    signal();
  }

  // Mail comes in.

  /**
   * Asks for a place for a batch that is being accepted, until {@link #begin} or {@link #forget}.
   */
  synchronized Admission reserve(BatchKey key, String hop, String sender, Instant now) {
    Admission admission =
        inHand.size() < Queue.WINDOW && !stopping
            ? scheduler.reserve(hop, sender, now)
            : Admission.NO_PLACE;
    switch (admission) {
      case Admission.Admitted t -> {
        freshSinceMark = true;
        inHand.addFresh(key);
      }
      case Admission.NoPlace c -> scheduler.moreInStore(hop);
      case Admission.Paused p -> {}
    }
    return admission;
  }

  /**
   * Asks for a slot for a message whose client waits for its delivery; null when it is for the
   * queue. {@link #start} or {@link #giveUp} follows.
   */
  synchronized @Nullable RunningRound beginCutThrough(DueBatch batch, Instant now) {
    if (inHand.size() >= Queue.WINDOW || stopping) {
      return null;
    }
    RunningRound begun = scheduler.beginCutThrough(batch, now);
    if (begun != null) {
      freshSinceMark = true;
      inHand.addProvisional(batch.key());
    }
    return begun;
  }

  /** The message of such a round could not be stored. */
  synchronized void giveUp(RunningRound round) {
    inHand.remove(round.batch.key());
    scheduler.ended(round, new RoundResult.NothingLearned(), clock.now(), 0);
    pump();
    signalIfIdle();
  }

  /** Its message is stored: the round begins. */
  void start(CutThroughRound cutThrough, int recipientBytes, long most) {
    synchronized (this) {
      rounds++;
      load(cutThrough.loaded(), recipientBytes, most);
    }
    runner.start("delivery", () -> round.accept(cutThrough.round(), cutThrough));
  }

  /** The client waits no longer for a round. */
  synchronized void joinsQueue(RunningRound round) {
    inHand.acknowledged(round.batch.key());
    round.joinsQueue();
  }

  /** A message is acknowledged. */
  synchronized void acknowledged() {
    accepted++;
  }

  /** The message was not accepted. */
  synchronized void forget(Set<RecipientBatch> incoming) {
    for (RecipientBatch batch : incoming) {
      if (batch.state() == BatchState.FRESH) {
        inHand.remove(batch.key());
        scheduler.release();
      }
    }
    signalIfIdle();
  }

  /**
   * The message is accepted.
   *
   * @param incoming its batches as they are stored, FRESH when they go into the line at once, and
   *     for their first round
   * @param most bytes in memory for first rounds
   */
  synchronized BatchMoves begin(Map<RecipientBatch, LoadedBatch> incoming, Instant now, long most) {
    BatchMoves moves = new BatchMoves();
    accepted++;
    for (Map.Entry<RecipientBatch, LoadedBatch> each : incoming.entrySet()) {
      RecipientBatch batch = each.getKey();
      LoadedBatch loaded = each.getValue();
      if (batch.state() != BatchState.FRESH) {
        readBy(batch.due());
        continue;
      }
      if (!inHand.contains(batch.key())) {
        scheduler.release();
        continue;
      }
      load(loaded, batch.recipients().length, most);
      switch (scheduler.offer(row(batch, now), now)) {
        case Admission.Admitted t -> {
          inHand.waiting(batch.key(), true);
          inHand.evicted(t, now, moves, random);
        }
        case Admission.NoPlace x -> moves.queued(batch.key(), now);
        case Admission.Paused p -> moves.paused(batch.key(), p, random.fraction());
      }
    }
    pump();
    return moves;
  }

  /** Keeps in memory for the first round what fits. */
  private void load(LoadedBatch loaded, int recipientBytes, long most) {
    // Recipients in memory are several times as large as their record.
    long record = LOADED_BATCH_BYTES + 4L * recipientBytes;
    if (inHand.loadedBytes() + record <= most) {
      long content = loaded.content() == null ? 0 : loaded.size();
      if (inHand.loadedBytes() + record + content <= most) {
        inHand.loaded(loaded, record + content);
      } else {
        inHand.loaded(loaded.withoutContent(), record);
      }
    }
  }

  /** A scan that is due by then anyway is enough: a flood for a dead next hop costs no scans. */
  private void readBy(@Nullable Instant due) {
    if (due == null) {
      return;
    }
    if (comingDue == null || due.isBefore(comingDue)) {
      comingDue = due;
    }
    if (!looking && (nextRead == null || due.isBefore(nextRead))) {
      signal();
    }
  }

  // Looks at the store.

  boolean isStopping() {
    return stopping;
  }

  synchronized Look beginLook() {
    if (stopping) {
      return Look.STOPPED;
    }
    looking = true;
    boolean refillOnly = refillNeeded && !signalled;
    refillNeeded = false;
    signalled = false;
    return refillOnly ? Look.REFILL : Look.DUE;
  }

  /**
   * A scan of the store ended: waits until the next one is due at that time, or sooner for what
   * came in.
   */
  synchronized void endLook(Instant due) throws InterruptedException {
    looking = false;
    inHand.queryEnded();
    signalIfIdle();
    // What came in during the scan, and may have been missed by it.
    Instant next = comingDue != null && comingDue.isBefore(due) ? comingDue : due;
    nextRead = next;
    comingDue = null;
    Duration left = Duration.between(clock.now(), next);
    await(
        () -> signalled || refillNeeded || stopping,
        left.compareTo(Queue.LONGEST_SLEEP) < 0 ? left : Queue.LONGEST_SLEEP);
  }

  /** Waits by the system's clock, also where a test moves ours; false when the time is over. */
  private boolean await(BooleanSupplier done, Duration atMost) throws InterruptedException {
    long end = SYSTEM.nanoTime() + atMost.toNanos();
    while (!done.getAsBoolean()) {
      long left = end - SYSTEM.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  /** When the next look is due. */
  synchronized Instant nextRead(Instant now) {
    return nextRead == null ? now : nextRead;
  }

  /** Something may be due. */
  synchronized void signal() {
    signalled = true;
    notifyAll();
  }

  /**
   * A query of the store begins. It sees the store as it is now, and what it finds is offered
   * later: batches that are let go meanwhile might differ from it, and mail that comes back
   * meanwhile is not in it.
   */
  private void queryBegins() {
    inHand.queryBegins();
    reported.clear();
  }

  /**
   * Before a query of the store by time: batches in hand, or {@link #READ_UP_TO} when no more are
   * to be read.
   */
  synchronized int inHand() {
    queryBegins();
    return stopping || scheduler.isFull() ? READ_UP_TO : Math.min(inHand.size(), READ_UP_TO);
  }

  /** Next hops for which mail is to be fetched, at most so many. */
  synchronized List<String> hopsToRefill(int most, Instant now) {
    scheduler.sweep(now);
    pump();
    return stopping ? List.of() : scheduler.hopsToRefill(most);
  }

  /** Before a query by next hop: rows to read, or 0 when no more are to be read. */
  synchronized int rowsToRead(String hop) {
    queryBegins();
    return inHand.size() >= READ_UP_TO || stopping ? 0 : scheduler.rowsToRead(hop);
  }

  /**
   * Offers the rows of one next hop; without a place they stay as they are. When all of them are in
   * hand, the store has no more, unless {@link #moreInStore} was said since the query began: it is
   * said as soon as rows that only wait for a commit are let go.
   */
  synchronized OfferedRows refill(
      String hop, List<DueBatch> rows, boolean all, Instant now, RetrySchedule schedule) {
    OfferedRows offered = offer(rows, now, true, schedule);
    if (all && offered.isNothingNew() && !reported.contains(hop)) {
      scheduler.storeIsEmpty(hop);
    }
    return offered;
  }

  /** Offers rows to the lines; those without a place stay as they are, or move to a later time. */
  synchronized OfferedRows offer(
      List<DueBatch> rows, Instant now, boolean leaveWhenCrowded, RetrySchedule schedule) {
    OfferedRows offered = new OfferedRows(scheduler, inHand, marks, random, log);
    for (DueBatch row : rows) {
      if (inHand.size() >= Queue.WINDOW || stopping) {
        break;
      }
      offered.offer(row, now, leaveWhenCrowded, schedule);
    }
    pump();
    return offered;
  }

  /** A batch is not touched any more, because that ended the process. */
  synchronized void leave(BatchKey key) {
    OfferedRows.leave(key, inHand, log);
  }

  /** Before they are read: batches that probe next hops whose pause is over. */
  synchronized List<Scheduler.HopProbe> probes() {
    queryBegins();
    return stopping ? List.of() : scheduler.probes();
  }

  /**
   * Begins a probe.
   *
   * @param batch in the store, or null when it is gone, held, or cannot be read
   */
  synchronized void probe(Scheduler.HopProbe probe, @Nullable RecipientBatch batch, Instant now) {
    if (batch == null || !batch.hop().equals(probe.hop())) {
      scheduler.noProbe(probe);
    } else if (!inHand.contains(batch.key()) && !inHand.isStale(batch.key()) && !stopping) {
      if (scheduler.offerProbe(row(batch, now), now)) {
        inHand.add(batch.key(), true);
        pump();
      }
    }
  }

  /** These next hops have more in the store. */
  synchronized void moreInStore(Set<String> hops) {
    reported.addAll(hops);
    hops.forEach(scheduler::moreInStore);
  }

  private static DueBatch row(RecipientBatch batch, Instant now) {
    return new DueBatch(batch.key(), batch.state(), now, batch.hop(), batch.sender());
  }

  // Rounds.

  private void pump() {
    Instant now = clock.now();
    while (!stopping) {
      RunningRound next = scheduler.next(now);
      if (next == null) {
        return;
      }
      inHand.waiting(next.batch.key(), false);
      rounds++;
      runner.start("delivery", () -> round.accept(next, null));
    }
  }

  /**
   * This thread runs a round, whose message is marked or not.
   *
   * @return what the round needs, or null when that is to be read from the store
   */
  synchronized @Nullable LoadedBatch roundBegan(BatchKey key, boolean isMarked) {
    deliveringThreads.add(Thread.currentThread());
    if (isMarked) {
      inHand.mark(key);
    }
    return inHand.loaded(key);
  }

  /** A round was interrupted: the store has the batch as it was. */
  synchronized void interrupted(BatchKey key) {
    inHand.remove(key);
  }

  /** The round of this thread ended; returns what goes back to the store. */
  synchronized BatchMoves roundEnded(RunningRound ended, RoundResult result) {
    BatchKey key = ended.batch.key();
    deliveringThreads.remove(Thread.currentThread());
    if (result instanceof RoundResult.Busy) {
      inHand.waiting(key, true);
      inHand.unmark(key);
    }
    ReturnedBatches returned = scheduler.ended(ended, result, clock.now(), random.fraction());
    Admission.Paused pause = returned.pause();
    BatchMoves moves = pause == null ? BatchMoves.NONE : new BatchMoves();
    for (DueBatch r : returned.batches()) {
      inHand.waiting(r.key(), false);
      if (pause != null) {
        boolean isFirst = r.key().equals(returned.probe());
        moves.paused(r.key(), pause, isFirst ? 0 : random.fraction());
      }
    }
    pump();
    if (!scheduler.hopsToRefill(1).isEmpty()) {
      refillNeeded = true;
      notifyAll();
    }
    signalIfIdle();
    return moves;
  }

  /** Which of an MX host's addresses a round may dial now. */
  synchronized List<InetAddress> free(RunningRound of, List<InetAddress> addresses) {
    return scheduler.free(of, addresses);
  }

  synchronized void connected(RunningRound of, InetAddress address) {
    scheduler.connected(of, address);
    pump();
  }

  synchronized void greeted(RunningRound of) {
    scheduler.greeted(of, clock.now());
    pump();
  }

  /** A fault of this program while a batch was worked on; true when it is to be held. */
  synchronized boolean isFaultTooMany(BatchKey key) {
    return inHand.isFaultTooMany(key);
  }

  /** A batch is no longer in hand: a query of the store may find it again. */
  synchronized void letGo(BatchKey key) {
    List<Runnable> orders = inHand.remove(key);
    if (!orders.isEmpty()) {
      runner.start("queue-order", () -> orders.forEach(Runnable::run));
    }
    if (inHand.size() == Queue.WINDOW / 2) {
      signal();
    }
    signalIfIdle();
  }

  // Operations.

  /**
   * Takes a batch out of the line, so that an admin's order can be carried out on it; when a round
   * is running, the order is kept for its end, after those that are kept already.
   *
   * @param afterwards the order, or null when it is not to be kept
   * @return true when the caller has it now
   */
  synchronized boolean take(RecipientBatch batch, @Nullable Runnable afterwards) {
    return inHand.take(
        batch.key(),
        () -> scheduler.withdraw(batch.key(), batch.hop(), batch.sender()),
        afterwards);
  }

  /** Whether a batch in hand was accepted and has not been through its first round. */
  synchronized boolean isFresh(BatchKey key) {
    return inHand.isFresh(key);
  }

  /** Lets a paused next hop be tried at once. */
  synchronized void wakeHop(String hop) {
    scheduler.wake(hop, clock.now());
  }

  synchronized boolean isPaused(String hop, Instant then) {
    return scheduler.isPaused(hop, then);
  }

  // Housekeeping.

  /** The message of the oldest FRESH batch, or the time when there is none; null when not due. */
  synchronized @Nullable QueueId freshMark(Instant now) {
    if (lastMark != null && now.isBefore(lastMark.plus(MARK_EVERY)) || !freshSinceMark) {
      return null;
    }
    lastMark = now;
    freshSinceMark = inHand.hasFresh();
    return inHand.oldestFresh(now);
  }

  synchronized QueueFigures figures() {
    return new QueueFigures(
        accepted,
        rounds,
        scheduler.running(),
        scheduler.ready(),
        inHand.size(),
        inHand.fresh(),
        scheduler.paused());
  }

  private boolean isIdle() {
    return scheduler.running() == 0 && !looking;
  }

  private void signalIfIdle() {
    if (stopping && isIdle()) {
      notifyAll();
    }
  }

  /**
   * Takes no more mail, begins no more rounds, waits for those that run, then interrupts them.
   *
   * @return whether all rounds ended by themselves
   */
  synchronized boolean drain(Duration atMost) throws InterruptedException {
    stopping = true;
    notifyAll();
    boolean ended = await(this::isIdle, atMost);
    deliveringThreads.forEach(Thread::interrupt);
    await(this::isIdle, Duration.ofSeconds(1));
    return ended;
  }
}
