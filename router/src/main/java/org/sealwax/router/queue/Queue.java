package org.sealwax.router.queue;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.NotificationWriter.PreparedNotification;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolException;

/**
 * The queue of a running router: takes mail in, gives rounds of delivery their turn, and writes
 * down what follows. Its parts: {@link QueueState} has what is in memory, {@link QueueIntake} takes
 * mail in, {@link RoundRunner} runs a round, {@link StepApplier} writes; this class looks at the
 * store for mail that is due.
 *
 * <p><b>Memory.</b> Only batches <i>in hand</i> have any state in memory: those in line, in a
 * round, or whose change is not yet committed; at most {@link #WINDOW}. All others are rows of the
 * store, found by their due time. Contents are read when a round asks for them, except of mail that
 * has just come in, whose recipients and small content may wait in memory for its first round
 * within {@link QueueSettings#loadedBytes}.
 *
 * <p><b>Never twice at once.</b> A batch stays in hand until the store has reported that the change
 * after its round is committed; only then a query of the store may find it again. A crash between a
 * remote {@code 250} and that commit delivers it a second time: the price of never losing it.
 *
 * <p><b>Back-pressure.</b> When more comes in than goes out, lines fill to their bounds and the
 * rest is stored as waiting: nothing grows but the store.
 */
public final class Queue implements Closeable {
  /** Batches in hand at most. */
  public static final int WINDOW = 4000;

  /** Rows fetched in one query of the store. */
  private static final int FETCH = 1000;

  /** Next hops refilled in one pass. */
  private static final int REFILLS = 50;

  /** Queries per tick, so that a tick ends. */
  private static final int READS_PER_TICK = 8;

  /** The longest time without a query of the store. */
  static final Duration LONGEST_SLEEP = Duration.ofSeconds(30);

  private static final Duration FAILURE_WAIT = Duration.ofSeconds(5);

  /** The starter of the threads that the queue needs. */
  @FunctionalInterface
  public interface Runner {
    /** Starts {@code task}. */
    void start(String name, Runnable task);
  }

  final Spool spool;
  final Routing routing;
  final Clock clock;
  final RandomSource random;
  final MailLog log;
  final CrashMarks marks;
  final QueueState state;
  final NotificationWriter notifications;
  final StepApplier steps;

  /** What other servers refused since the last summary. */
  final RefusalTally refusals = new RefusalTally();

  /** Gets what targets of aliases answered. */
  volatile TargetReplies replies = TargetReplies.NONE;

  private final Runner runner;
  private final QueueIntake intake;
  private volatile SigningPolicy signing = SigningPolicy.NONE;
  private final AtomicBoolean started = new AtomicBoolean();

  /**
   * A queue; {@link #start} sets it going.
   *
   * @param spool the store
   * @param routing where to, by the configuration in force
   * @param delivery how mail leaves
   * @param marks of the messages in its rounds
   * @param runner starts its threads; a simulation has its own
   */
  public Queue(
      Spool spool,
      Routing routing,
      DeliveryAgent delivery,
      Clock clock,
      RandomSource random,
      MailLog log,
      QueueSettings settings,
      CrashMarks marks,
      Runner runner) {
    this.spool = spool;
    this.routing = routing;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.marks = marks;
    this.runner = runner;
    this.notifications = new NotificationWriter(this);
    RoundRunner rounds = new RoundRunner(this, delivery);
    this.state = new QueueState(clock, random, log, marks, settings, runner, rounds::run);
    this.steps = new StepApplier(this);
    this.intake = new QueueIntake(this);
  }

  /** Takes mail in, also before {@link #start}. */
  public Intake intake() {
    return intake;
  }

  /** Starts giving turns. */
  public void start() {
    if (started.compareAndSet(false, true)) {
      runner.start("queue", Supervisor.supervised("queue", state::isStopping, this::looks));
    }
  }

  /** Signs our own messages from now on. */
  public void signBy(SigningPolicy policy) {
    signing = policy;
  }

  SigningPolicy signing() {
    return signing;
  }

  /** The settings in force. */
  public QueueSettings settings() {
    return state.settings();
  }

  /** Puts other settings in force: for the rounds that begin and the decisions made from now on. */
  public void settings(QueueSettings other) {
    state.use(other);
  }

  /** Whether a next hop could not be reached, and is still left alone then. */
  public boolean isPaused(String hop, Instant then) {
    return state.isPaused(hop, then);
  }

  // Looks at the store.

  private void looks() {
    try {
      forgetSuspects();
      for (QueueState.Look look = state.beginLook();
          look != QueueState.Look.STOPPED;
          look = state.beginLook()) {
        Instant next;
        try {
          next = look == QueueState.Look.REFILL ? refillAt(clock.now()) : tick();
        } catch (RuntimeException e) {
          log.bug("queue", e);
          next = clock.now().plus(FAILURE_WAIT);
        }
        state.endLook(next);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Suspects that are not in the store any more have proved nothing and mean nothing. */
  private void forgetSuspects() {
    try {
      for (QueueId id : marks.suspects()) {
        if (spool.message(id).isEmpty()) {
          marks.end(id);
        }
      }
    } catch (SpoolException e) {
      // They stay suspects.
    }
  }

  /** Fetches mail for next hops with few batches in memory, between two queries of the store. */
  private Instant refillAt(Instant now) {
    try {
      refill(now);
    } catch (SpoolException e) {
      log.storeTrouble("the queue cannot read the store", e);
    }
    return state.nextRead(now);
  }

  /**
   * Queries the store and fills the lines; returns when to query again unless signalled. Called by
   * the thread of {@link #start}, or by a simulation instead of it.
   */
  public Instant tick() {
    Instant now = clock.now();
    QueueId fresh = state.freshMark(now);
    if (fresh != null) {
      // So that the store need not search all for FRESH batches after a crash.
      spool.noFreshBefore(fresh);
    }
    try {
      refill(now);
      boolean exhausted = false;
      for (int i = 0; i < READS_PER_TICK && !exhausted; i++) {
        int hand = state.inHand();
        int limit = Math.min(hand + FETCH, QueueState.READ_UP_TO);
        if (hand >= limit) {
          break;
        }
        List<DueBatch> rows = spool.due(now, limit);
        exhausted = rows.size() < limit;
        if (carryOut(state.offer(rows, now, false, settings().schedule())) == 0) {
          break;
        }
      }
      for (Scheduler.HopProbe probe : state.probes()) {
        state.probe(probe, waiting(probe.key()), now);
      }
      Instant next = exhausted ? spool.nextDue(now) : now.plusMillis(200);
      Instant latest = now.plus(LONGEST_SLEEP);
      return next == null || next.isAfter(latest) ? latest : next;
    } catch (SpoolException e) {
      log.storeTrouble("the queue cannot read the store", e);
      return now.plus(FAILURE_WAIT);
    }
  }

  private void refill(Instant now) throws SpoolException {
    for (String hop : state.hopsToRefill(REFILLS, now)) {
      int limit = state.rowsToRead(hop);
      if (limit == 0) {
        return;
      }
      List<DueBatch> rows = spool.queuedFor(hop, limit);
      carryOut(state.refill(hop, rows, rows.size() < limit, now, settings().schedule()));
    }
  }

  /** What follows from an offer; returns how many rows were not in hand already. */
  private int carryOut(OfferedRows offered) {
    steps.move(offered.moves());
    offered.held().forEach(steps::hold);
    for (Map.Entry<DueBatch, Admission.Paused> late : offered.late().entrySet()) {
      Set<QueueId> message = Set.of(late.getKey().key().message());
      marks.beginStep(message);
      hopPaused(late.getKey().key(), late.getValue());
      marks.endStep(message);
    }
    return offered.found();
  }

  /** A late batch whose next hop is paused: its sender may need a notification. */
  private void hopPaused(BatchKey key, Admission.Paused pause) {
    try {
      LoadedBatch loaded = LoadedBatch.load(spool, key);
      if (loaded == null) {
        state.letGo(key);
        return;
      }
      steps.apply(
          loaded, new QueueStep.Event.HopPaused(pause.cause(), pause.due(random.fraction())));
    } catch (IOException e) {
      log.bug("queue " + key.message(), e);
      steps.storeFailed(key);
    } catch (RuntimeException e) {
      log.bug("queue " + key.message(), e);
      steps.fault(key);
    }
  }

  /** A batch that waits for its time; null when it is gone, held, or cannot be read. */
  private @Nullable RecipientBatch waiting(BatchKey key) throws SpoolException {
    try {
      return spool.batch(key).filter(s -> s.due() != null).orElse(null);
    } catch (SpoolException e) {
      if (e.kind() != SpoolException.Kind.DAMAGED) {
        throw e;
      }
      // Its own turn sets it aside.
      return null;
    }
  }

  /** Sends the postmaster a message; nothing when no postmaster is configured. */
  void notifyPostmaster(String subject, List<String> lines) throws IOException {
    QueueSettings in = state.settings();
    if (in.postmaster().isPresent()) {
      PreparedNotification letter =
          notifications.postmasterMessage(in.postmaster().get(), subject, lines, in, clock.now());
      steps.announce(letter.message().id(), List.of(letter));
    }
  }

  /** Hands the replies about recipients of aliases to {@code listener} from now on. */
  public void reportReplies(TargetReplies listener) {
    replies = listener;
  }

  /** What the queue has done, and what it holds in memory. */
  public QueueFigures figures() {
    return state.figures();
  }

  /**
   * Stops: takes no more mail, begins no more rounds, waits for those that run, at most {@code
   * atMost}, then interrupts them. What is in line stays in the store. The store is not closed.
   *
   * @return whether all rounds ended by themselves
   */
  public boolean drain(Duration atMost) throws InterruptedException {
    return state.drain(atMost);
  }

  /** Stops at once. */
  @Override
  public void close() {
    try {
      drain(Duration.ZERO);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
