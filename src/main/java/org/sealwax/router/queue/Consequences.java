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
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.Change;
import org.sealwax.router.spool.JourneyEntry;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Settled;
import org.sealwax.router.spool.Share;
import org.sealwax.router.spool.ShareKey;
import org.sealwax.router.spool.ShareState;
import org.sealwax.router.spool.Spool;

/**
 * What follows from an event of a share: the step, letters to senders, a station of the journey,
 * lines of the log, and one change of the store that holds all of it or nothing.
 */
final class Consequences {
  /** What the queue does once a change is committed. */
  interface After {
    /** A share is no longer in hand: a look at the store may find it again. */
    void letGo(ShareKey key);

    /** Something may be due sooner than expected. */
    void signal();
  }

  private final Spool spool;
  private final Clock clock;
  private final Chance chance;
  private final MailLog log;
  private final Notices notices;
  private final Supplier<QueueSettings> settings;
  private final After after;
  private final AtomicLong order = new AtomicLong();

  private final LongAdder delivered = new LongAdder();
  private final LongAdder deferred = new LongAdder();
  private final LongAdder bounced = new LongAdder();
  private final LongAdder held = new LongAdder();
  private final LongAdder notified = new LongAdder();

  Consequences(Queue.Rooms rooms, Notices notices, Supplier<QueueSettings> settings, After after) {
    this.spool = rooms.spool();
    this.clock = rooms.clock();
    this.chance = rooms.chance();
    this.log = rooms.log();
    this.notices = notices;
    this.settings = settings;
    this.after = after;
    this.order.set(clock.now().toEpochMilli() << 12);
  }

  /** The same for all recipients of the share. */
  void apply(ShareKey key, String hop, Hot hot, QueueStep.Event event, int round)
      throws IOException {
    apply(key, hop, hot, event, round, List.of());
  }

  /**
   * Takes the step that follows from an event, and hands its change to the store.
   *
   * @param round that ended, 0 when none did
   * @param rest what becomes of recipients of the share that the event is not about
   */
  void apply(ShareKey key, String hop, Hot hot, QueueStep.Event event, int round, List<Share> rest)
      throws IOException {
    Instant now = clock.now();
    QueueSettings in = settings.get();
    QueueStep.Result result =
        QueueStep.after(
            hot.group(),
            new QueueStep.About(hot.envelope().sender(), hot.arrived()),
            event,
            in.schedule(),
            now,
            chance.fraction());
    QueueId id = key.message();
    List<Notices.Made> made =
        notices.about(
            new Notices.Subject(id, hot.envelope(), hot.arrived(), hot.size(), hot.content()),
            result.told(),
            in,
            now);
    List<Share> put = new ArrayList<>(rest);
    QueueStep.Again again = result.again();
    if (again != null) {
      put.add(stored(id, again.group(), ShareState.DEFERRED, again.due(), hop, again.reason()));
    }
    for (QueueStep.Kept kept : result.held()) {
      put.add(stored(id, kept.group(), ShareState.HELD, null, hop, kept.reason()));
    }
    boolean stays = false;
    for (Share share : put) {
      stays |= share.key().equals(key);
    }
    boolean shut = event instanceof QueueStep.Event.Shut && made.isEmpty() && again != null;
    Change change =
        new Change(
            stays ? List.of() : List.of(key),
            put,
            List.of(),
            messages(made),
            shut ? List.of() : List.of(entry(id, hot, result.lines(), made, round, now)));
    note(id, hot.arrived(), result.lines(), now);
    Instant due = again == null ? null : again.due();
    Settled stored =
        gone -> {
          after.letGo(key);
          announced(id, made);
          if (gone.contains(id)) {
            log.removed(id.text());
          }
          if (due != null && due.isBefore(now.plus(Queue.LONGEST_SLEEP))) {
            after.signal();
          }
        };
    spool.change(change, stored.orHeld(() -> after.letGo(key)));
  }

  private JourneyEntry entry(
      QueueId id,
      Hot hot,
      List<Station.Line> lines,
      List<Notices.Made> made,
      int round,
      Instant now) {
    List<Station.Line> all = lines;
    if (!made.isEmpty()) {
      all = new ArrayList<>(lines);
      for (Notices.Made m : made) {
        all.add(
            new Station.Line(
                m.to().toString(),
                Station.What.NOTIFIED,
                m.kind(),
                "",
                m.message().id().text(),
                "",
                "",
                ""));
      }
    }
    Envelope e = hot.envelope();
    Station.Arrival arrival =
        round > 1
            ? null
            : new Station.Arrival(
                hot.arrived(),
                e.sender().toString(),
                e.origin(),
                e.tls(),
                hot.size(),
                e.recipients());
    return journey(id, new Station(now, round, arrival, all));
  }

  /** A station as the store keeps it, after all that were made before it. */
  JourneyEntry journey(QueueId id, Station station) {
    return new JourneyEntry(id, order.incrementAndGet(), station.at(), RecordForm.station(station));
  }

  /** Tells of letters that are stored now. */
  void announced(QueueId about, List<Notices.Made> made) {
    if (made.isEmpty()) {
      return;
    }
    for (Notices.Made m : made) {
      notified.increment();
      log.notified(about.text(), m.message().id().text(), m.kind(), m.to().toString());
    }
    after.signal();
  }

  private void note(QueueId id, Instant arrived, List<Station.Line> lines, Instant now) {
    Duration delay = Duration.between(arrived, now);
    for (Station.Line line : lines) {
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
  static Share stored(
      QueueId message,
      RecipientGroup group,
      ShareState state,
      @Nullable Instant due,
      String hop,
      String reason) {
    return new Share(
        new ShareKey(message, group.number()),
        state,
        due,
        hop,
        group.sender().toString(),
        reason,
        RecordForm.group(group));
  }

  /** The letters as messages to be stored. */
  static List<NewMessage> messages(List<Notices.Made> made) {
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
