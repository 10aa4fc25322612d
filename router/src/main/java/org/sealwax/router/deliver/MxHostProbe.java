package org.sealwax.router.deliver;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.MailLog;

/**
 * Greets MX hosts that no delivery needs. A domain whose first MX host takes all mail would never
 * reach a level of the ledger, because it is not known whether its other hosts do TLS; an attacker
 * who makes the first one unreachable would then get the mail in plaintext from another.
 *
 * <p>A domain is probed some time after mail was sent to it, one host at a time, at random
 * intervals. The ledger knows where mail was sent, and decides which hosts are worth it ({@code
 * LedgerRules#hostsToProbe}), and how many a day. What is still to be done is in memory alone: the
 * next delivery brings it back. Thread-safe.
 */
public final class MxHostProbe implements AutoCloseable {
  /** After a delivery, and between two hosts of one domain, at least. */
  static final Duration SOONEST = Duration.ofMinutes(10);

  /** By how much longer at most. */
  static final Duration SPREAD = Duration.ofHours(4);

  /** Domains that wait for a probe: many times the number that can be probed in a day. */
  static final int MOST_WAITING = 2_000;

  private static final Duration SWEEP = Duration.ofMinutes(1);

  private final Supplier<PersistentLedger> ledger;
  private final Supplier<SmtpDeliveryAgent> deliveryAgent;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final Map<Domain, Instant> waiting = new ConcurrentHashMap<>();
  private final RepeatedWork sweeps;

  /**
   * Nothing happens before {@link #start}.
   *
   * @param ledger knows which hosts are unseen, and counts greetings
   * @param deliveryAgent of the configuration in force; makes the connection
   * @param clock the time
   * @param random jitter
   * @param log facts
   */
  public MxHostProbe(
      Supplier<PersistentLedger> ledger,
      Supplier<SmtpDeliveryAgent> deliveryAgent,
      Clock clock,
      RandomSource random,
      MailLog log) {
    this.ledger = ledger;
    this.deliveryAgent = deliveryAgent;
    this.clock = clock;
    this.random = random;
    this.log = log;
    // Neither a ledger that cannot be read nor a bug in our code ends the probes permanently.
    this.sweeps =
        new RepeatedWork(SWEEP, this::greetDueHosts, e -> log.bug("probe of MX hosts", e));
  }

  /** Mail was sent to the domain. */
  private void mailed(Domain domain) {
    if (waiting.size() < MOST_WAITING) {
      waiting.computeIfAbsent(domain, d -> due());
    }
  }

  /** When a host is greeted for mail that was delivered now. */
  Instant due() {
    long jitter = (long) (SPREAD.toMillis() * random.fraction());
    return clock.now().plus(SOONEST).plusMillis(jitter);
  }

  /** Begins to greet, and goes on until closed. */
  public void start() {
    sweeps.start("probe of MX hosts");
  }

  /**
   * Greets one host of each domain whose time has come.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  void greetDueHosts() throws InterruptedException {
    ledger.get().takeMailed().forEach(this::mailed);
    Instant now = clock.now();
    for (Map.Entry<Domain, Instant> entry : Map.copyOf(waiting).entrySet()) {
      if (!entry.getValue().isAfter(now)) {
        waiting.remove(entry.getKey());
        greet(entry.getKey());
      }
    }
  }

  private void greet(Domain domain) throws InterruptedException {
    Set<Domain> unseen = ledger.get().hostsToProbe(domain);
    if (unseen.isEmpty() || !ledger.get().tryTakeProbe()) {
      return;
    }
    List<Domain> some = new ArrayList<>(unseen);
    Domain host = some.get(random.below(some.size()));
    String seen = deliveryAgent.get().greet(domain, host).orElse("no address");
    log.note("ledger", "greeted " + host + " of " + domain + " without mail: " + seen);
    if (unseen.size() > 1) {
      mailed(domain);
    }
  }

  @Override
  public void close() {
    sweeps.close();
  }
}
