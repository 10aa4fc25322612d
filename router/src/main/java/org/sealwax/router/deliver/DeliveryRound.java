package org.sealwax.router.deliver;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.deliver.TriedHosts.Tried;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.LedgerRound;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.NextHop;

/**
 * One round over the hosts of a next hop: plan, then host by host, idle connections first, and at
 * the end the decision about hosts whose TLS failed. {@link Attempt} goes over the addresses of one
 * host. One thread owns it.
 */
final class DeliveryRound {
  /** An argument for an empty ledger, which ignores it. */
  private static final Domain NOWHERE = Domain.of("invalid");

  private static final RoundMx NO_ANSWER = new RoundMx(Set.of(NOWHERE), false, Instant.EPOCH);

  private final RoundPlanner planner;
  private final HostConnector connector;
  private final DeliveryRecorder recorder;
  private final ConnectionPool pool;
  private final Clock clock;
  private final RoundPurpose purpose;
  private final RoundWork work;
  private final NextHop nextHop;
  private final Instant began;
  private int connections;
  private boolean keepsOne;
  private HostOrder order = new HostOrder(List.of(), Tried.NOTHING, DeliveryRound::noHost);
  private LedgerRound ledger = Ledger.empty().beginRound(NOWHERE, NO_ANSWER, false);

  /** A round. */
  DeliveryRound(
      RoundPlanner planner,
      HostConnector connector,
      DeliveryRecorder recorder,
      ConnectionPool pool,
      Clock clock,
      RoundPurpose purpose,
      RoundWork work,
      NextHop nextHop) {
    this.planner = planner;
    this.connector = connector;
    this.recorder = recorder;
    this.pool = pool;
    this.clock = clock;
    this.purpose = purpose;
    this.work = work;
    this.nextHop = nextHop;
    this.began = clock.now();
  }

  private static HostRequirement noHost(PolicySubject subject) {
    throw new IllegalStateException("no host was planned");
  }

  HostConnector connector() {
    return connector;
  }

  DeliveryRecorder recorder() {
    return recorder;
  }

  RoundPurpose purpose() {
    return purpose;
  }

  RoundWork work() {
    return work;
  }

  Policy policy() {
    return planner.policy();
  }

  /** The round as the ledger sees it. */
  LedgerRound ledger() {
    return ledger;
  }

  Instant now() {
    return clock.now();
  }

  long nanoTime() {
    return clock.nanoTime();
  }

  Instant began() {
    return began;
  }

  /** Connections made by this round. */
  int connections() {
    return connections;
  }

  void connected() {
    connections++;
  }

  /** The hosts, and whose turn it is. */
  HostOrder order() {
    return order;
  }

  /** Whether a connection is kept for plaintext at a host that was tried before. */
  boolean keepsOne() {
    return keepsOne;
  }

  /** Keeps one: plaintext is due at a host, once every other one has been tried. */
  void keepOne() {
    keepsOne = true;
  }

  /** Runs it; afterwards the work is done or has why not. */
  void run() throws InterruptedException {
    switch (planner.plan(nextHop, purpose.destination())) {
      case RoutePlan.NoHosts end -> work.noHosts(end.meaning());
      case RoutePlan.PlannedHosts hosts -> run(hosts);
    }
  }

  private void run(RoutePlan.PlannedHosts hosts) throws InterruptedException {
    RoundMx mx = hosts.mx();
    Domain domain = nextHop instanceof NextHop.ByMx byMx ? byMx.domain() : null;
    if (mx != null && domain != null) {
      ledger = recorder.ledger().beginRound(domain, mx, purpose.updatesLedger());
    }
    Tried before = work.triedBefore();
    try {
      Optional<Evidence.Sts> failed = over(hosts, before);
      if (failed.isEmpty() || work.isDone() || domain == null) {
        return;
      }
      // RFC 8461 §5.1: before giving up, look whether the policy has changed meanwhile.
      Optional<Evidence.Sts> now = planner.recheck(domain);
      if (now.isPresent() && !now.get().state().equals(failed.get().state())) {
        over(hosts, before);
      }
    } finally {
      work.tried(order);
      if (ledger.needsFreshDns() && domain != null) {
        // The next round must not use the answers of a poisoned cache.
        planner.forget(domain);
        hosts.hosts().stream()
            .map(host -> host.subject().host())
            .filter(Domain.class::isInstance)
            .forEach(host -> planner.forget((Domain) host));
      }
    }
  }

  /** Hosts whose evidence is looked up ahead: the first, and the one after it. */
  private static final int AHEAD_HOSTS = 2;

  /** Only looks up the evidence. */
  void prefetch() throws InterruptedException {
    if (planner.plan(nextHop, purpose.destination()) instanceof RoutePlan.PlannedHosts hosts) {
      for (RoutePlan.PlannedHost host : hosts.hosts().stream().limit(AHEAD_HOSTS).toList()) {
        planner.prefetch(host.subject());
      }
    }
  }

  /**
   * The same without mail: what would be demanded of each host, and with {@code probes} what one
   * connection to each shows.
   */
  DeliveryPreview preview(boolean probes) throws InterruptedException {
    return switch (planner.plan(nextHop, purpose.destination())) {
      case RoutePlan.NoHosts end ->
          new DeliveryPreview(nextHop.key(), List.of(), end.meaning().cause().text());
      case RoutePlan.PlannedHosts hosts -> {
        List<DeliveryPreview.HostPreview> out = new ArrayList<>();
        order = order(hosts, Tried.NOTHING);
        for (HostRequirement requirement = order.next();
            requirement != null;
            requirement = order.next()) {
          Attempt attempt = new Attempt(this, requirement, hosts);
          String host = requirement.subject().host() + ":" + hosts.port();
          out.add(
              DeliveryPreview.HostPreview.of(
                  requirement,
                  requirement.refusal(recorder.ledger()).map(FailureCause::text).orElse(null),
                  planner.policy().ladder(),
                  recorder.memories().at(host, clock.now()),
                  probes ? attempt.probe() : null,
                  probes));
        }
        yield new DeliveryPreview(nextHop.key(), out, null);
      }
    };
  }

  /**
   * Greets one MX host to which no mail goes now, for the ledger to know it. Empty when it is no MX
   * host any more or has no address.
   */
  Optional<Attempt.ProbeResult> greet(Domain host) throws InterruptedException {
    if (!(planner.plan(nextHop, purpose.destination()) instanceof RoutePlan.PlannedHosts hosts)) {
      return Optional.empty();
    }
    RoutePlan.PlannedHosts alone = hosts.only(host);
    RoundMx mx = hosts.mx();
    if (alone.hosts().isEmpty() || mx == null || !(nextHop instanceof NextHop.ByMx byMx)) {
      return Optional.empty();
    }
    ledger = recorder.ledger().beginProbe(byMx.domain(), mx);
    order = order(alone, Tried.NOTHING);
    HostRequirement requirement = order.next();
    if (requirement == null) {
      return Optional.empty();
    }
    return Optional.ofNullable(new Attempt(this, requirement, alone).probe());
  }

  /**
   * Over all hosts; afterwards the MTA-STS evidence under which a host failed, if there was any.
   */
  private Optional<Evidence.Sts> over(RoutePlan.PlannedHosts plan, Tried before)
      throws InterruptedException {
    List<Attempt> tried = new ArrayList<>();
    Optional<Evidence.Sts> underSts = Optional.empty();
    boolean looked = false;
    order = order(plan, before);
    while (!work.isDone()) {
      HostRequirement requirement = order.next();
      if (requirement == null) {
        break;
      }
      if (requirement.sts().isPresent()) {
        underSts = requirement.sts();
      }
      Attempt attempt = new Attempt(this, requirement, plan);
      attempt.records().demanded();
      Optional<FailureCause> refusal = requirement.refusal(recorder.ledger());
      if (refusal.isPresent()) {
        order.tried(requirement.subject().host());
        work.hostSkipped(refusal.get());
        attempt.records().refused();
        if (requirement.needsProbe() && !looked) {
          looked = true;
          attempt.probeEachFamily();
        }
        continue;
      }
      work.reachedPreference(order.preference());
      visit(attempt, key(requirement, plan));
      tried.add(attempt);
    }
    // More hosts than one round takes: what none of these can do, another one may yet.
    boolean untried = order.hasUntried();
    work.hostsLeft(untried);
    for (Attempt attempt : tried) {
      if (work.isDone() || untried || !work.mayUsePlaintext()) {
        return underSts;
      }
      // RFC 7435 §3 in our order: better TLS elsewhere before plaintext here.
      HostConnection connection = attempt.finalTry();
      if (connection != null) {
        finish(work.runOn(connection), connection, null);
      }
    }
    return underSts;
  }

  private HostOrder order(RoutePlan.PlannedHosts plan, Tried before) {
    return new HostOrder(
        plan.hosts(), before, subject -> planner.requirement(subject, plan, purpose.evidence()));
  }

  /** Idle connections differ in everything that stands here. */
  private String key(HostRequirement requirement, RoutePlan.PlannedHosts plan) {
    return nextHop.key()
        + "|"
        + requirement.subject().host()
        + ":"
        + plan.port()
        + "|"
        + requirement.requirement().key()
        + "|"
        + purpose.needsRequireTls()
        + purpose.connectionUse();
  }

  private void visit(Attempt attempt, String key) throws InterruptedException {
    HostConnection connection = pool.take(key);
    if (connection != null && !attempt.mayReuse(connection)) {
      pool.putBack(key, connection);
      return;
    }
    if (connection != null) {
      purpose.slot().greeted();
      order.tried(connection.hostRequirement().subject().host(), connection.address().getAddress());
      RoundWork.ConnectionResult result = work.runOn(connection);
      finish(result, connection, key);
      if (work.isDone()) {
        return;
      }
      if (result != RoundWork.ConnectionResult.STALE) {
        attempt.exclude(connection.address());
      }
      connection = next(attempt, connection, result);
    } else {
      connection = attempt.open();
    }
    while (connection != null) {
      RoundWork.ConnectionResult result = work.runOn(connection);
      finish(result, connection, key);
      connection = work.isDone() ? null : next(attempt, connection, result);
    }
  }

  /** The next connection at the same host for recipients that are still open, or null. */
  private static @Nullable HostConnection next(
      Attempt attempt, HostConnection last, RoundWork.ConnectionResult result)
      throws InterruptedException {
    switch (result) {
      case MORE -> {
        HostConnection again = attempt.reopen(last);
        if (again != null) {
          return again;
        }
      }
      case OVER_IPV4 -> attempt.excludeIpv6();
      case REUSABLE, CLOSED, NEXT_HOST, STALE -> {}
    }
    return attempt.open();
  }

  private void finish(
      RoundWork.ConnectionResult result, HostConnection connection, @Nullable String key) {
    if (result == RoundWork.ConnectionResult.REUSABLE) {
      if (key == null) {
        // Plaintext that was allowed this once is not kept.
        connection.session().quit();
      } else {
        pool.putBack(key, connection);
      }
    }
  }
}
