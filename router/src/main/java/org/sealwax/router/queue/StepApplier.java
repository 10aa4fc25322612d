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
 * What follows from an event of a share: the step, letters to senders, a station of the journey,
 * lines of the log, and one change of the store that holds all of it or nothing.
 */
final class StepApplier {
  /** What the queue does once a change is committed. */
  interface AfterCommit {
    /** A share is no longer in hand: a look at the store may find it again. */
    void released(BatchKey key);

    /** Something may be due sooner than expected. */
    void signal();
  }

  private final Spool spool;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final NotificationWriter notices;
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
      NotificationWriter notices,
      Supplier<QueueSettings> settings,
      AfterCommit after) {
    this.spool = spool;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.notices = notices;
    this.settings = settings;
    this.after = after;
    this.order.set(clock.now().toEpochMilli() << 12);
  }

  /** The same for all recipients of the share. */
  void apply(BatchKey key, String hop, LoadedBatch hot, QueueStep.Event event, int round)
      throws IOException {
    apply(key, hop, hot, event, round, List.of());
  }

  /**
   * Takes the step that follows from an event, and hands its change to the store.
   *
   * @param round that ended, 0 when none did
   * @param rest what becomes of recipients of the share that the event is not about
   */
  void apply(
      BatchKey key,
      String hop,
      LoadedBatch hot,
      QueueStep.Event event,
      int round,
      List<RecipientBatch> rest)
      throws IOException {
    Instant now = clock.now();
    QueueSettings in = settings.get();
    QueueStep.StepResult result =
        QueueStep.after(
            hot.group(),
            new QueueStep.About(hot.envelope().sender(), hot.arrived()),
            event,
            in.schedule(),
            now,
            random.fraction());
    QueueId id = key.message();
    List<NotificationWriter.PreparedNotification> made =
        notices.notification(
            new NotificationWriter.NotifiedMessage(
                id, hot.envelope(), hot.arrived(), hot.size(), hot.content()),
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
    for (RecipientBatch share : put) {
      stays |= share.key().equals(key);
    }
    boolean shut = event instanceof QueueStep.Event.HopPaused && made.isEmpty() && again != null;
    SpoolChange change =
        new SpoolChange(
            stays ? List.of() : List.of(key),
            put,
            List.of(),
            messages(made),
            shut ? List.of() : List.of(entry(id, hot, result.lines(), made, round, now)));
    note(id, hot.arrived(), result.lines(), now);
    Instant due = again == null ? null : again.due();
    CommitListener stored =
        gone -> {
          after.released(key);
          announced(id, made);
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
      LoadedBatch hot,
      List<TraceEntry.RecipientTrace> lines,
      List<NotificationWriter.PreparedNotification> made,
      int round,
      Instant now) {
    List<TraceEntry.RecipientTrace> all = lines;
    if (!made.isEmpty()) {
      all = new ArrayList<>(lines);
      for (NotificationWriter.PreparedNotification m : made) {
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
    Envelope e = hot.envelope();
    TraceEntry.MessageArrival arrival =
        round > 1
            ? null
            : new TraceEntry.MessageArrival(
                hot.arrived(),
                e.sender().toString(),
                e.origin(),
                e.tls(),
                hot.size(),
                e.recipients());
    return trace(id, new TraceEntry(now, round, arrival, all));
  }

  /** A station as the store keeps it, after all that were made before it. */
  StoredTraceEntry trace(QueueId id, TraceEntry station) {
    return new StoredTraceEntry(
        id, order.incrementAndGet(), station.at(), QueueRecordCodec.traceEntry(station));
  }

  /** Tells of letters that are stored now. */
  void announced(QueueId about, List<NotificationWriter.PreparedNotification> made) {
    if (made.isEmpty()) {
      return;
    }
    for (NotificationWriter.PreparedNotification m : made) {
      notified.increment();
      log.notified(about.text(), m.message().id().text(), m.kind(), m.to().toString());
    }
    after.signal();
  }

  private void note(
      QueueId id, Instant arrived, List<TraceEntry.RecipientTrace> lines, Instant now) {
    Duration delay = Duration.between(arrived, now);
    for (TraceEntry.RecipientTrace line : lines) {
      switch (line.what()) {
        case DELIVERED -> {
          delivered.increment();
          log.delivered(id.text(), line.to(), line.host(), line.tls(), line.reply(), delay);
        }
        case DEFERRED -> {
          deferred.increment();
          log.deferred(id.text(), line.to(), line.reason(), line.status(), line.text(), delay);
        }
        case BOUNCED -> {
          bounced.increment();
          log.bounced(id.text(), line.to(), line.reason(), line.status(), line.text());
        }
        case HELD -> {
          held.increment();
          log.held(id.text(), line.to(), line.reason(), line.text());
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
  static List<NewMessage> messages(List<NotificationWriter.PreparedNotification> made) {
    List<NewMessage> messages = new ArrayList<>(made.size());
    made.forEach(m -> messages.add(m.message()));
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

  /** Recipients put aside for a person. */
  long held() {
    return held.sum();
  }

  /** Notifications queued. */
  long notified() {
    return notified.sum();
  }
}
