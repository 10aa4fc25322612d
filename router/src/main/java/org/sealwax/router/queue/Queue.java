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
public final class Queue implements Intake, Closeable {
  /** Batches in hand at most. */
  public static final int WINDOW = 4000;

  /**
   * Queries of the store stop here, so that mail that comes in finds a place while batches that
   * found none are on their way back.
   */
  private static final int READ_UP_TO = WINDOW / 8 * 7;

  /** Rows fetched in one query of the store. */
  private static final int FETCH = 1000;

  /** Next hops refilled in one pass. */
  private static final int REFILLS = 50;

  /** Queries per tick, so that a tick ends. */
  private static final int READS_PER_TICK = 8;

  /** The longest time without a query of the store. */
  static final Duration LONGEST_SLEEP = Duration.ofSeconds(30);

  private static final Duration MARK_EVERY = Duration.ofSeconds(10);
  private static final Duration FAILURE_WAIT = Duration.ofSeconds(5);
  private static final Duration SUSPECT_RETRY = Duration.ofSeconds(1);

  /** What a batch just accepted takes in memory besides its recipients and content. */
  private static final long LOADED_BATCH_BYTES = 1024;

  private static final Duration STORE_RETRY = Duration.ofMinutes(1);

  /** Batches whose faults are remembered. */
  private static final int MOST_FAULTS = 10_000;

  /** The starter of the threads that the queue needs. */
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
  private final NotificationWriter notifications;
  final StepApplier consequences;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition wake = lock.newCondition();
  private final Condition idle = lock.newCondition();
  private final Scheduler scheduler;
  private final Map<BatchKey, InMemoryBatch> inMemory = new HashMap<>();
  private final Set<Thread> deliveringThreads = new HashSet<>();
  private int running;
  private int fresh;
  private long loadedBytes;
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

  /** Faults of this program while a batch was worked on. */
  private final Map<BatchKey, Integer> faults =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<BatchKey, Integer> eldest) {
          return size() > MOST_FAULTS;
        }
      };

  /** A batch in memory. */
  private static final class InMemoryBatch {
    final boolean isFresh;
    long loadedBytes;
    boolean waiting;

    /** Marked until what followed from its round is stored. */
    boolean marked;

    /** Not touched, because that ended the process: only by an admin's order. */
    boolean paused;

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
    this.notifications = new NotificationWriter(spool, routing, clock, log);
    this.consequences =
        new StepApplier(
            spool,
            clock,
            random,
            log,
            notifications,
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

  /** One batch of a message that is being accepted. */
  private record IncomingBatch(RecipientBatch batch, RecipientGroup group, boolean isFresh) {}

  private void take(Draft draft, Envelope submitted, List<Recipient> submittedRecipients)
      throws IntakeException {
    if (submittedRecipients.isEmpty()) {
      throw new IllegalArgumentException("no recipients");
    }
    Instant now = clock.now();
    QueueSettings in = settings;
    List<Recipient> recipients = RecipientGrouping.withoutDuplicates(submittedRecipients);
    List<NotificationWriter.PreparedNotification> preparedNotifications = new ArrayList<>();
    Envelope envelope = submitted.withRecipients(recipients.size());
    byte[] content = draft.small();
    if (recipients.size() > 1
        && envelope.sender() instanceof ReversePath.SenderMailbox(Mailbox sender)) {
      RecipientGrouping.ExpandedRecipients expansion = RecipientGrouping.expand(recipients);
      recipients = expansion.recipients();
      if (!expansion.expanded().isEmpty() && content != null) {
        try {
          preparedNotifications.add(
              notifications.expanded(
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
    List<IncomingBatch> incoming = place(draft, recipients, envelope.options().tls(), now, in);
    List<RecipientBatch> batches = new ArrayList<>(incoming.size());
    for (IncomingBatch c : incoming) {
      batches.add(c.batch());
    }
    boolean stored = false;
    try {
      spool.accept(new NewMessage(draft, now, QueueRecordCodec.envelope(envelope), batches));
      stored = true;
    } catch (SpoolException e) {
      throw SpoolingMessage.failure(e);
    } finally {
      if (!stored) {
        forget(incoming);
      }
    }
    accepted.increment();
    if (!preparedNotifications.isEmpty()) {
      // Apart from the message: a late notification is better than a refused message.
      spool.change(
          new SpoolChange(
              List.of(),
              List.of(),
              List.of(),
              StepApplier.messages(preparedNotifications),
              List.of()),
          gone -> consequences.announced(draft.id(), preparedNotifications));
    }
    begin(incoming, envelope, now, draft.size(), content, in);
  }

  /** Decides for each batch whether it goes into the line at once or waits in the store. */
  private List<IncomingBatch> place(
      Draft draft,
      List<Recipient> recipients,
      MailOptions.TlsOption tls,
      Instant now,
      QueueSettings in) {
    List<RecipientGrouping.KeyedGroup> groups =
        RecipientGrouping.of(recipients, tls, routing, in.recipientsPerRound());
    List<IncomingBatch> incoming = new ArrayList<>(groups.size());
    lock.lock();
    try {
      for (RecipientGrouping.KeyedGroup placed : groups) {
        String hop = placed.hop();
        RecipientGroup group = placed.group();
        String sender = group.sender().toString();
        BatchKey key = new BatchKey(draft.id(), group.number());
        boolean hasSpace = inMemory.size() < WINDOW && !stopping;
        Admission admission =
            hasSpace ? scheduler.reserve(hop, sender, now) : new Admission.NoPlace();
        BatchState state = BatchState.QUEUED;
        Instant due = now;
        String reason = "";
        switch (admission) {
          case Admission.Admitted t -> {
            state = BatchState.FRESH;
            due = null;
            fresh++;
            freshSinceMark = true;
            inMemory.put(key, new InMemoryBatch(true));
          }
          case Admission.NoPlace c -> scheduler.moreInStore(hop);
          case Admission.Paused s -> {
            due = spread(s);
            reason = s.cause().reason();
          }
        }
        RecipientBatch batch =
            new RecipientBatch(key, state, due, hop, sender, reason, QueueRecordCodec.group(group));
        incoming.add(new IncomingBatch(batch, group, state == BatchState.FRESH));
      }
    } finally {
      lock.unlock();
    }
    return incoming;
  }

  private Instant spread(Admission.Paused pause) {
    return pause.until().plusMillis((long) (pause.spread().toMillis() * random.fraction()));
  }

  private void forget(List<IncomingBatch> incoming) {
    lock.lock();
    try {
      for (IncomingBatch c : incoming) {
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
      List<IncomingBatch> incoming,
      Envelope envelope,
      Instant now,
      long size,
      byte @Nullable [] content,
      QueueSettings in) {
    List<BatchMove> back = new ArrayList<>(0);
    Set<String> crowded = new HashSet<>(0);
    lock.lock();
    try {
      for (IncomingBatch c : incoming) {
        if (!c.isFresh()) {
          readBy(c.batch().due());
          continue;
        }
        RecipientBatch batch = c.batch();
        InMemoryBatch hand = inMemory.get(batch.key());
        if (hand == null) {
          scheduler.release();
          continue;
        }
        ReadyBatch ready =
            new ReadyBatch(batch.key(), batch.hop(), batch.sender(), BatchState.FRESH);
        // Recipients in memory are several times as large as their record.
        long record = LOADED_BATCH_BYTES + 4L * batch.recipients().length;
        if (loadedBytes + record <= in.loadedBytes()) {
          boolean whole = content != null && loadedBytes + record + size <= in.loadedBytes();
          ready.loaded = new LoadedBatch(envelope, c.group(), now, size, whole ? content : null);
          hand.loadedBytes = record + (whole ? size : 0);
          loadedBytes += hand.loadedBytes;
        }
        switch (scheduler.offer(ready, now)) {
          case Admission.Admitted t -> {
            hand.waiting = true;
            evict(t, now, back, crowded);
          }
          case Admission.NoPlace x ->
              back.add(new BatchMove(batch.key(), BatchState.QUEUED, now, null));
          case Admission.Paused s ->
              back.add(
                  new BatchMove(batch.key(), BatchState.QUEUED, spread(s), s.cause().reason()));
        }
      }
      pump();
    } finally {
      lock.unlock();
    }
    move(back, crowded);
  }

  private void evict(
      Admission.Admitted taken, Instant now, List<BatchMove> back, Set<String> crowded) {
    ReadyBatch evicted = taken.evicted();
    if (evicted != null) {
      InMemoryBatch hand = inMemory.get(evicted.key);
      if (hand != null) {
        hand.waiting = false;
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

  /** Fetches mail for next hops with few batches in memory, between two queries of the store. */
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
   * Queries the store and fills the lines; returns when to query again unless signalled. Called by
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
    List<DueBatch> paused = new ArrayList<>();
    Map<BatchKey, String> aside = new LinkedHashMap<>(0);
    Set<String> crowded = new HashSet<>();
    Map<BatchKey, Admission.Paused> causes = new HashMap<>();
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
        Admission admission = offered(row, now, aside);
        if (admission == null) {
          continue;
        }
        switch (admission) {
          case Admission.Admitted t -> {
            InMemoryBatch hand = new InMemoryBatch(false);
            hand.waiting = true;
            inMemory.put(row.key(), hand);
            found++;
            evict(t, now, moves, crowded);
          }
          case Admission.NoPlace c -> {
            if (!leaveWhenCrowded) {
              found++;
              crowded.add(row.hop());
              inMemory.put(row.key(), new InMemoryBatch(false));
              moves.add(crowded(row.key(), now));
            }
          }
          case Admission.Paused s -> {
            found++;
            inMemory.put(row.key(), new InMemoryBatch(false));
            Instant arrived = row.key().message().time();
            if (schedule.isDelayNoticeDue(arrived, now) || schedule.isOver(arrived, now)) {
              paused.add(row);
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
    for (DueBatch row : paused) {
      Set<QueueId> message = Set.of(row.key().message());
      marks.beginStep(message);
      hopPaused(row, java.util.Objects.requireNonNull(causes.get(row.key())));
      marks.endStep(message);
    }
    return found;
  }

  /** Null when the offer met a bug in our code, and the row is to be held. */
  private @Nullable Admission offered(DueBatch row, Instant now, Map<BatchKey, String> aside) {
    Set<QueueId> message = Set.of(row.key().message());
    marks.beginStep(message);
    Admission admission = null;
    try {
      admission =
          scheduler.offer(new ReadyBatch(row.key(), row.hop(), row.sender(), row.state()), now);
    } catch (RuntimeException e) {
      // One row must not keep this look from all rows behind it.
      log.bug("queue " + row.key().message(), e);
      inMemory.put(row.key(), new InMemoryBatch(false));
      aside.put(row.key(), QueueStep.OUR_FAULT);
    }
    marks.endStep(message);
    return admission;
  }

  /** Whether a batch ended the process before, and is held or left alone instead of offered. */
  private boolean isSetAside(BatchKey key, Map<BatchKey, String> aside) {
    return switch (marks.verdict(key.message())) {
      case HOLD -> {
        inMemory.put(key, new InMemoryBatch(false));
        aside.put(key, QueueStep.ENDED_PROCESS);
        yield true;
      }
      case LEAVE -> {
        InMemoryBatch hand = new InMemoryBatch(false);
        hand.paused = true;
        inMemory.put(key, hand);
        notifyLeft(key);
        yield true;
      }
      case GO, LATER -> false;
    };
  }

  private void notifyLeft(BatchKey key) {
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
      RecipientBatch batch = waiting(probe.key());
      lock.lock();
      try {
        if (batch == null || !batch.hop().equals(probe.hop())) {
          scheduler.noProbe(probe);
        } else if (!inMemory.containsKey(batch.key()) && !stopping) {
          ReadyBatch ready =
              new ReadyBatch(batch.key(), batch.hop(), batch.sender(), batch.state());
          if (scheduler.offerProbe(ready, now)) {
            InMemoryBatch hand = new InMemoryBatch(false);
            hand.waiting = true;
            inMemory.put(batch.key(), hand);
            pump();
          }
        }
      } finally {
        lock.unlock();
      }
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

  private void move(List<BatchMove> moves) {
    move(moves, Set.of());
  }

  /**
   * Moves batches, and lets them go once that is committed.
   *
   * @param crowded next hops that had no place for some of them: while the move is under way these
   *     batches are in hand, a query by next hop finds nothing new, and concludes that the store
   *     has no more. So it is reported again afterwards, or they would wait {@link
   *     Scheduler#RETRY_WHEN_FULL} next to an idle next hop.
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

  /** A late batch whose next hop is paused: its sender may need a notification. */
  private void hopPaused(DueBatch row, Admission.Paused offer) {
    try {
      LoadedBatch loaded = LoadedBatch.load(spool, row.key());
      if (loaded == null) {
        letGo(row.key());
        return;
      }
      QueueStep.Event event = new QueueStep.Event.HopPaused(offer.cause(), spread(offer));
      consequences.apply(row.key(), row.hop(), loaded, event, 0);
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
      RunningRound next = scheduler.next(now);
      if (next == null) {
        return;
      }
      InMemoryBatch hand = inMemory.get(next.batch.key);
      if (hand != null) {
        hand.waiting = false;
      }
      running++;
      rounds.increment();
      runner.start("delivery", () -> round(next));
    }
  }

  // One round.

  private void round(RunningRound round) {
    ReadyBatch batch = round.batch;
    RoundResult result = null;
    lock.lock();
    try {
      deliveringThreads.add(Thread.currentThread());
    } finally {
      lock.unlock();
    }
    CrashMarks.StartPermission permission = marks.begin(batch.key.message());
    if (permission == CrashMarks.StartPermission.GO) {
      marked(batch.key);
    }
    boolean ourFault = false;
    try {
      result = permission == CrashMarks.StartPermission.GO ? deliver(round) : null;
    } catch (InterruptedException e) {
      // Shutting down: the store still has the batch as it was, and the next start tries again.
      Thread.currentThread().interrupt();
      lock.lock();
      try {
        InMemoryBatch hand = inMemory.remove(batch.key);
        unmark(batch.key, hand);
      } finally {
        lock.unlock();
      }
      return;
    } catch (SpoolException e) {
      log.storeTrouble("deliveries wait for the store", e);
    } catch (IOException e) {
      log.bug("round of " + batch.key.message(), e);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      // Of one message: this thread is not supervised, and its end would leave the batch in hand.
      log.bug("round of " + batch.key.message(), e);
      ourFault = true;
    } finally {
      goBack(ended(round, result == null ? new RoundResult.NothingLearned() : result));
    }
    if (result != null) {
      return;
    }
    switch (permission) {
      case GO -> {
        if (ourFault) {
          fault(batch.key);
        } else {
          nothingLearned(batch.key, STORE_RETRY);
        }
      }
      case LATER -> nothingLearned(batch.key, SUSPECT_RETRY);
      case HOLD -> hold(batch.key, QueueStep.ENDED_PROCESS);
      case LEAVE -> leave(batch.key);
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
        hand.paused = true;
      }
    } finally {
      lock.unlock();
    }
    notifyLeft(key);
  }

  /** A fault of this program while a batch was worked on: with the second it is held. */
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
   * Holds a batch without looking into its message.
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

  private ReturnedBatches ended(RunningRound round, RoundResult result) {
    lock.lock();
    try {
      deliveringThreads.remove(Thread.currentThread());
      running--;
      if (result instanceof RoundResult.Busy) {
        InMemoryBatch hand = inMemory.get(round.batch.key);
        if (hand != null) {
          hand.waiting = true;
        }
        unmark(round.batch.key, hand);
      }
      ReturnedBatches returned = scheduler.ended(round, result, clock.now(), random.fraction());
      returned
          .batches()
          .forEach(
              r -> {
                InMemoryBatch hand = inMemory.get(r.key);
                if (hand != null) {
                  hand.waiting = false;
                }
              });
      pump();
      signalIfMore();
      signalIfIdle();
      return returned;
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
  private RoundResult deliver(RunningRound round) throws InterruptedException, IOException {
    ReadyBatch batch = round.batch;
    LoadedBatch loaded = batch.loaded == null ? LoadedBatch.load(spool, batch.key) : batch.loaded;
    if (loaded == null) {
      letGo(batch.key);
      return new RoundResult.NothingLearned();
    }
    NextHop nextHop = routing.nextHopFor(loaded.group().recipients().getFirst().target());
    if (!goesTo(loaded, batch.hop)) {
      reroute(batch, loaded, clock.now());
      return new RoundResult.NothingLearned();
    }
    ContentCheck check = new ContentCheck();
    RoundSlot slot = new RoundSlot(round);
    Consignment consignment = consignment(batch, loaded, nextHop, check, slot);
    Map<Long, Outcome> outcomes;
    try {
      outcomes = delivery.deliver(consignment);
    } catch (RuntimeException e) {
      log.bug("delivery of " + batch.key.message(), e);
      outcomes = Map.of();
    }
    IOException found = check.found();
    if (found != null) {
      outcomes = check.heldIfDamaged(loaded.group(), outcomes);
      log.storeTrouble("the content of " + batch.key.message() + " is damaged and held", found);
    }
    RoundResult result = RoundResult.of(loaded.group().recipients(), outcomes, slot.greeted);
    if (result instanceof RoundResult.Busy) {
      // It was not tried: it stays in line, and no round is counted.
      return result;
    }
    try {
      consequences.apply(
          batch.key,
          batch.hop,
          loaded,
          new QueueStep.Event.RoundEnded(outcomes),
          loaded.group().rounds() + 1);
    } catch (IOException e) {
      log.bug("after the round of " + batch.key.message(), e);
      nothingLearned(batch.key, STORE_RETRY);
    } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
      log.bug("after the round of " + batch.key.message(), e);
      fault(batch.key);
    }
    return result;
  }

  /** The slot of one round, as the delivery sees it. */
  private final class RoundSlot implements DeliverySlot {
    private final RunningRound round;
    private volatile boolean greeted;

    RoundSlot(RunningRound round) {
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
      ReadyBatch batch,
      LoadedBatch loaded,
      NextHop nextHop,
      ContentCheck check,
      DeliverySlot slot) {
    RecipientGroup group = loaded.group();
    byte[] inMemory = loaded.content();
    QueueId id = batch.key.message();
    // Its age by the clock of the delivery agent.
    Instant arrived = loaded.arrived().plus(Duration.between(clock.now(), clock.civilTime()));
    Consignment.MessageContent content =
        inMemory != null ? () -> new InMemory(inMemory) : () -> check.open(() -> spool.content(id));
    return new Consignment(
        id,
        group.sender(),
        loaded.envelope().options(),
        nextHop,
        group.recipients(),
        group.deliveredTo(),
        arrived,
        group.rounds() + 1,
        loaded.size(),
        content,
        slot);
  }

  /** A content in memory; copying it needs no buffer, as the sink is our own. */
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

  private boolean goesTo(LoadedBatch loaded, String hop) {
    for (Recipient r : loaded.group().recipients()) {
      if (!stepNoteOf(loaded, r).equals(hop)) {
        return false;
      }
    }
    return true;
  }

  private String stepNoteOf(LoadedBatch loaded, Recipient r) {
    return SchedulingKey.of(routing.nextHopFor(r.target()), loaded.envelope().options().tls());
  }

  /** The configuration says another next hop by now: the recipients are grouped again. */
  private void reroute(ReadyBatch batch, LoadedBatch loaded, Instant now) {
    Map<String, List<Recipient>> byHop = new LinkedHashMap<>();
    for (Recipient r : loaded.group().recipients()) {
      byHop.computeIfAbsent(stepNoteOf(loaded, r), k -> new ArrayList<>()).add(r);
    }
    List<RecipientBatch> put = new ArrayList<>();
    byHop.forEach(
        (hop, recipients) ->
            put.add(
                StepApplier.stored(
                    batch.key.message(),
                    loaded.group().with(recipients),
                    BatchState.QUEUED,
                    now,
                    hop,
                    "")));
    spool.change(
        new SpoolChange(List.of(batch.key), put, List.of(), List.of(), List.of()),
        ((CommitListener)
                gone -> {
                  letGo(batch.key);
                  signal();
                })
            .orHeld(() -> letGo(batch.key)));
  }

  private void goBack(ReturnedBatches returned) {
    Admission.Paused pause = returned.pause();
    if (pause == null) {
      return;
    }
    List<BatchMove> moves = new ArrayList<>(returned.batches().size());
    for (ReadyBatch r : returned.batches()) {
      Instant due = r.key.equals(returned.probe()) ? pause.until() : spread(pause);
      moves.add(new BatchMove(r.key, BatchState.QUEUED, due, pause.cause().reason()));
    }
    try {
      move(moves);
    } catch (IllegalStateException e) {
      // The spool is closed: the store has them as they were, for the next start.
    }
  }

  /** Nothing is known about a round that was begun or should have been: the batch waits a while. */
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
        loadedBytes -= hand.loadedBytes;
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
   * Takes a batch out of the line, so that an admin's order can be carried out on it.
   *
   * @return true when the caller has it now
   */
  boolean takeForOperation(RecipientBatch batch) {
    return takeForOperation(batch, null);
  }

  /**
   * Takes a batch out of the line, so that an admin's order can be carried out on it; when a round
   * is running, the order is kept for its end, after those that are kept already.
   *
   * @return true when the caller has it now
   */
  boolean takeForOperation(RecipientBatch batch, @Nullable Runnable afterwards) {
    lock.lock();
    try {
      InMemoryBatch hand = inMemory.get(batch.key());
      if (hand == null) {
        inMemory.put(batch.key(), new InMemoryBatch(false));
        return true;
      }
      if (hand.paused) {
        // By an admin's order; its suspicion ends when that is stored.
        hand.paused = false;
        hand.marked = true;
        return true;
      }
      if (hand.waiting && scheduler.withdraw(batch.key(), batch.hop(), batch.sender())) {
        hand.waiting = false;
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
   * Waits until the store has reported all changes that were handed to it before.
   *
   * @return false when that took longer than {@code atMost}
   */
  boolean settle(Duration atMost) throws IOException {
    CountDownLatch settled = new CountDownLatch(1);
    try {
      // Changes are committed and reported in the order in which they came.
      spool.change(SpoolChange.moves(List.of()), gone -> settled.countDown());
      return settled.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (IllegalStateException e) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "the spool is closed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SpoolException(SpoolException.Kind.BROKEN, "interrupted", e);
    }
  }

  /** Carries out a change on seized batches. */
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

  /** Gives a seized batch back, to be found by its time. */
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

  /** Gives the store where FRESH batches begin, so that it need not search all after a crash. */
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

  /** Sends the postmaster a message; nothing when no postmaster is configured. */
  void notifyPostmaster(String subject, List<String> lines) throws IOException {
    QueueSettings in = settings;
    if (in.postmaster().isEmpty()) {
      return;
    }
    NotificationWriter.PreparedNotification letter =
        notifications.postmasterMessage(in.postmaster().get(), subject, lines, in, clock.now());
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
          loadedBytes,
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
