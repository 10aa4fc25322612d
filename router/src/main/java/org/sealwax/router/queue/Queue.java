package org.sealwax.router.queue;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Threads;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchMove;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CommitListener;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;

/**
 * The queue of a running router: takes mail in, gives rounds of delivery their turn, and writes
 * down what follows.
 *
 * <p><b>Memory.</b> Only shares <i>in hand</i> have any state in memory: those in line, in a round,
 * or whose change is not yet committed; at most {@link #WINDOW}. All others are rows of the store,
 * found by their due time. Contents are read when a round asks for them, except of mail that has
 * just come in, whose recipients and small content may wait in memory for its first round within
 * {@link QueueSettings#hotBytes}.
 *
 * <p><b>Never twice at once.</b> A share stays in hand until the store has told that the change
 * after its round is committed; only then a look at the store may find it again. A crash between a
 * remote {@code 250} and that commit delivers it a second time: the price of never losing it.
 *
 * <p><b>Back-pressure.</b> When more comes in than goes out, lines fill to their bounds and the
 * rest is stored as waiting: nothing grows but the store.
 */
public final class Queue implements Intake, Closeable {
  /** Shares in hand at most. */
  public static final int WINDOW = 4000;

  /**
   * Looks at the store stop here, so that mail that comes in finds a place while shares that found
   * none are on their way back.
   */
  private static final int READ_UP_TO = WINDOW / 8 * 7;

  /** Rows fetched in one look at the store. */
  private static final int FETCH = 1000;

  /** Next hops refilled in one look. */
  private static final int REFILLS = 50;

  /** Looks per tick, so that a tick ends. */
  private static final int READS_PER_TICK = 8;

  /** The longest time without a look at the store. */
  static final Duration LONGEST_SLEEP = Duration.ofSeconds(30);

  private static final Duration MARK_EVERY = Duration.ofSeconds(10);
  private static final Duration FAILURE_WAIT = Duration.ofSeconds(5);
  private static final Duration SUSPECT_RETRY = Duration.ofSeconds(1);

  /** What a share just accepted takes in memory besides its recipients and content. */
  private static final long HOT_RECORD = 1024;

  private static final Duration STORE_RETRY = Duration.ofMinutes(1);

  /** Shares whose faults are remembered. */
  private static final int MOST_FAULTS = 10_000;

  /** How the queue starts what runs beside it. */
  @FunctionalInterface
  public interface Runner {
    /** Starts {@code task}. */
    void start(String name, Runnable task);
  }

  final Spool spool;
  final Routing routing;
  private final DeliveryAgent delivery;
  final Clock clock;
  private final RandomSource random;
  final MailLog log;
  private final Runner runner;
  final CrashMarks marks;
  private final NotificationWriter notices;
  final StepApplier consequences;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition wake = lock.newCondition();
  private final Condition idle = lock.newCondition();
  private final Scheduler scheduler;
  private final Map<BatchKey, InMemoryBatch> inMemory = new HashMap<>();
  private final Set<Thread> deliveringThreads = new HashSet<>();
  private int running;
  private int fresh;
  private long hotBytes;
  private boolean signalled;
  private boolean refillNeeded;

  /** Written under the lock. */
  private volatile boolean stopping;

  private boolean started;
  private boolean ticking;
  private @Nullable Instant nextRead;
  private @Nullable Instant comingDue;
  private @Nullable Instant lastMark;
  private boolean freshSinceMark = true;
  private volatile QueueSettings settings;

  private final LongAdder accepted = new LongAdder();
  private final LongAdder rounds = new LongAdder();

  /** Faults of ours while a share was worked on. */
  private final Map<BatchKey, Integer> faults =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<BatchKey, Integer> eldest) {
          return size() > MOST_FAULTS;
        }
      };

  /** A share in memory. */
  private static final class InMemoryBatch {
    final boolean isFresh;
    long hotBytes;
    boolean inLine;

    /** Marked until what followed from its round is stored. */
    boolean marked;

    /** Not touched, because that ended the process: only by a person's order. */
    boolean leftAlone;

    List<Runnable> afterwards = List.of();

    InMemoryBatch(boolean isFresh) {
      this.isFresh = isFresh;
    }
  }

  /**
   * A queue; {@link #start} sets it going.
   *
   * @param spool the store
   * @param routing where to, by the configuration in force
   * @param delivery how mail leaves
   */
  public Queue(
      Spool spool,
      Routing routing,
      DeliveryAgent delivery,
      Clock clock,
      RandomSource random,
      MailLog log,
      QueueSettings settings) {
    this(spool, routing, delivery, clock, random, log, settings, CrashMarks.none());
  }

  /**
   * A queue that marks the messages of its rounds; {@link #start} sets it going.
   *
   * @param spool the store
   * @param routing where to, by the configuration in force
   * @param delivery how mail leaves
   */
  public Queue(
      Spool spool,
      Routing routing,
      DeliveryAgent delivery,
      Clock clock,
      RandomSource random,
      MailLog log,
      QueueSettings settings,
      CrashMarks marks) {
    this(spool, routing, delivery, clock, random, log, settings, marks, Threads::start);
  }

  /**
   * With a runner of its own, for simulations.
   *
   * @param spool the store
   * @param routing where to, by the configuration in force
   * @param delivery how mail leaves
   */
  public Queue(
      Spool spool,
      Routing routing,
      DeliveryAgent delivery,
      Clock clock,
      RandomSource random,
      MailLog log,
      QueueSettings settings,
      Runner runner) {
    this(spool, routing, delivery, clock, random, log, settings, CrashMarks.none(), runner);
  }

  private Queue(
      Spool spool,
      Routing routing,
      DeliveryAgent delivery,
      Clock clock,
      RandomSource random,
      MailLog log,
      QueueSettings settings,
      CrashMarks marks,
      Runner runner) {
    this.marks = marks;
    this.spool = spool;
    this.routing = routing;
    this.delivery = delivery;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.runner = runner;
    this.settings = settings;
    this.scheduler = new Scheduler(Scheduler.Limits.of(settings));
    this.notices = new NotificationWriter(spool, routing, clock, log);
    this.consequences =
        new StepApplier(
            spool,
            clock,
            random,
            log,
            notices,
            this::settings,
            new StepApplier.AfterCommit() {
              @Override
              public void released(BatchKey key) {
                Queue.this.letGo(key);
              }

              @Override
              public void signal() {
                Queue.this.signal();
              }
            });
  }

  /** Starts giving turns. Mail may be taken in before. */
  public void start() {
    lock.lock();
    try {
      if (started) {
        return;
      }
      started = true;
    } finally {
      lock.unlock();
    }
    runner.start("queue", Supervisor.supervised("queue", this::isStopping, this::turns));
  }

  /** The settings in force. */
  public QueueSettings settings() {
    return settings;
  }

  /** Puts other settings in force: for the rounds that begin and the decisions made from now on. */
  public void settings(QueueSettings other) {
    settings = other;
    lock.lock();
    try {
      scheduler.use(Scheduler.Limits.of(other));
      pump();
    } finally {
      lock.unlock();
    }
    signal();
  }

  // Mail comes in.

  @Override
  public IncomingMessage open(ByteBudget memory) throws IntakeException {
    if (isStopping()) {
      throw new IntakeException(IntakeException.Kind.BROKEN, "the router is shutting down");
    }
    try {
      Draft draft = spool.draft();
      draft.within(memory);
      return new SpoolingMessage(draft, this::take);
    } catch (SpoolException e) {
      throw SpoolingMessage.failure(e);
    }
  }

  private boolean isStopping() {
    return stopping;
  }

  /** One share of a message on its way in. */
  private record IncomingBatch(RecipientBatch batch, RecipientGroup group, boolean isFresh) {}

  private void take(Draft draft, IncomingEnvelope submission) throws IntakeException {
    Instant now = clock.now();
    QueueSettings in = settings;
    List<NewRecipient> recipients = RecipientGrouping.withoutDuplicates(submission.recipients());
    List<NotificationWriter.PreparedNotification> told = new ArrayList<>();
    Envelope envelope =
        new Envelope(
            submission.sender(),
            submission.options(),
            submission.origin(),
            submission.session(),
            submission.tls(),
            recipients.size());
    byte[] content = draft.small();
    if (recipients.size() > 1
        && submission.sender() instanceof ReversePath.SenderMailbox(Mailbox sender)) {
      RecipientGrouping.ExpandedRecipients expansion = RecipientGrouping.expand(recipients);
      recipients = expansion.recipients();
      if (!expansion.expanded().isEmpty() && content != null) {
        try {
          told.add(
              notices.expanded(
                  new NotificationWriter.NotifiedMessage(
                      draft.id(), envelope, now, draft.size(), content),
                  sender,
                  expansion.expanded(),
                  in,
                  now));
        } catch (IOException e) {
          throw new IntakeException(IntakeException.Kind.BROKEN, String.valueOf(e.getMessage()), e);
        }
      }
    }
    List<IncomingBatch> coming = place(draft, recipients, envelope.options().tls(), now, in);
    List<RecipientBatch> shares = new ArrayList<>(coming.size());
    for (IncomingBatch c : coming) {
      shares.add(c.batch());
    }
    boolean stored = false;
    try {
      spool.accept(new NewMessage(draft, now, QueueRecordCodec.envelope(envelope), shares));
      stored = true;
    } catch (SpoolException e) {
      throw SpoolingMessage.failure(e);
    } finally {
      if (!stored) {
        forget(coming);
      }
    }
    accepted.increment();
    if (!told.isEmpty()) {
      // Apart from the message: the sender is told a little too late rather than never taken in.
      spool.change(
          new SpoolChange(List.of(), List.of(), List.of(), StepApplier.messages(told), List.of()),
          gone -> consequences.announced(draft.id(), told));
    }
    begin(coming, envelope, now, draft.size(), content, in);
  }

  /** Decides for each share whether it goes into the line at once or waits in the store. */
  private List<IncomingBatch> place(
      Draft draft,
      List<NewRecipient> recipients,
      MailOptions.TlsOption tls,
      Instant now,
      QueueSettings in) {
    List<RecipientGrouping.KeyedGroup> groups =
        RecipientGrouping.of(recipients, tls, routing, in.recipientsPerRound());
    List<IncomingBatch> coming = new ArrayList<>(groups.size());
    lock.lock();
    try {
      for (RecipientGrouping.KeyedGroup placed : groups) {
        String hop = placed.hop();
        RecipientGroup group = placed.group();
        String sender = group.sender().toString();
        BatchKey key = new BatchKey(draft.id(), group.number());
        boolean room = inMemory.size() < WINDOW && !stopping;
        Scheduler.Admission offer =
            room ? scheduler.reserve(hop, sender, now) : new Scheduler.Admission.NoPlace();
        BatchState state = BatchState.QUEUED;
        Instant due = now;
        String reason = "";
        switch (offer) {
          case Scheduler.Admission.Admitted t -> {
            state = BatchState.FRESH;
            due = null;
            fresh++;
            freshSinceMark = true;
            inMemory.put(key, new InMemoryBatch(true));
          }
          case Scheduler.Admission.NoPlace c -> scheduler.moreInStore(hop);
          case Scheduler.Admission.Paused s -> {
            due = spread(s);
            reason = s.cause().reason();
          }
        }
        RecipientBatch share =
            new RecipientBatch(key, state, due, hop, sender, reason, QueueRecordCodec.group(group));
        coming.add(new IncomingBatch(share, group, state == BatchState.FRESH));
      }
    } finally {
      lock.unlock();
    }
    return coming;
  }

  private Instant spread(Scheduler.Admission.Paused pause) {
    return pause.until().plusMillis((long) (pause.spread().toMillis() * random.fraction()));
  }

  private void forget(List<IncomingBatch> coming) {
    lock.lock();
    try {
      for (IncomingBatch c : coming) {
        if (c.isFresh()) {
          inMemory.remove(c.batch().key());
          scheduler.release();
          fresh--;
        }
      }
      signalIfIdle();
    } finally {
      lock.unlock();
    }
  }

  private void begin(
      List<IncomingBatch> coming,
      Envelope envelope,
      Instant now,
      long size,
      byte @Nullable [] content,
      QueueSettings in) {
    List<BatchMove> back = new ArrayList<>(0);
    Set<String> crowded = new HashSet<>(0);
    lock.lock();
    try {
      for (IncomingBatch c : coming) {
        if (!c.isFresh()) {
          readBy(c.batch().due());
          continue;
        }
        RecipientBatch share = c.batch();
        InMemoryBatch hand = inMemory.get(share.key());
        if (hand == null) {
          scheduler.release();
          continue;
        }
        Scheduler.ReadyBatch ready =
            new Scheduler.ReadyBatch(share.key(), share.hop(), share.sender(), BatchState.FRESH);
        // Recipients in memory are several times as large as their record.
        long record = HOT_RECORD + 4L * share.recipients().length;
        if (hotBytes + record <= in.hotBytes()) {
          boolean whole = content != null && hotBytes + record + size <= in.hotBytes();
          ready.hot = new LoadedBatch(envelope, c.group(), now, size, whole ? content : null);
          hand.hotBytes = record + (whole ? size : 0);
          hotBytes += hand.hotBytes;
        }
        switch (scheduler.offer(ready, now)) {
          case Scheduler.Admission.Admitted t -> {
            hand.inLine = true;
            evict(t, now, back, crowded);
          }
          case Scheduler.Admission.NoPlace x ->
              back.add(new BatchMove(share.key(), BatchState.QUEUED, now, null));
          case Scheduler.Admission.Paused s ->
              back.add(
                  new BatchMove(share.key(), BatchState.QUEUED, spread(s), s.cause().reason()));
        }
      }
      pump();
    } finally {
      lock.unlock();
    }
    move(back, crowded);
  }

  private void evict(
      Scheduler.Admission.Admitted taken, Instant now, List<BatchMove> back, Set<String> crowded) {
    Scheduler.ReadyBatch evicted = taken.evicted();
    if (evicted != null) {
      InMemoryBatch hand = inMemory.get(evicted.key);
      if (hand != null) {
        hand.inLine = false;
      }
      back.add(crowded(evicted.key, now));
      crowded.add(evicted.hop);
    }
  }

  private BatchMove crowded(BatchKey key, Instant now) {
    Instant due = now.plus(Scheduler.RETRY_WHEN_FULL).plusMillis(random.below(60_000));
    return new BatchMove(key, BatchState.QUEUED, due, null);
  }

  /** A look that is due by then anyway is enough: a flood for a dead next hop costs no looks. */
  private void readBy(@Nullable Instant due) {
    if (due == null) {
      return;
    }
    if (comingDue == null || due.isBefore(comingDue)) {
      comingDue = due;
    }
    if (!ticking && (nextRead == null || due.isBefore(nextRead))) {
      signalLocked();
    }
  }

  // Turns.

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

  private void turns() {
    try {
      forgetSuspects();
      while (true) {
        Instant until;
        boolean refillOnly;
        lock.lock();
        try {
          if (stopping) {
            return;
          }
          ticking = true;
          refillOnly = refillNeeded && !signalled;
          refillNeeded = false;
          signalled = false;
        } finally {
          lock.unlock();
        }
        try {
          until = refillOnly ? refillAt(clock.now()) : tick();
        } catch (RuntimeException e) {
          log.bug("queue", e);
          until = clock.now().plus(FAILURE_WAIT);
        }
        lock.lock();
        try {
          ticking = false;
          signalIfIdle();
          if (stopping) {
            return;
          }
          // What came in during the look, and may have been missed by it.
          until = comingDue != null && comingDue.isBefore(until) ? comingDue : until;
          nextRead = until;
          comingDue = null;
          long left = Duration.between(clock.now(), until).toNanos();
          while (!signalled && !refillNeeded && !stopping && left > 0) {
            left = wake.awaitNanos(Math.min(left, LONGEST_SLEEP.toNanos()));
            if (left <= 0) {
              break;
            }
          }
        } finally {
          lock.unlock();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Fetches mail for next hops whose lines are short, between two looks. */
  private Instant refillAt(Instant now) {
    try {
      refill(now);
    } catch (SpoolException e) {
      log.storeTrouble("the queue cannot look at the store", e);
    }
    lock.lock();
    try {
      return nextRead == null ? now : nextRead;
    } finally {
      lock.unlock();
    }
  }

  void signal() {
    lock.lock();
    try {
      signalLocked();
    } finally {
      lock.unlock();
    }
  }

  /** Whether a next hop could not be reached, and is still left alone then. */
  public boolean isPaused(String hop, Instant then) {
    lock.lock();
    try {
      return scheduler.isPaused(hop, then);
    } finally {
      lock.unlock();
    }
  }

  private void signalLocked() {
    signalled = true;
    wake.signal();
  }

  /**
   * Looks at the store and fills the lines; returns when to look again unless signalled. Called by
   * the thread of {@link #start}, or by a simulation instead of it.
   */
  public Instant tick() {
    Instant now = clock.now();
    mark(now);
    try {
      refill(now);
      boolean exhausted = false;
      for (int i = 0; i < READS_PER_TICK && !exhausted; i++) {
        int hand = inMemoryNow();
        if (hand >= READ_UP_TO) {
          break;
        }
        int limit = hand + Math.min(FETCH, READ_UP_TO - hand);
        List<DueBatch> rows = spool.due(now, limit);
        int found = offer(rows, now, false);
        exhausted = rows.size() < limit;
        if (found == 0) {
          break;
        }
      }
      probe(now);
      Instant next = exhausted ? spool.nextDue(now) : now.plusMillis(200);
      Instant latest = now.plus(LONGEST_SLEEP);
      return next == null || next.isAfter(latest) ? latest : next;
    } catch (SpoolException e) {
      log.storeTrouble("the queue cannot look at the store", e);
      return now.plus(FAILURE_WAIT);
    }
  }

  private int inMemoryNow() {
    lock.lock();
    try {
      return stopping || scheduler.isFull() ? WINDOW : inMemory.size();
    } finally {
      lock.unlock();
    }
  }

  private void refill(Instant now) throws SpoolException {
    List<String> hungry;
    lock.lock();
    try {
      scheduler.sweep(now);
      pump();
      hungry = stopping ? List.of() : scheduler.hopsToRefill(REFILLS);
    } finally {
      lock.unlock();
    }
    for (String hop : hungry) {
      int limit;
      lock.lock();
      try {
        if (inMemory.size() >= READ_UP_TO || stopping) {
          return;
        }
        limit = scheduler.rowsToRead(hop);
      } finally {
        lock.unlock();
      }
      List<DueBatch> rows = spool.queuedFor(hop, limit);
      int found = offer(rows, now, true);
      if (found == 0 && rows.size() < limit) {
        lock.lock();
        try {
          scheduler.storeIsEmpty(hop);
        } finally {
          lock.unlock();
        }
      }
    }
  }

  /** Offers rows to the lines; returns how many were not in hand already. */
  private int offer(List<DueBatch> rows, Instant now, boolean leaveWhenCrowded) {
    List<BatchMove> moves = new ArrayList<>();
    List<DueBatch> shut = new ArrayList<>();
    Map<BatchKey, String> aside = new LinkedHashMap<>(0);
    Set<String> crowded = new HashSet<>();
    Map<BatchKey, Scheduler.Admission.Paused> causes = new HashMap<>();
    RetrySchedule schedule = settings.schedule();
    int found = 0;
    lock.lock();
    try {
      for (DueBatch row : rows) {
        if (inMemory.size() >= WINDOW || stopping) {
          break;
        }
        if (inMemory.containsKey(row.key())) {
          continue;
        }
        if (isSetAside(row.key(), aside)) {
          continue;
        }
        Scheduler.Admission offer = offered(row, now, aside);
        if (offer == null) {
          continue;
        }
        switch (offer) {
          case Scheduler.Admission.Admitted t -> {
            InMemoryBatch hand = new InMemoryBatch(false);
            hand.inLine = true;
            inMemory.put(row.key(), hand);
            found++;
            evict(t, now, moves, crowded);
          }
          case Scheduler.Admission.NoPlace c -> {
            if (!leaveWhenCrowded) {
              found++;
              crowded.add(row.hop());
              inMemory.put(row.key(), new InMemoryBatch(false));
              moves.add(crowded(row.key(), now));
            }
          }
          case Scheduler.Admission.Paused s -> {
            found++;
            inMemory.put(row.key(), new InMemoryBatch(false));
            Instant arrived = row.key().message().time();
            if (schedule.isDelayNoticeDue(arrived, now) || schedule.isOver(arrived, now)) {
              shut.add(row);
              causes.put(row.key(), s);
            } else {
              moves.add(new BatchMove(row.key(), BatchState.QUEUED, spread(s), s.cause().reason()));
            }
          }
        }
      }
      pump();
    } finally {
      lock.unlock();
    }
    move(moves, crowded);
    aside.forEach(this::hold);
    for (DueBatch row : shut) {
      Set<QueueId> message = Set.of(row.key().message());
      marks.beginStep(message);
      hopPaused(row, java.util.Objects.requireNonNull(causes.get(row.key())));
      marks.endStep(message);
    }
    return found;
  }

  /** Null when the offer met a fault of ours, and the row is to be held. */
  private Scheduler.@Nullable Admission offered(
      DueBatch row, Instant now, Map<BatchKey, String> aside) {
    Set<QueueId> message = Set.of(row.key().message());
    marks.beginStep(message);
    Scheduler.Admission offer = null;
    try {
      offer =
          scheduler.offer(
              new Scheduler.ReadyBatch(row.key(), row.hop(), row.sender(), row.state()), now);
    } catch (RuntimeException e) {
      // One row must not keep this look from all rows behind it.
      log.bug("queue " + row.key().message(), e);
      inMemory.put(row.key(), new InMemoryBatch(false));
      aside.put(row.key(), QueueStep.OUR_FAULT);
    }
    marks.endStep(message);
    return offer;
  }

  /** Whether a share ended the process before, and is held or left alone instead of offered. */
  private boolean isSetAside(BatchKey key, Map<BatchKey, String> aside) {
    return switch (marks.verdict(key.message())) {
      case HOLD -> {
        inMemory.put(key, new InMemoryBatch(false));
        aside.put(key, QueueStep.ENDED_PROCESS);
        yield true;
      }
      case LEAVE -> {
        InMemoryBatch hand = new InMemoryBatch(false);
        hand.leftAlone = true;
        inMemory.put(key, hand);
        sayLeft(key);
        yield true;
      }
      case GO, LATER -> false;
    };
  }

  private void sayLeft(BatchKey key) {
    log.storeTrouble(
        key.message()
            + " ended the process also when it was to be held, and is left as it is; sealwax queue"
            + " release or delete carries out your order on it",
        null);
  }

  /** Begins the probes of next hops whose pause is over with the oldest mail for them. */
  private void probe(Instant now) throws SpoolException {
    List<Scheduler.HopProbe> wanted;
    lock.lock();
    try {
      wanted = stopping ? List.of() : scheduler.probes();
    } finally {
      lock.unlock();
    }
    for (Scheduler.HopProbe probe : wanted) {
      RecipientBatch share = waiting(probe.key());
      lock.lock();
      try {
        if (share == null || !share.hop().equals(probe.hop())) {
          scheduler.noProbe(probe);
        } else if (!inMemory.containsKey(share.key()) && !stopping) {
          Scheduler.ReadyBatch ready =
              new Scheduler.ReadyBatch(share.key(), share.hop(), share.sender(), share.state());
          if (scheduler.offerProbe(ready, now)) {
            InMemoryBatch hand = new InMemoryBatch(false);
            hand.inLine = true;
            inMemory.put(share.key(), hand);
            pump();
          }
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** A share that waits for its time; null when it is gone, held, or cannot be read. */
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

  private void move(List<BatchMove> moves) {
    move(moves, Set.of());
  }

  /**
   * Moves shares, and lets them go once that is committed.
   *
   * @param crowded next hops that had no place for some of them: while the move is under way these
   *     shares are in hand, a look by next hop finds nothing new, and concludes that the store has
   *     no more. So it is said again afterwards, or they would wait {@link
   *     Scheduler#RETRY_WHEN_FULL} beside an idle next hop.
   */
  private void move(List<BatchMove> moves, Set<String> crowded) {
    if (moves.isEmpty()) {
      return;
    }
    CommitListener letGo =
        gone -> {
          for (BatchMove m : moves) {
            letGo(m.key());
          }
          lock.lock();
          try {
            crowded.forEach(scheduler::moreInStore);
            signalLocked();
          } finally {
            lock.unlock();
          }
        };
    spool.change(SpoolChange.moves(moves), letGo.orHeld(() -> letGo.settled(Set.of())));
  }

  /** A late share whose next hop is left alone: its sender may have to be told. */
  private void hopPaused(DueBatch row, Scheduler.Admission.Paused offer) {
    try {
      LoadedBatch hot = LoadedBatch.load(spool, row.key());
      if (hot == null) {
        letGo(row.key());
        return;
      }
      QueueStep.Event event = new QueueStep.Event.HopPaused(offer.cause(), spread(offer));
      consequences.apply(row.key(), row.hop(), hot, event, 0);
    } catch (IOException e) {
      log.bug("queue " + row.key().message(), e);
      nothingLearned(row.key(), STORE_RETRY);
    } catch (RuntimeException e) {
      log.bug("queue " + row.key().message(), e);
      fault(row.key());
    }
  }

  private void pump() {
    Instant now = clock.now();
    while (!stopping) {
      Scheduler.RunningRound next = scheduler.next(now);
      if (next == null) {
        return;
      }
      InMemoryBatch hand = inMemory.get(next.slotClass.key);
      if (hand != null) {
        hand.inLine = false;
      }
      running++;
      rounds.increment();
      runner.start("delivery", () -> round(next));
    }
  }

  // One round.

  private void round(Scheduler.RunningRound round) {
    Scheduler.ReadyBatch share = round.slotClass;
    RoundResult result = null;
    lock.lock();
    try {
      deliveringThreads.add(Thread.currentThread());
    } finally {
      lock.unlock();
    }
    CrashMarks.StartPermission turn = marks.begin(share.key.message());
    if (turn == CrashMarks.StartPermission.GO) {
      marked(share.key);
    }
    boolean ourFault = false;
    try {
      result = turn == CrashMarks.StartPermission.GO ? deliver(round) : null;
    } catch (InterruptedException e) {
      // Shutting down: the store still has the share as it was, and the next start tries again.
      Thread.currentThread().interrupt();
      lock.lock();
      try {
        InMemoryBatch hand = inMemory.remove(share.key);
        unmark(share.key, hand);
      } finally {
        lock.unlock();
      }
      return;
    } catch (SpoolException e) {
      log.storeTrouble("deliveries wait for the store", e);
    } catch (IOException e) {
      log.bug("round of " + share.key.message(), e);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      // Of one message: this thread is not supervised, and its end would leave the share in hand.
      log.bug("round of " + share.key.message(), e);
      ourFault = true;
    } finally {
      goBack(ended(round, result == null ? new RoundResult.NothingLearned() : result));
    }
    if (result != null) {
      return;
    }
    switch (turn) {
      case GO -> {
        if (ourFault) {
          fault(share.key);
        } else {
          nothingLearned(share.key, STORE_RETRY);
        }
      }
      case LATER -> nothingLearned(share.key, SUSPECT_RETRY);
      case HOLD -> hold(share.key, QueueStep.ENDED_PROCESS);
      case LEAVE -> leave(share.key);
    }
  }

  private void marked(BatchKey key) {
    lock.lock();
    try {
      InMemoryBatch hand = inMemory.get(key);
      if (hand == null) {
        marks.end(key.message());
      } else {
        hand.marked = true;
      }
    } finally {
      lock.unlock();
    }
  }

  private void unmark(BatchKey key, @Nullable InMemoryBatch hand) {
    if (hand != null && hand.marked) {
      hand.marked = false;
      marks.end(key.message());
    }
  }

  private void leave(BatchKey key) {
    lock.lock();
    try {
      InMemoryBatch hand = inMemory.get(key);
      if (hand != null) {
        hand.leftAlone = true;
      }
    } finally {
      lock.unlock();
    }
    sayLeft(key);
  }

  /** A fault of ours while a share was worked on: with the second it is held. */
  private void fault(BatchKey key) {
    int count;
    lock.lock();
    try {
      count = faults.merge(key, 1, Integer::sum);
      if (count >= CrashMarks.ENDS) {
        faults.remove(key);
      }
    } finally {
      lock.unlock();
    }
    if (count >= CrashMarks.ENDS) {
      hold(key, QueueStep.OUR_FAULT);
    } else {
      nothingLearned(key, STORE_RETRY);
    }
  }

  /**
   * Holds a share without looking into its message.
   *
   * @param reason {@link QueueStep#ENDED_PROCESS} or {@link QueueStep#OUR_FAULT}
   */
  private void hold(BatchKey key, String reason) {
    log.warning(
        "queue",
        key.message()
            + (reason.equals(QueueStep.ENDED_PROCESS)
                ? " was under way at two unexpected ends of the process and is held"
                : " met a fault of this program and is held")
            + "; sealwax queue release tries it once more");
    CommitListener held =
        gone -> {
          marks.end(key.message());
          letGo(key);
        };
    try {
      spool.change(
          SpoolChange.moves(List.of(new BatchMove(key, BatchState.HELD, null, reason))),
          held.orHeld(() -> held.settled(Set.of())));
    } catch (IllegalStateException e) {
      log.note("queue", key.message() + " is held after the next start");
    }
  }

  private Scheduler.ReturnedBatches ended(Scheduler.RunningRound round, RoundResult result) {
    lock.lock();
    try {
      deliveringThreads.remove(Thread.currentThread());
      running--;
      if (result instanceof RoundResult.Busy) {
        InMemoryBatch hand = inMemory.get(round.slotClass.key);
        if (hand != null) {
          hand.inLine = true;
        }
        unmark(round.slotClass.key, hand);
      }
      Scheduler.ReturnedBatches back =
          scheduler.ended(round, result, clock.now(), random.fraction());
      back.batches()
          .forEach(
              r -> {
                InMemoryBatch hand = inMemory.get(r.key);
                if (hand != null) {
                  hand.inLine = false;
                }
              });
      pump();
      signalIfMore();
      signalIfIdle();
      return back;
    } finally {
      lock.unlock();
    }
  }

  private void signalIfMore() {
    if (!scheduler.hopsToRefill(1).isEmpty()) {
      refillNeeded = true;
      wake.signal();
    }
  }

  /**
   * What the round showed, once its change is handed in.
   *
   * @throws IOException when the store cannot be read, and nothing was learned
   */
  private RoundResult deliver(Scheduler.RunningRound round)
      throws InterruptedException, IOException {
    Scheduler.ReadyBatch share = round.slotClass;
    LoadedBatch hot = share.hot == null ? LoadedBatch.load(spool, share.key) : share.hot;
    if (hot == null) {
      letGo(share.key);
      return new RoundResult.NothingLearned();
    }
    NextHop nextHop = routing.nextHopFor(hot.group().recipients().getFirst().target());
    if (!goesTo(hot, share.hop)) {
      reroute(share, hot, clock.now());
      return new RoundResult.NothingLearned();
    }
    ContentCheck damage = new ContentCheck();
    RoundSlot slot = new RoundSlot(round);
    Consignment consignment = consignment(share, hot, nextHop, damage, slot);
    Map<Long, Outcome> outcomes;
    try {
      outcomes = delivery.deliver(consignment);
    } catch (RuntimeException e) {
      log.bug("delivery of " + share.key.message(), e);
      outcomes = Map.of();
    }
    IOException found = damage.found();
    if (found != null) {
      outcomes = damage.heldIfDamaged(hot.group(), outcomes);
      log.storeTrouble("the content of " + share.key.message() + " is damaged and held", found);
    }
    RoundResult result = RoundResult.of(hot.group().recipients(), outcomes, slot.greeted);
    if (result instanceof RoundResult.Busy) {
      // It was not tried: it stays in line, and no round is counted.
      return result;
    }
    try {
      consequences.apply(
          share.key,
          share.hop,
          hot,
          new QueueStep.Event.RoundEnded(outcomes),
          hot.group().rounds() + 1);
    } catch (IOException e) {
      log.bug("after the round of " + share.key.message(), e);
      nothingLearned(share.key, STORE_RETRY);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      log.bug("after the round of " + share.key.message(), e);
      fault(share.key);
    }
    return result;
  }

  /** The slot of one round, as the delivery sees it. */
  private final class RoundSlot implements DeliverySlot {
    private final Scheduler.RunningRound round;
    private volatile boolean greeted;

    RoundSlot(Scheduler.RunningRound round) {
      this.round = round;
    }

    @Override
    public List<InetAddress> free(List<InetAddress> addresses) {
      lock.lock();
      try {
        return scheduler.free(round, addresses);
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void connected(InetAddress address) {
      lock.lock();
      try {
        scheduler.connected(round, address);
        pump();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void greeted() {
      if (greeted) {
        return;
      }
      greeted = true;
      if (!round.knownBefore()) {
        lock.lock();
        try {
          scheduler.greeted(round, clock.now());
          pump();
        } finally {
          lock.unlock();
        }
      }
    }

    @Override
    public Duration patience(Duration usual) {
      Duration most = round.patience();
      return most == null || most.compareTo(usual) > 0 ? usual : most;
    }
  }

  private Consignment consignment(
      Scheduler.ReadyBatch share,
      LoadedBatch hot,
      NextHop nextHop,
      ContentCheck damage,
      DeliverySlot slot) {
    RecipientGroup group = hot.group();
    List<ConsignmentRecipient> addressees = new ArrayList<>(group.recipients().size());
    for (QueuedRecipient r : group.recipients()) {
      addressees.add(r.addressee());
    }
    byte[] inMemory = hot.content();
    QueueId id = share.key.message();
    // Its age by the clock of the courier.
    Instant arrived = hot.arrived().plus(Duration.between(clock.now(), clock.civilTime()));
    Consignment.MessageContent content =
        inMemory != null
            ? () -> new InMemory(inMemory)
            : () -> damage.open(() -> spool.content(id));
    return new Consignment(
        id,
        group.sender(),
        hot.envelope().options(),
        nextHop,
        addressees,
        group.deliveredTo(),
        arrived,
        group.rounds() + 1,
        hot.size(),
        content,
        slot);
  }

  /** A content in memory; what copies it needs no block of its own, as the sink is one of ours. */
  private static final class InMemory extends ByteArrayInputStream {
    InMemory(byte[] content) {
      super(content);
    }

    @Override
    public synchronized long transferTo(OutputStream out) throws IOException {
      int length = count - pos;
      out.write(buf, pos, length);
      pos = count;
      return length;
    }
  }

  private boolean goesTo(LoadedBatch hot, String hop) {
    for (QueuedRecipient r : hot.group().recipients()) {
      if (!lineOf(hot, r).equals(hop)) {
        return false;
      }
    }
    return true;
  }

  private String lineOf(LoadedBatch hot, QueuedRecipient r) {
    return SchedulingKey.of(routing.nextHopFor(r.target()), hot.envelope().options().tls());
  }

  /** The configuration says another next hop by now: the recipients are grouped anew. */
  private void reroute(Scheduler.ReadyBatch share, LoadedBatch hot, Instant now) {
    Map<String, List<QueuedRecipient>> byHop = new LinkedHashMap<>();
    for (QueuedRecipient r : hot.group().recipients()) {
      byHop.computeIfAbsent(lineOf(hot, r), k -> new ArrayList<>()).add(r);
    }
    List<RecipientBatch> put = new ArrayList<>();
    byHop.forEach(
        (hop, recipients) ->
            put.add(
                StepApplier.stored(
                    share.key.message(),
                    hot.group().with(recipients),
                    BatchState.QUEUED,
                    now,
                    hop,
                    "")));
    spool.change(
        new SpoolChange(List.of(share.key), put, List.of(), List.of(), List.of()),
        ((CommitListener)
                gone -> {
                  letGo(share.key);
                  signal();
                })
            .orHeld(() -> letGo(share.key)));
  }

  private void goBack(Scheduler.ReturnedBatches back) {
    Scheduler.Admission.Paused pause = back.pause();
    if (pause == null) {
      return;
    }
    List<BatchMove> moves = new ArrayList<>(back.batches().size());
    for (Scheduler.ReadyBatch r : back.batches()) {
      Instant due = r.key.equals(back.probe()) ? pause.until() : spread(pause);
      moves.add(new BatchMove(r.key, BatchState.QUEUED, due, pause.cause().reason()));
    }
    try {
      move(moves);
    } catch (IllegalStateException e) {
      // The spool is closed: the store has them as they were, for the next start.
    }
  }

  /** Nothing is known about a round that was begun or should have been: the share waits a while. */
  private void nothingLearned(BatchKey key, Duration wait) {
    try {
      move(List.of(new BatchMove(key, BatchState.QUEUED, clock.now().plus(wait), null)));
    } catch (IllegalStateException e) {
      log.note("queue", key.message() + " is tried again after the next start");
    }
  }

  private void letGo(BatchKey key) {
    List<Runnable> afterwards = List.of();
    lock.lock();
    try {
      InMemoryBatch hand = inMemory.remove(key);
      if (hand != null) {
        hotBytes -= hand.hotBytes;
        unmark(key, hand);
        if (hand.isFresh) {
          fresh--;
        }
        afterwards = hand.afterwards;
      }
      if (inMemory.size() == WINDOW / 2) {
        signalLocked();
      }
      signalIfIdle();
    } finally {
      lock.unlock();
    }
    if (!afterwards.isEmpty()) {
      List<Runnable> orders = afterwards;
      runner.start("queue-order", () -> orders.forEach(Runnable::run));
    }
  }

  /**
   * Takes a share out of the line, so that a person's order can be carried out on it.
   *
   * @return true when the caller has it now
   */
  boolean takeForOperation(RecipientBatch share) {
    return takeForOperation(share, null);
  }

  /**
   * Takes a share out of the line, so that a person's order can be carried out on it; when a round
   * is running, the order is kept for its end, after those that are kept already.
   *
   * @return true when the caller has it now
   */
  boolean takeForOperation(RecipientBatch share, @Nullable Runnable afterwards) {
    lock.lock();
    try {
      InMemoryBatch hand = inMemory.get(share.key());
      if (hand == null) {
        inMemory.put(share.key(), new InMemoryBatch(false));
        return true;
      }
      if (hand.leftAlone) {
        // By a person's order; its suspicion ends when that is stored.
        hand.leftAlone = false;
        hand.marked = true;
        return true;
      }
      if (hand.inLine && scheduler.withdraw(share.key(), share.hop(), share.sender())) {
        hand.inLine = false;
        return true;
      }
      if (afterwards != null) {
        List<Runnable> orders = new ArrayList<>(hand.afterwards);
        orders.add(afterwards);
        hand.afterwards = orders;
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the store has told about all changes that were handed to it before.
   *
   * @return false when that took longer than {@code atMost}
   */
  boolean settle(Duration atMost) throws IOException {
    CountDownLatch settled = new CountDownLatch(1);
    try {
      // Changes are committed and told in the order in which they came.
      spool.change(SpoolChange.moves(List.of()), gone -> settled.countDown());
      return settled.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (IllegalStateException e) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "the spool is closed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SpoolException(SpoolException.Kind.BROKEN, "interrupted", e);
    }
  }

  /** Carries out a change on seized shares. */
  void changeTaken(List<BatchKey> keys, SpoolChange change) {
    spool.change(
        change,
        ((CommitListener)
                gone -> {
                  keys.forEach(this::letGo);
                  gone.forEach(id -> log.removed(id.text()));
                  signal();
                })
            .orHeld(() -> keys.forEach(this::letGo)));
  }

  /** Gives a seized share back, to be found by its time. */
  void release(BatchKey key) {
    boolean lostItsPlace;
    lock.lock();
    try {
      InMemoryBatch hand = inMemory.get(key);
      lostItsPlace = hand != null && hand.isFresh;
    } finally {
      lock.unlock();
    }
    if (lostItsPlace) {
      nothingLearned(key, Duration.ZERO);
    } else {
      letGo(key);
    }
  }

  /** Lets a dead next hop be tried at once. */
  void wakeHop(String hop) {
    lock.lock();
    try {
      scheduler.wake(hop, clock.now());
    } finally {
      lock.unlock();
    }
  }

  // Housekeeping.

  /** Tells the store where FRESH shares begin, so that it need not search all after a crash. */
  private void mark(Instant now) {
    QueueId lowest = null;
    lock.lock();
    try {
      if (lastMark != null && now.isBefore(lastMark.plus(MARK_EVERY)) || !freshSinceMark) {
        return;
      }
      lastMark = now;
      freshSinceMark = fresh > 0;
      for (Map.Entry<BatchKey, InMemoryBatch> e : inMemory.entrySet()) {
        QueueId id = e.getKey().message();
        if (e.getValue().isFresh && (lowest == null || id.compareTo(lowest) < 0)) {
          lowest = id;
        }
      }
    } finally {
      lock.unlock();
    }
    QueueId opened = QueueId.earliestAt(now);
    spool.noFreshBefore(lowest == null || opened.compareTo(lowest) < 0 ? opened : lowest);
  }

  /** Sends the postmaster a letter; nothing when nobody is named. */
  void notifyPostmaster(String subject, List<String> lines) throws IOException {
    QueueSettings in = settings;
    if (in.postmaster().isEmpty()) {
      return;
    }
    NotificationWriter.PreparedNotification letter =
        notices.postmasterMessage(in.postmaster().get(), subject, lines, in, clock.now());
    spool.change(
        new SpoolChange(List.of(), List.of(), List.of(), List.of(letter.message()), List.of()),
        gone -> consequences.announced(letter.message().id(), List.of(letter)));
  }

  /** What the queue has done, and what it holds in memory. */
  public QueueFigures figures() {
    lock.lock();
    try {
      return new QueueFigures(
          accepted.sum(),
          consequences.delivered(),
          consequences.deferred(),
          consequences.bounced(),
          consequences.held(),
          consequences.notified(),
          rounds.sum(),
          running,
          scheduler.ready(),
          inMemory.size(),
          fresh,
          hotBytes,
          scheduler.hops(),
          scheduler.paused());
    } finally {
      lock.unlock();
    }
  }

  private boolean isIdle() {
    return running == 0 && !ticking;
  }

  private void signalIfIdle() {
    if (isIdle()) {
      idle.signalAll();
    }
  }

  /**
   * Stops: takes no more mail, begins no more rounds, waits for those that run, at most {@code
   * atMost}, then interrupts them. What is in line stays in the store. The store is not closed.
   *
   * @return whether all rounds ended by themselves
   */
  public boolean drain(Duration atMost) throws InterruptedException {
    lock.lock();
    try {
      stopping = true;
      wake.signalAll();
      long left = atMost.toNanos();
      while (!isIdle() && left > 0) {
        left = idle.awaitNanos(left);
      }
      boolean ended = isIdle();
      deliveringThreads.forEach(Thread::interrupt);
      long grace = Duration.ofSeconds(1).toNanos();
      while (!isIdle() && grace > 0) {
        grace = idle.awaitNanos(grace);
      }
      return ended;
    } finally {
      lock.unlock();
    }
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
