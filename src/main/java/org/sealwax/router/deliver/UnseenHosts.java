package org.sealwax.router.deliver;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.ledger.LiveLedger;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receipts.Receipts;

/**
 * Greets MX hosts that no delivery needs. A domain whose first MX host takes all mail would never
 * reach a level of the ledger, because nobody knows whether its other hosts do TLS; an attacker who
 * makes the first one unreachable would then get the mail in plaintext from another.
 *
 * <p>A domain is looked at some time after mail was delivered to it, one host at a time, at random
 * distances. Which hosts are worth it is the ledger's to say ({@code Rules.unseen}), and so is how
 * many a day. What is still to be done is in memory alone: the next delivery brings it back.
 * Thread-safe.
 */
public final class UnseenHosts implements AutoCloseable {
  /** After a delivery, and between two hosts of one domain, at least. */
  static final Duration SOONEST = Duration.ofMinutes(10);

  /** By how much longer at most. */
  static final Duration SPREAD = Duration.ofHours(4);

  /** Domains that wait to be looked at: many times what the day's greetings can serve. */
  static final int MOST_WAITING = 2_000;

  private static final Duration SWEEP = Duration.ofMinutes(1);

  private final World world;
  private final Map<Domain, Instant> waiting = new ConcurrentHashMap<>();
  private final Semaphore wake = new Semaphore(0);
  private volatile boolean closed;

  /**
   * What it works with.
   *
   * @param ledger knows which hosts are unseen, and counts greetings
   * @param courier of the configuration in force; makes the connection
   * @param clock the time
   * @param chance jitter
   * @param log facts
   */
  public record World(
      Supplier<LiveLedger> ledger,
      Supplier<Courier> courier,
      Clock clock,
      Chance chance,
      MailLog log) {}

  /** Nothing happens before {@link #start}. */
  public UnseenHosts(World world) {
    this.world = world;
  }

  /** Receipts that go to {@code next}, and tell where mail was delivered. */
  public Receipts hearing(Receipts next) {
    return receipt -> {
      next.give(receipt);
      // The key of a next hop by MX is its domain; that of a route is none.
      Domain.parse(receipt.nextHop()).ifPresent(this::delivered);
    };
  }

  /** Mail was delivered to the domain. */
  void delivered(Domain domain) {
    if (waiting.size() < MOST_WAITING) {
      waiting.computeIfAbsent(domain, d -> due());
    }
  }

  private Instant due() {
    long jitter = (long) (SPREAD.toMillis() * world.chance().fraction());
    return world.clock().now().plus(SOONEST).plusMillis(jitter);
  }

  /** Begins to greet, and goes on until closed. */
  public void start() {
    Supervisor.start("unseen hosts", () -> closed, this::run);
  }

  private void run() {
    while (!closed) {
      try {
        boolean woken = wake.tryAcquire(SWEEP.toMillis(), TimeUnit.MILLISECONDS);
        if (!woken) {
          greetDue();
        }
      } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
        if (closed) {
          return;
        }
        // Neither a ledger that cannot be read nor a bug of ours ends the greetings for good.
        world.log().bug("unseen hosts", e);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /**
   * Greets one host of each domain whose time has come.
   *
   * @throws InterruptedException when the thread is told to stop
   */
  void greetDue() throws InterruptedException {
    Instant now = world.clock().now();
    for (Map.Entry<Domain, Instant> entry : Map.copyOf(waiting).entrySet()) {
      if (!entry.getValue().isAfter(now)) {
        waiting.remove(entry.getKey());
        greet(entry.getKey());
      }
    }
  }

  private void greet(Domain domain) throws InterruptedException {
    Set<Domain> unseen = world.ledger().get().unseen(domain);
    if (unseen.isEmpty() || !world.ledger().get().takeGreeting()) {
      return;
    }
    List<Domain> some = new ArrayList<>(unseen);
    Domain host = some.get(world.chance().below(some.size()));
    String seen = world.courier().get().greet(domain, host).orElse("no address");
    world.log().note("ledger", "greeted " + host + " of " + domain + " without mail: " + seen);
    if (unseen.size() > 1) {
      delivered(domain);
    }
  }

  @Override
  public void close() {
    closed = true;
    wake.release();
  }
}
