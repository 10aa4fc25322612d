package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.NotificationWriter.PreparedNotification;
import org.sealwax.router.queue.TraceEntry.RecipientEvent;
import org.sealwax.router.queue.TraceEntry.RecipientTrace;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchMove;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CommitListener;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.StoredTraceEntry;

/**
 * Writes the new state of the batches in hand, each time as one atomic change of the store, and
 * lets them go when that is committed. After an event of a batch: the step, notifications to
 * senders, a trace entry, and lines of the log.
 */
final class StepApplier {
  private static final Duration STORE_RETRY = Duration.ofMinutes(1);

  private final Queue queue;
  private final AtomicLong order;

  StepApplier(Queue queue) {
    this.queue = queue;
    this.order = new AtomicLong(queue.clock.now().toEpochMilli() << 12);
  }

  /** The same for all recipients of the batch. */
  void apply(LoadedBatch loaded, QueueStep.Event event) throws IOException {
    apply(loaded, event, List.of());
  }

  /**
   * Takes the step that follows from an event, and hands its change to the store.
   *
   * @param rest the state of recipients of the batch that the event is not about
   */
  void apply(LoadedBatch loaded, QueueStep.Event event, List<RecipientBatch> rest)
      throws IOException {
    PreparedStep step = prepare(loaded, event, rest);
    step.report().run();
    queue.spool.change(step.change(), step.stored().orHeld(() -> queue.state.letGo(loaded.key())));
  }

  /**
   * A step that was taken, and is not handed in yet.
   *
   * @param report writes what happened into the log
   * @param stored what follows once it is committed
   */
  record PreparedStep(SpoolChange change, Runnable report, CommitListener stored) {}

  /** Takes the step that follows from an event. */
  PreparedStep prepare(LoadedBatch loaded, QueueStep.Event event, List<RecipientBatch> rest)
      throws IOException {
    Instant now = queue.clock.now();
    QueueSettings in = queue.state.settings();
    QueueStep.StepResult result =
        QueueStep.after(
            loaded.group(),
            new QueueStep.About(loaded.envelope().sender(), loaded.arrived()),
            event,
            in.schedule(),
            now,
            queue.random.fraction());
    BatchKey key = loaded.key();
    QueueId id = loaded.id();
    List<PreparedNotification> prepared =
        result.notified().isEmpty()
            ? List.of()
            : queue.notifications.notification(loaded, result.notified(), in, now);
    List<RecipientBatch> put = new ArrayList<>(rest);
    QueueStep.RetryLater again = result.retry();
    if (again != null) {
      put.add(stored(loaded, again.group(), BatchState.DEFERRED, again.due()));
    }
    if (result.held() != null) {
      put.add(stored(loaded, result.held(), BatchState.HELD, null));
    }
    boolean isSilent =
        event instanceof QueueStep.Event.HopPaused && prepared.isEmpty() && again != null;
    int round = event instanceof QueueStep.Event.RoundEnded ? loaded.group().rounds() + 1 : 0;
    SpoolChange change =
        new SpoolChange(
            removed(key, put),
            put,
            List.of(),
            messages(prepared),
            isSilent ? List.of() : List.of(entry(loaded, result.lines(), prepared, round, now)));
    Runnable report =
        () -> {
          note(id, loaded.arrived(), result.lines(), now);
          if (event instanceof QueueStep.Event.RoundEnded ended) {
            countRefusals(loaded, ended.outcomes());
          }
        };
    Instant due = again == null ? null : again.due();
    CommitListener stored =
        gone -> {
          queue.state.letGo(key);
          announced(id, prepared);
          if (gone.contains(id)) {
            queue.log.removed(id.text());
          }
          if (due != null && due.isBefore(now.plus(Queue.LONGEST_SLEEP))) {
            queue.state.signal();
          }
        };
    return new PreparedStep(change, report, stored);
  }

  /** By the class of the reply: replies for the metrics, refused recipients for the summary. */
  private void countRefusals(LoadedBatch loaded, Map<Long, Outcome> outcomes) {
    for (Recipient r : loaded.group().recipients()) {
      Outcome outcome = outcomes.get(r.key());
      FailureCause cause =
          switch (outcome) {
            case Outcome.Deferred d -> d.cause();
            case Outcome.Refused f -> f.cause();
            case Outcome.Held h -> h.cause();
            case Outcome.Delivered d -> null;
            case null -> null;
          };
      Reply reply = cause == null ? null : cause.reply();
      if (r.forwarded() && outcome instanceof Outcome.Delivered) {
        queue.replies.delivered(r);
      }
      if (cause != null && reply != null) {
        queue.log.refusedByHost(RefusalClass.of(reply).word());
        if (r.forwarded()) {
          queue.replies.refused(r, reply);
        }
        if (outcome instanceof Outcome.Refused) {
          queue.refusals.add(r, loaded.envelope().sender(), cause.host(), reply);
        }
      }
    }
  }

  private static RecipientBatch stored(
      LoadedBatch of, RecipientGroup group, BatchState state, @Nullable Instant due) {
    return group.stored(of.id(), state, due, of.hop(), group.reason());
  }

  private static List<BatchKey> removed(BatchKey key, List<RecipientBatch> put) {
    for (RecipientBatch batch : put) {
      if (batch.key().equals(key)) {
        return List.of();
      }
    }
    return List.of(key);
  }

  StoredTraceEntry entry(
      LoadedBatch loaded,
      List<RecipientTrace> traces,
      List<PreparedNotification> prepared,
      int round,
      Instant now) {
    List<RecipientTrace> all = prepared.isEmpty() ? traces : new ArrayList<>(traces);
    for (PreparedNotification m : prepared) {
      String notice = m.message().id().text();
      all.add(RecipientTrace.of(m.to().toString(), RecipientEvent.NOTIFIED, m.kind(), "", notice));
    }
    TraceEntry.MessageArrival arrival =
        round > 1
            ? null
            : TraceEntry.MessageArrival.of(loaded.arrived(), loaded.envelope(), loaded.size());
    return trace(loaded.id(), new TraceEntry(now, round, arrival, all));
  }

  /** A trace entry as the store keeps it, after all that were made before it. */
  private StoredTraceEntry trace(QueueId id, TraceEntry entry) {
    return new StoredTraceEntry(
        id, order.incrementAndGet(), entry.at(), QueueRecordCodec.TRACE_ENTRY.write(entry));
  }

  /** Queues notifications about a message, apart from what is stored of it. */
  void announce(QueueId about, List<PreparedNotification> prepared) {
    if (!prepared.isEmpty()) {
      queue.spool.change(
          new SpoolChange(List.of(), List.of(), List.of(), messages(prepared), List.of()),
          gone -> announced(about, prepared));
    }
  }

  /** Reports notifications that are stored now. */
  private void announced(QueueId about, List<PreparedNotification> prepared) {
    for (PreparedNotification m : prepared) {
      queue.log.notified(about.text(), m.message().id().text(), m.kind(), m.to().toString());
    }
    if (!prepared.isEmpty()) {
      queue.state.signal();
    }
  }

  void note(QueueId id, Instant arrived, List<RecipientTrace> traces, Instant now) {
    Duration delay = Duration.between(arrived, now);
    for (RecipientTrace t : traces) {
      switch (t.what()) {
        case DELIVERED ->
            queue.log.delivered(id.text(), t.to(), t.host(), t.tls(), t.reply(), delay);
        case DEFERRED ->
            queue.log.deferred(id.text(), t.to(), t.reason(), t.status(), t.text(), delay);
        case BOUNCED -> queue.log.bounced(id.text(), t.to(), t.reason(), t.status(), t.text());
        case HELD -> queue.log.held(id.text(), t.to(), t.reason(), t.text());
        case NOTIFIED, RELEASED, DELETED, REFUSED -> {}
      }
    }
  }

  private static List<NewMessage> messages(List<PreparedNotification> prepared) {
    return prepared.isEmpty()
        ? List.of()
        : prepared.stream().map(PreparedNotification::message).toList();
  }

  // Batches of which no step was taken.

  /** Moves batches, and lets them go once that is committed. */
  void move(BatchMoves moves) {
    if (moves.list().isEmpty()) {
      return;
    }
    CommitListener letGo =
        gone -> {
          moves.list().forEach(m -> queue.state.letGo(m.key()));
          queue.state.moreInStore(moves.crowded());
          queue.state.signal();
        };
    queue.spool.change(
        SpoolChange.moves(moves.list()), letGo.orHeld(() -> letGo.settled(Set.of())));
  }

  /** Moves batches that a round sent back, unless the spool is closed: then it has them. */
  void goBack(BatchMoves moves) {
    try {
      move(moves);
    } catch (IllegalStateException e) {
      // The store has them as they were, for the next start.
    }
  }

  /** Nothing is known about a round that was begun or should have been: the batch waits a while. */
  void nothingLearned(BatchKey key, Duration wait) {
    try {
      BatchMove move = new BatchMove(key, BatchState.QUEUED, queue.clock.now().plus(wait), null);
      move(new BatchMoves(List.of(move), Set.of()));
    } catch (IllegalStateException e) {
      queue.log.note("queue", key.message() + " is tried again after the next start");
    }
  }

  /** The store could not say what the batch needs: it waits a while. */
  void storeFailed(BatchKey key) {
    nothingLearned(key, STORE_RETRY);
  }

  /** A fault of this program while a batch was worked on: with the second it is held. */
  void fault(BatchKey key) {
    if (queue.state.isFaultTooMany(key)) {
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
  void hold(BatchKey key, String reason) {
    queue.log.warning(
        "queue",
        key.message()
            + (reason.equals(QueueStep.ENDED_PROCESS)
                ? " was in delivery at two unexpected ends of the process and is held"
                : " caused an internal error and is held")
            + "; sealwax queue release tries it again");
    CommitListener held =
        gone -> {
          queue.marks.end(key.message());
          queue.state.letGo(key);
        };
    try {
      queue.spool.change(
          SpoolChange.moves(List.of(new BatchMove(key, BatchState.HELD, null, reason))),
          held.orHeld(() -> held.settled(Set.of())));
    } catch (IllegalStateException e) {
      queue.log.note("queue", key.message() + " is held after the next start");
    }
  }

  /** The configuration names other next hops by now: the recipients wait for those. */
  void reroute(LoadedBatch loaded, Map<String, List<Recipient>> byHop) {
    Instant now = queue.clock.now();
    List<RecipientBatch> put =
        byHop.entrySet().stream()
            .map(
                e ->
                    loaded
                        .group()
                        .with(e.getValue())
                        .stored(loaded.id(), BatchState.QUEUED, now, e.getKey(), ""))
            .toList();
    change(
        loaded.key(), new SpoolChange(List.of(loaded.key()), put, List.of(), List.of(), List.of()));
  }

  // Operations on batches that were taken for them.

  /** Work on a batch in hand. */
  interface BatchWork {
    /** Returns whether it has handed a change of the batch to the store. */
    boolean on(RecipientBatch batch, RecipientGroup group) throws IOException;
  }

  /**
   * Takes a batch out of its line, works on it, and gives it back if nothing changed. When a round
   * of it is running, the order is kept for its end.
   *
   * @param listed the batch as it was found
   * @param afterwards the order, or null when it is not to be kept
   * @return false when the batch is not free
   */
  boolean take(RecipientBatch listed, @Nullable Runnable afterwards, BatchWork work)
      throws IOException {
    if (!queue.state.take(listed, afterwards)) {
      return false;
    }
    BatchKey key = listed.key();
    boolean handed = false;
    try {
      // Read again: it is ours only now, and may have changed since it was found.
      Optional<RecipientBatch> batch = queue.spool.batch(key);
      handed =
          batch.isPresent()
              && work.on(batch.get(), QueueRecordCodec.GROUP.read(batch.get().recipients()));
    } catch (SpoolException e) {
      if (e.kind() != SpoolException.Kind.DAMAGED) {
        throw e;
      }
      queue.spool.setAside(key, FailureText.of(e));
    } finally {
      if (!handed) {
        giveBack(key);
      }
    }
    return true;
  }

  /** Puts others in the place of a batch, with a trace of what happened to its recipients. */
  void replace(
      RecipientBatch batch,
      List<RecipientBatch> put,
      List<Recipient> concerned,
      Function<String, RecipientTrace> trace) {
    BatchKey key = batch.key();
    List<RecipientTrace> traces =
        concerned.stream().map(r -> trace.apply(r.target().toString())).toList();
    TraceEntry entry = new TraceEntry(queue.clock.now(), 0, null, traces);
    change(
        key,
        new SpoolChange(
            removed(key, put), put, List.of(), List.of(), List.of(trace(key.message(), entry))));
  }

  /** Carries out a change on a batch, and lets it go. */
  void change(BatchKey key, SpoolChange change) {
    CommitListener stored =
        gone -> {
          queue.state.letGo(key);
          gone.forEach(id -> queue.log.removed(id.text()));
          queue.state.signal();
        };
    queue.spool.change(change, stored.orHeld(() -> queue.state.letGo(key)));
  }

  /** Gives a batch back that was taken, to be found by its time. */
  private void giveBack(BatchKey key) {
    if (queue.state.isFresh(key)) {
      nothingLearned(key, Duration.ZERO);
    } else {
      queue.state.letGo(key);
      queue.state.signal();
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
      queue.spool.change(SpoolChange.moves(List.of()), gone -> settled.countDown());
      return settled.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (IllegalStateException e) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "the spool is closed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SpoolException(SpoolException.Kind.BROKEN, "interrupted", e);
    }
  }
}
