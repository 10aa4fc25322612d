package org.sealwax.router.simulation;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.queue.Consignment;
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
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId.QueueIds;

/**
 * The real queue with its default settings, on a store in memory and in virtual time: the host
 * determines the time of a delivery, and it costs nothing. Time passes when every delivery waits.
 */
final class BusyRouter implements AutoCloseable {
  private static final Instant START = Instant.parse("2026-06-01T00:00:00Z");

  /** How often the queue looks at its store. */
  private static final Duration TICK = Duration.ofMillis(50);

  /**
   * What a host does.
   *
   * @param greets after how long; null for a host that accepts and stays silent
   * @param takes how long a message lasts after that
   */
  record SimulatedHost(Duration greets, Duration takes) {
    static final Duration NEVER = Duration.ofDays(1);

    static SimulatedHost quick() {
      return new SimulatedHost(Duration.ofMillis(200), Duration.ofMillis(300));
    }

    static SimulatedHost silent() {
      return new SimulatedHost(NEVER, NEVER);
    }

    static SimulatedHost slow(Duration takes) {
      return new SimulatedHost(Duration.ofMillis(200), takes);
    }
  }

  private record Sleeper(Instant until, long order, CountDownLatch wakes) {}

  private final Function<String, SimulatedHost> hosts;
  private final Random random;
  private final BugLog log = new BugLog();
  private final PriorityQueue<Sleeper> sleepers =
      new PriorityQueue<>(Comparator.comparing(Sleeper::until).thenComparingLong(Sleeper::order));
  private final List<Thread> threads = new ArrayList<>();
  private final Map<String, Instant> sent = new HashMap<>();
  private final List<Duration> waits = new ArrayList<>();
  private final Queue queue;
  private Instant now = START;
  private Instant nextTick = START;
  private int active;
  private long order;

  BusyRouter(long seed, Function<String, SimulatedHost> hosts) {
    this.hosts = hosts;
    random = new Random(seed);
    Clock clock =
        new Clock() {
          @Override
          public Instant now() {
            synchronized (BusyRouter.this) {
              return now;
            }
          }

          @Override
          public long nanoTime() {
            return Duration.between(START, now()).toNanos();
          }
        };
    queue =
        new Queue(
            new MemorySpool(new QueueIds(clock, RandomSource.seeded(seed), 0)),
            t -> new NextHop.ByMx((Domain) ((DeliveryTarget.Remote) t).mailbox().domain()),
            this::deliver,
            clock,
            RandomSource.seeded(seed),
            log.log,
            QueueSettings.defaults(Domain.of("router.example")),
            CrashMarks.none(),
            this::start);
  }

  private void start(String name, Runnable task) {
    synchronized (this) {
      active++;
    }
    Thread thread =
        Thread.ofVirtual()
            .unstarted(
                () -> {
                  try {
                    task.run();
                  } finally {
                    rests();
                  }
                });
    synchronized (this) {
      threads.add(thread);
      if (threads.size() > 10_000) {
        threads.removeIf(t -> t.getState() == Thread.State.TERMINATED);
      }
    }
    thread.start();
  }

  private synchronized void rests() {
    active--;
    notifyAll();
  }

  private void sleep(Duration time) throws InterruptedException {
    CountDownLatch wakes = new CountDownLatch(1);
    synchronized (this) {
      sleepers.add(new Sleeper(now.plus(time), order++, wakes));
      active--;
      notifyAll();
    }
    wakes.await();
  }

  private Map<Long, Outcome> deliver(Consignment c) throws InterruptedException {
    String domain = ((NextHop.ByMx) c.nextHop()).domain().name();
    SimulatedHost host = hosts.apply(domain);
    Duration patience = c.slot().patience(Duration.ofMinutes(5));
    Map<Long, Outcome> outcomes = new HashMap<>();
    if (host.greets().compareTo(patience) > 0) {
      sleep(patience);
      c.recipients().forEach(r -> outcomes.put(r.key(), silent()));
      return outcomes;
    }
    sleep(host.greets());
    c.slot().greeted();
    sleep(host.takes());
    for (Recipient a : c.recipients()) {
      arrived(a.target().toString());
      outcomes.put(a.key(), new Outcome.Delivered(domain, "250 ok", "none", false, false));
    }
    return outcomes;
  }

  private static Outcome silent() {
    return new Outcome.Deferred(
        new FailureCause(
            "lost-connection",
            EnhancedStatus.of("4.4.2"),
            "no banner",
            null,
            null,
            FailureCause.Extent.NEXT_HOP));
  }

  private synchronized void arrived(String recipient) {
    Instant when = sent.remove(recipient);
    if (when != null) {
      waits.add(Duration.between(when, now));
    }
  }

  /** Mail of a sender, from a client; with {@code <>} for null. */
  void send(String sender, String recipient) throws IOException {
    ReversePath path = sender.isEmpty() ? ReversePath.nullPath() : ReversePath.of(box(sender));
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      entry.content().write("x\r\n".getBytes(StandardCharsets.US_ASCII));
      entry.commit(
          new Envelope(path, MailOptions.plain(), "sim", "s", ""),
          List.of(Recipient.direct(box(recipient), path, DsnRequest.none())));
    }
  }

  /** Mail whose time is taken. */
  void sendTimed(String sender, String recipient) throws IOException {
    synchronized (this) {
      sent.put(recipient, now);
    }
    send(sender, recipient);
  }

  private static Mailbox box(String text) {
    int at = text.lastIndexOf('@');
    return new Mailbox(text.substring(0, at), Domain.of(text.substring(at + 1)));
  }

  /** Lets time pass. */
  void pass(Duration time) throws InterruptedException {
    Instant end = now.plus(time);
    while (true) {
      settle();
      Instant next;
      synchronized (this) {
        Sleeper first = sleepers.peek();
        next = first != null && first.until.isBefore(nextTick) ? first.until : nextTick;
        if (next.isAfter(end)) {
          now = end;
          return;
        }
        now = next.isBefore(now) ? now : next;
        while (!sleepers.isEmpty() && !sleepers.peek().until.isAfter(now)) {
          active++;
          sleepers.poll().wakes.countDown();
        }
      }
      settle();
      if (!nextTick.isAfter(now)) {
        queue.tick();
        nextTick = now.plus(TICK);
      }
    }
  }

  private synchronized void settle() throws InterruptedException {
    while (active > 0) {
      wait();
    }
  }

  /** A number below {@code bound}. */
  int some(int bound) {
    return random.nextInt(bound);
  }

  /** How long timed mail took so far, the quickest first; mail in the queue by its age. */
  synchronized List<Duration> waits() {
    List<Duration> all = new ArrayList<>(waits);
    sent.values().forEach(since -> all.add(Duration.between(since, now)));
    all.sort(Comparator.naturalOrder());
    return all;
  }

  /** Running rounds. */
  int running() {
    return queue.figures().running();
  }

  /** What the queue logged of troubles. */
  List<String> troubles() {
    return log.bugs;
  }

  @Override
  public void close() {
    List<Thread> all;
    synchronized (this) {
      all = List.copyOf(threads);
      sleepers.clear();
    }
    all.forEach(Thread::interrupt);
    queue.close();
  }
}
