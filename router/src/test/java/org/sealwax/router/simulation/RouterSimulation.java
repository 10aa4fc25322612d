package org.sealwax.router.simulation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.CutThrough;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.QueueId.QueueIds;
import org.sealwax.router.spool.RecipientBatch;

/**
 * One seeded world: senders, next hops with their moods, a router whose process dies now and then,
 * and the truth about every recipient.
 */
final class RouterSimulation {
  private static final Instant START = Instant.parse("2026-06-01T00:00:00Z");
  private static final Pattern ABOUT = Pattern.compile("X-Queue-Id: ([0-9A-Za-z]+)");
  private static final Pattern FINAL = Pattern.compile("Final-Recipient: rfc822; (\\S+)\r\n");
  private static final Pattern ACTION = Pattern.compile("Action: (\\S+)\r\n");
  private static final int HOPS = 5;

  private enum HopBehaviour {
    WELL,
    SLOW,
    REFUSES,
    UNREACHABLE,
    LOSES_REPLIES,
    BREAKS_US
  }

  /** A client that waits for the reply to its message. */
  private record WaitingClient(QueueId id, String recipient, CutThrough delivery) {}

  private record NotifiedSender(String id, String recipient) {}

  private final Random random;
  private final HopBehaviour[] moods = new HopBehaviour[HOPS];
  private final List<Runnable> tasks = new ArrayList<>();
  private final QueueIds ids;
  private final BugLog log = new BugLog();
  private Instant now = START;
  private CrashingSpool spool;
  private Queue queue;
  private Instant nextTick = START;

  /** Acknowledged: message to its recipients. */
  private final Map<QueueId, Set<String>> promised = new LinkedHashMap<>();

  /** Clients that wait while their message is delivered. */
  private final List<WaitingClient> waiting = new ArrayList<>();

  /** Answered with 550 at the end of data. */
  private final Map<QueueId, String> refused = new HashMap<>();

  private int inFlight;
  private int dropped;

  private final Set<QueueId> fromNull = new HashSet<>();
  private final Map<NotifiedSender, Integer> received = new HashMap<>();
  private final Map<NotifiedSender, Integer> repliesLost = new HashMap<>();
  private final Set<NotifiedSender> bounced = new HashSet<>();
  private final Map<QueueId, String> ownMail = new HashMap<>();
  private int crashes;
  private int duplicates;
  private int heldSeen;

  RouterSimulation(long seed) {
    random = new Random(seed);
    ids = new QueueIds(clock(), RandomSource.seeded(seed), 0);
    for (int i = 0; i < HOPS; i++) {
      moods[i] = behaviour();
    }
    spool = new CrashingSpool(new CrashingSpool.Disk(), ids, random, 0.004, now);
    queue = boot();
  }

  int crashes() {
    return crashes;
  }

  int duplicates() {
    return duplicates;
  }

  int bouncesSeen() {
    return bounced.size();
  }

  int refusedSeen() {
    return refused.size();
  }

  int inFlightSeen() {
    return inFlight;
  }

  int droppedSeen() {
    return dropped;
  }

  int heldSeen() {
    return heldSeen;
  }

  private HopBehaviour behaviour() {
    HopBehaviour[] all = HopBehaviour.values();
    return random.nextInt(3) == 0 ? HopBehaviour.WELL : all[random.nextInt(all.length)];
  }

  private Clock clock() {
    return new Clock() {
      @Override
      public Instant now() {
        return now;
      }

      @Override
      public long nanoTime() {
        return Duration.between(START, now).toNanos();
      }
    };
  }

  private Queue boot() {
    tasks.clear();
    waiting.clear();
    nextTick = now;
    QueueSettings d = QueueSettings.defaults(Domain.of("router.example"));
    QueueSettings settings =
        SettingsRecord.with(
            d,
            Map.of(
                "deliveries",
                1 + random.nextInt(6),
                "deliveriesPerHop",
                1 + random.nextInt(4),
                "recipientsPerRound",
                1 + random.nextInt(3),
                "loadedBytes",
                random.nextBoolean() ? 0L : 4000L));
    return new Queue(
        spool,
        t -> new NextHop.ByMx((Domain) mailbox(t).domain()),
        this::deliver,
        clock(),
        RandomSource.seeded(random.nextLong()),
        log.log,
        settings,
        CrashMarks.none(),
        (name, task) -> tasks.add(task));
  }

  private static Mailbox mailbox(DeliveryTarget t) {
    return switch (t) {
      case DeliveryTarget.Remote r -> r.mailbox();
      case DeliveryTarget.Postmaster p -> p.mailbox();
      case DeliveryTarget.Reports r -> r.mailbox();
      case DeliveryTarget.Pipe c -> c.mailbox();
    };
  }

  void run() {
    int events = 60 + random.nextInt(240);
    for (int i = 0; i < events; i++) {
      if (random.nextInt(12) == 0) {
        moods[random.nextInt(HOPS)] = behaviour();
      }
      spool.failing(random.nextInt(20) == 0);
      event(i < events / 2);
    }
    // At the end nothing is open: next hops accept or refuse, the store works.
    for (int i = 0; i < HOPS; i++) {
      moods[i] = random.nextInt(4) == 0 ? HopBehaviour.REFUSES : HopBehaviour.WELL;
    }
    spool.failing(false);
    int guard = 0;
    while (somethingToDo()) {
      if (++guard > 200_000) {
        throw new AssertionError("does not come to rest: " + spool.live().batches);
      }
      event(false);
    }
    check();
  }

  private boolean somethingToDo() {
    return !tasks.isEmpty()
        || !waiting.isEmpty()
        || spool.hasPending()
        || spool.live().batches.values().stream().anyMatch(s -> s.state() != BatchState.HELD);
  }

  private void event(boolean arrivals) {
    try {
      int kind = random.nextInt(10);
      if (kind < 2 && arrivals) {
        if (random.nextBoolean()) {
          arriveAndWait();
        } else {
          arrive();
        }
      } else if (kind < 4 && !waiting.isEmpty()) {
        answer(waiting.remove(random.nextInt(waiting.size())));
      } else if (kind < 5 && !tasks.isEmpty()) {
        tasks.remove(random.nextInt(tasks.size())).run();
      } else if (kind < 7) {
        spool.commitSome();
      } else {
        pass();
        nextTick = queue.tick();
      }
    } catch (Crash e) {
      restart();
    } catch (IOException e) {
      // The client got that reply, and keeps its message.
    }
  }

  private void pass() {
    Instant then = now.plusMillis(random.nextInt(5000));
    boolean quiet = tasks.isEmpty() && !spool.hasPending();
    now = quiet && nextTick.isAfter(then) ? nextTick : then;
    if (quiet && random.nextInt(4) == 0) {
      now = now.plus(Duration.ofMinutes(random.nextInt(600)));
    }
  }

  private void restart() {
    crashes++;
    CrashingSpool.Disk found = spool.afterCrash(random.nextBoolean());
    spool = new CrashingSpool(found, ids, random, random.nextInt(3) == 0 ? 0 : 0.004, now);
    queue = boot();
  }

  private void arrive() throws IOException {
    boolean isNull = random.nextInt(6) == 0;
    Mailbox from = new Mailbox("s", Domain.of("hop" + random.nextInt(HOPS) + ".example"));
    ReversePath sender = isNull ? ReversePath.nullPath() : ReversePath.of(from);
    List<Recipient> recipients = new ArrayList<>();
    Set<String> names = new HashSet<>();
    int count = 1 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      Mailbox to =
          new Mailbox(
              "r" + random.nextInt(3), Domain.of("hop" + random.nextInt(HOPS) + ".example"));
      boolean hold = random.nextInt(8) == 0;
      if (names.add(to.toString())) {
        recipients.add(
            new Recipient(
                new DeliveryTarget.Remote(to), sender, to, false, hold, DsnRequest.none()));
      }
    }
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      entry.content().write("Subject: x\r\n\r\ny\r\n".getBytes(StandardCharsets.US_ASCII));
      if (isNull) {
        fromNull.add(entry.id());
      }
      entry.commit(new Envelope(sender, MailOptions.plain(), "sim", "s", ""), recipients);
      promised.put(entry.id(), names);
    }
  }

  /** One recipient, whose delivery the client waits for. */
  private void arriveAndWait() throws IOException {
    Mailbox from = new Mailbox("s", Domain.of("hop" + random.nextInt(HOPS) + ".example"));
    Mailbox to =
        new Mailbox("r" + random.nextInt(3), Domain.of("hop" + random.nextInt(HOPS) + ".example"));
    ReversePath sender = ReversePath.of(from);
    Recipient recipient =
        new Recipient(
            new DeliveryTarget.Remote(to),
            sender,
            to,
            false,
            random.nextBoolean(),
            DsnRequest.none());
    Envelope envelope = new Envelope(sender, MailOptions.plain(), "sim", "s", "");
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      entry.content().write("Subject: x\r\n\r\ny\r\n".getBytes(StandardCharsets.US_ASCII));
      Optional<CutThrough> begun = entry.cutThrough(envelope, recipient);
      if (begun.isPresent()) {
        waiting.add(new WaitingClient(entry.id(), to.toString(), begun.get()));
      } else {
        entry.commit(envelope, List.of(recipient));
        promised.put(entry.id(), Set.of(to.toString()));
      }
    }
  }

  /** The wait of a client ends: with the delivery, before it, or because the client is gone. */
  private void answer(WaitingClient client) throws IOException {
    if (random.nextInt(12) == 0) {
      dropped++;
      client.delivery().drop();
      return;
    }
    boolean ended = ended(client.delivery());
    if (!ended && random.nextInt(8) != 0) {
      waiting.add(client);
      return;
    }
    inFlight += ended ? 0 : 1;
    CutThrough.Result result = client.delivery().end(() -> {});
    spool.point("before our reply");
    switch (result) {
      case CutThrough.Result.Accepted _ -> promised.put(client.id(), Set.of(client.recipient()));
      case CutThrough.Result.Refused _ -> refused.put(client.id(), client.recipient());
    }
    spool.point("after our reply");
  }

  private static boolean ended(CutThrough delivery) {
    try {
      return delivery.await(Duration.ZERO);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Map<Long, Outcome> deliver(Consignment c) {
    NextHop.ByMx hop = (NextHop.ByMx) c.nextHop();
    HopBehaviour behaviour = moods[hop.domain().name().charAt(3) - '0'];
    String content = read(c);
    if (!c.slot().mayEndData()) {
      return Map.of();
    }
    spool.point("after the end of data");
    if (behaviour == HopBehaviour.BREAKS_US) {
      throw new IllegalStateException("a bug of ours");
    }
    Map<Long, Outcome> outcomes = new HashMap<>();
    for (Recipient a : c.recipients()) {
      HopBehaviour now = random.nextInt(10) == 0 ? HopBehaviour.SLOW : behaviour;
      outcomes.put(a.key(), outcome(now, c, a, content));
    }
    spool.point("after the reply of the target");
    if (random.nextInt(30) == 0) {
      // An outcome is missing although the other side took it: as a lost reply.
      long key = c.recipients().getFirst().key();
      if (outcomes.remove(key) instanceof Outcome.Delivered) {
        repliesLost.merge(notified(c, c.recipients().getFirst()), 1, Integer::sum);
      }
    }
    return outcomes;
  }

  private static String read(Consignment c) {
    try (InputStream in = c.content().open()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError("content of " + c.id() + " is missing", e);
    }
  }

  private static NotifiedSender notified(Consignment c, Recipient a) {
    return new NotifiedSender(c.id().text(), a.target().toString());
  }

  private Outcome outcome(HopBehaviour behaviour, Consignment c, Recipient a, String content) {
    return switch (behaviour) {
      case WELL -> {
        receive(c, a, content);
        yield new Outcome.Delivered("mx", "250 ok", "none", false, false);
      }
      case LOSES_REPLIES -> {
        receive(c, a, content);
        repliesLost.merge(notified(c, a), 1, Integer::sum);
        yield new Outcome.Deferred(cause("lost", 4, FailureCause.Extent.MESSAGE));
      }
      case SLOW -> new Outcome.Deferred(cause("greylisted", 4, FailureCause.Extent.RECIPIENT));
      case REFUSES -> new Outcome.Refused(cause("refused", 5, FailureCause.Extent.RECIPIENT));
      case UNREACHABLE, BREAKS_US ->
          new Outcome.Deferred(cause("connect", 4, FailureCause.Extent.NEXT_HOP));
    };
  }

  private static FailureCause cause(String reason, int kind, FailureCause.Extent extent) {
    return new FailureCause(reason, new EnhancedStatus(kind, 0, 0), reason, null, null, extent);
  }

  private void receive(Consignment c, Recipient a, String content) {
    received.merge(notified(c, a), 1, Integer::sum);
    if (!content.contains("multipart/report")) {
      return;
    }
    ownMail.put(c.id(), content);
    readNotice(content);
  }

  private void readNotice(String content) {
    Matcher about = ABOUT.matcher(content);
    if (!about.find()) {
      throw new AssertionError("a notification about nothing: " + content);
    }
    if (fromNull.contains(new QueueId(about.group(1)))
        || ownMail.containsKey(new QueueId(about.group(1)))) {
      throw new AssertionError("the null sender was answered: " + content);
    }
    Matcher recipients = FINAL.matcher(content);
    Matcher actions = ACTION.matcher(content);
    while (recipients.find() && actions.find()) {
      if (actions.group(1).equals("failed")) {
        bounced.add(new NotifiedSender(about.group(1), recipients.group(1)));
      }
    }
  }

  private void check() {
    Set<NotifiedSender> held = new HashSet<>();
    for (RecipientBatch s : spool.live().batches.values()) {
      byte[] content = spool.live().contents.get(s.key().message());
      String text = content == null ? "" : new String(content, StandardCharsets.UTF_8);
      if (text.contains("multipart/report")) {
        // A double bounce, kept: its recipient is not lost.
        readNotice(text);
      }
      heldSeen++;
      String record = new String(s.recipients(), StandardCharsets.ISO_8859_1);
      for (Map.Entry<QueueId, Set<String>> p : promised.entrySet()) {
        for (String recipient : p.getValue()) {
          int at = recipient.indexOf('@');
          if (p.getKey().equals(s.key().message())
              && record.contains(recipient.substring(0, at))
              && record.contains(recipient.substring(at + 1))) {
            held.add(new NotifiedSender(p.getKey().text(), recipient));
          }
        }
      }
    }
    for (Map.Entry<QueueId, Set<String>> p : promised.entrySet()) {
      for (String recipient : p.getValue()) {
        NotifiedSender one = new NotifiedSender(p.getKey().text(), recipient);
        if (!received.containsKey(one) && !bounced.contains(one) && !held.contains(one)) {
          throw new AssertionError("lost: " + one + "; the log said " + log.bugs);
        }
      }
    }
    for (Map.Entry<QueueId, String> r : refused.entrySet()) {
      NotifiedSender one = new NotifiedSender(r.getKey().text(), r.getValue());
      if (received.containsKey(one) || bounced.contains(one) || held.contains(one)) {
        throw new AssertionError("refused, and not gone: " + one);
      }
    }
    for (Map.Entry<NotifiedSender, Integer> r : received.entrySet()) {
      int times = r.getValue();
      if (times > 1) {
        duplicates++;
        int excuse = crashes + repliesLost.getOrDefault(r.getKey(), 0);
        if (times > 1 + excuse) {
          throw new AssertionError(
              r.getKey() + " was delivered " + times + " times with " + excuse + " causes");
        }
      }
    }
    for (String bug : log.bugs) {
      if (bug.startsWith("bug") && !bug.contains("a bug of ours")) {
        throw new AssertionError(bug);
      }
    }
  }
}
