package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CommitListener;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.StoredTraceEntry;

/**
 * Applies an event of a batch: the step, notifications to senders, a trace entry, lines of the log,
 * and one atomic change of the store.
 */
final class StepApplier {
  /** The actions of the queue once a change is committed. */
  interface AfterCommit {
    /** A batch is no longer in hand: a query of the store may find it again. */
    void released(BatchKey key);

    /** Something may be due sooner than expected. */
    void signal();
  }

  private final Spool spool;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final NotificationWriter notifications;
  private final Supplier<QueueSettings> settings;
  private final AfterCommit after;
  private final AtomicLong order = new AtomicLong();

  private final LongAdder delivered = new LongAdder();
  private final LongAdder deferred = new LongAdder();
  private final LongAdder bounced = new LongAdder();
  private final LongAdder held = new LongAdder();
  private final LongAdder notified = new LongAdder();

  StepApplier(
      Spool spool,
      Clock clock,
      RandomSource random,
      MailLog log,
      NotificationWriter notifications,
      Supplier<QueueSettings> settings,
      AfterCommit after) {
    this.spool = spool;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.notifications = notifications;
    this.settings = settings;
    this.after = after;
    this.order.set(clock.now().toEpochMilli() << 12);
  }

  /** The same for all recipients of the batch. */
  void apply(BatchKey key, String hop, LoadedBatch loaded, QueueStep.Event event, int round)
      throws IOException {
    apply(key, hop, loaded, event, round, List.of());
  }

  /**
   * Takes the step that follows from an event, and hands its change to the store.
   *
   * @param round that ended, 0 when none did
   * @param rest what becomes of recipients of the batch that the event is not about
   */
  void apply(
      BatchKey key,
      String hop,
      LoadedBatch loaded,
      QueueStep.Event event,
      int round,
      List<RecipientBatch> rest)
      throws IOException {
    Instant now = clock.now();
    QueueSettings in = settings.get();
    QueueStep.StepResult result =
        QueueStep.after(
            loaded.group(),
            new QueueStep.About(loaded.envelope().sender(), loaded.arrived()),
            event,
            in.schedule(),
            now,
            random.fraction());
    QueueId id = key.message();
    List<NotificationWriter.PreparedNotification> prepared =
        notifications.notification(
            new NotificationWriter.NotifiedMessage(
                id, loaded.envelope(), loaded.arrived(), loaded.size(), loaded.content()),
            result.notified(),
            in,
            now);
    List<RecipientBatch> put = new ArrayList<>(rest);
    QueueStep.RetryLater again = result.retry();
    if (again != null) {
      put.add(stored(id, again.group(), BatchState.DEFERRED, again.due(), hop, again.reason()));
    }
    for (QueueStep.HeldRecipients kept : result.held()) {
      put.add(stored(id, kept.group(), BatchState.HELD, null, hop, kept.reason()));
    }
    boolean stays = false;
    for (RecipientBatch batch : put) {
      stays |= batch.key().equals(key);
    }
    boolean closed =
        event instanceof QueueStep.Event.HopPaused && prepared.isEmpty() && again != null;
    SpoolChange change =
        new SpoolChange(
            stays ? List.of() : List.of(key),
            put,
            List.of(),
            messages(prepared),
            closed ? List.of() : List.of(entry(id, loaded, result.lines(), prepared, round, now)));
    note(id, loaded.arrived(), result.lines(), now);
    Instant due = again == null ? null : again.due();
    CommitListener stored =
        gone -> {
          after.released(key);
          announced(id, prepared);
          if (gone.contains(id)) {
            log.removed(id.text());
          }
          if (due != null && due.isBefore(now.plus(Queue.LONGEST_SLEEP))) {
            after.signal();
          }
        };
    spool.change(change, stored.orHeld(() -> after.released(key)));
  }

  private StoredTraceEntry entry(
      QueueId id,
      LoadedBatch loaded,
      List<TraceEntry.RecipientTrace> traces,
      List<NotificationWriter.PreparedNotification> prepared,
      int round,
      Instant now) {
    List<TraceEntry.RecipientTrace> all = traces;
    if (!prepared.isEmpty()) {
      all = new ArrayList<>(traces);
      for (NotificationWriter.PreparedNotification m : prepared) {
        all.add(
            new TraceEntry.RecipientTrace(
                m.to().toString(),
                TraceEntry.RecipientEvent.NOTIFIED,
                m.kind(),
                "",
                m.message().id().text(),
                "",
                "",
                ""));
      }
    }
    Envelope e = loaded.envelope();
    TraceEntry.MessageArrival arrival =
        round > 1
            ? null
            : new TraceEntry.MessageArrival(
                loaded.arrived(),
                e.sender().toString(),
                e.origin(),
                e.tls(),
                loaded.size(),
                e.recipients());
    return trace(id, new TraceEntry(now, round, arrival, all));
  }

  /** A trace entry as the store keeps it, after all that were made before it. */
  StoredTraceEntry trace(QueueId id, TraceEntry entry) {
    return new StoredTraceEntry(
        id, order.incrementAndGet(), entry.at(), QueueRecordCodec.traceEntry(entry));
  }

  /** Reports notifications that are stored now. */
  void announced(QueueId about, List<NotificationWriter.PreparedNotification> prepared) {
    if (prepared.isEmpty()) {
      return;
    }
    for (NotificationWriter.PreparedNotification m : prepared) {
      notified.increment();
      log.notified(about.text(), m.message().id().text(), m.kind(), m.to().toString());
    }
    after.signal();
  }

  private void note(
      QueueId id, Instant arrived, List<TraceEntry.RecipientTrace> traces, Instant now) {
    Duration delay = Duration.between(arrived, now);
    for (TraceEntry.RecipientTrace trace : traces) {
      switch (trace.what()) {
        case DELIVERED -> {
          delivered.increment();
          log.delivered(id.text(), trace.to(), trace.host(), trace.tls(), trace.reply(), delay);
        }
        case DEFERRED -> {
          deferred.increment();
          log.deferred(id.text(), trace.to(), trace.reason(), trace.status(), trace.text(), delay);
        }
        case BOUNCED -> {
          bounced.increment();
          log.bounced(id.text(), trace.to(), trace.reason(), trace.status(), trace.text());
        }
        case HELD -> {
          held.increment();
          log.held(id.text(), trace.to(), trace.reason(), trace.text());
        }
        case NOTIFIED, RELEASED, DELETED -> {}
      }
    }
  }

  /** A group of recipients as the store keeps it. */
  static RecipientBatch stored(
      QueueId message,
      RecipientGroup group,
      BatchState state,
      @Nullable Instant due,
      String hop,
      String reason) {
    return new RecipientBatch(
        new BatchKey(message, group.number()),
        state,
        due,
        hop,
        group.sender().toString(),
        reason,
        QueueRecordCodec.group(group));
  }

  /** The letters as messages to be stored. */
  static List<NewMessage> messages(List<NotificationWriter.PreparedNotification> prepared) {
    List<NewMessage> messages = new ArrayList<>(prepared.size());
    prepared.forEach(m -> messages.add(m.message()));
    return messages;
  }

  /** Recipients delivered. */
  long delivered() {
    return delivered.sum();
  }

  /** Recipients deferred, once for each round. */
  long deferred() {
    return deferred.sum();
  }

  /** Recipients given up. */
  long bounced() {
    return bounced.sum();
  }

  /** Recipients that are held. */
  long held() {
    return held.sum();
  }

  /** Notifications queued. */
  long notified() {
    return notified.sum();
  }
}
