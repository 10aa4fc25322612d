package org.sealwax.router.deliver;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.GreetingResult;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tlsrpt.SessionDiagnosis;
import org.sealwax.router.deliver.HostOrder.Tried;
import org.sealwax.router.deliver.RoundWork.ConnectionResult;
import org.sealwax.router.ledger.LedgerRound;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.NextHop;

/**
 * One round over the hosts of a next hop: host by host, address by address, and at each address
 * down the fallback ladder, until the work is done; idle connections first, and at the end the
 * decision about hosts whose TLS failed. Each connection offers what its step has, the policy
 * decides about what it showed, and the next one is a step lower, until the policy decides to
 * proceed or nothing more may be tried. One thread owns it.
 */
final class DeliveryRound {
  /** Hosts whose evidence is looked up ahead: the first, and the one after it. */
  private static final int AHEAD_HOSTS = 2;

  private final SmtpDeliveryAgent agent;
  final HostConnector connector;
  final DeliveryRecorder recorder;
  final Policy policy;
  final Clock clock;
  final RoundPurpose purpose;
  final RoundWork work;
  private final NextHop nextHop;
  final Instant began;
  RoutePlan.PlannedHosts plan = RoutePlan.PlannedHosts.NONE;
  HostOrder order = new HostOrder(List.of(), Tried.NOTHING, DeliveryRound::noHost);
  LedgerRound ledger = LedgerRound.NONE;
  int connections;

  /** A connection is kept for plaintext, which is due at a host once every other was tried. */
  boolean keepsOne;

  /** A round with the plans, the policy and the idle connections of a delivery agent. */
  DeliveryRound(
      SmtpDeliveryAgent agent,
      HostConnector connector,
      DeliveryRecorder recorder,
      RoundPurpose purpose,
      RoundWork work) {
    this.agent = agent;
    this.connector = connector;
    this.recorder = recorder;
    this.policy = agent.policy;
    this.clock = agent.clock;
    this.purpose = purpose;
    this.work = work;
    this.nextHop = purpose.nextHop();
    this.began = clock.now();
  }

  private static HostRequirement noHost(PolicySubject subject) {
    throw new IllegalStateException("no host was planned");
  }

  /** Plans the hosts; the reason when there are none, or else null. */
  private @Nullable FailureMeaning plan() throws InterruptedException {
    return switch (agent.plan(nextHop, purpose.destination())) {
      case RoutePlan.NoHosts end -> end.meaning();
      case RoutePlan.PlannedHosts hosts -> {
        plan = hosts;
        yield null;
      }
    };
  }

  /** Runs it; afterwards the work is done or has why not. */
  void run() throws InterruptedException {
    FailureMeaning none = plan();
    if (none != null) {
      work.noHosts(none);
      return;
    }
    RoundMx mx = plan.mx();
    Domain domain = nextHop instanceof NextHop.ByMx byMx ? byMx.domain() : null;
    if (mx != null && domain != null) {
      ledger = recorder.ledger().beginRound(domain, mx, purpose.sampleOrigin());
    }
    Tried before = work.triedBefore();
    try {
      Optional<Evidence.Sts> failed = overHosts(before);
      if (failed.isEmpty() || work.isDone() || domain == null) {
        return;
      }
      // RFC 8461 §5.1: before giving up, look whether the policy has changed meanwhile.
      Optional<Evidence.Sts> now = agent.gatherer.recheck(domain);
      if (now.isPresent() && !now.get().state().equals(failed.get().state())) {
        overHosts(before);
      }
    } finally {
      work.tried(order);
      if (ledger.needsFreshDns() && domain != null) {
        // The next round must not use the answers of a poisoned cache.
        agent.gatherer.forget(domain);
        for (RoutePlan.PlannedHost host : plan.hosts()) {
          if (host.subject().host() instanceof Domain name) {
            agent.gatherer.forget(name);
          }
        }
      }
    }
  }

  /** Only looks up the evidence. */
  void prefetch() throws InterruptedException {
    if (plan() == null) {
      for (RoutePlan.PlannedHost host : plan.hosts().stream().limit(AHEAD_HOSTS).toList()) {
        var _ = agent.gatherer.gather(host.subject());
      }
    }
  }

  /**
   * The same without mail: what would be demanded of each host, and with {@code probes} what one
   * connection to each shows.
   */
  DeliveryPreview preview(boolean probes) throws InterruptedException {
    FailureMeaning none = plan();
    if (none != null) {
      return new DeliveryPreview(
          AddressLiteral.shortened(nextHop.key()), List.of(), none.cause().text());
    }
    List<DeliveryPreview.HostPreview> hosts = new ArrayList<>();
    order = order(Tried.NOTHING);
    for (HostRequirement host = order.next(); host != null; host = order.next()) {
      hosts.add(
          DeliveryPreview.HostPreview.of(
              host,
              host.refusal(recorder.ledger()).map(FailureCause::text).orElse(null),
              policy.ladder(),
              recorder.memories().at(memoryKey(host), clock.now()),
              probes ? new Attempt(this, host).probe() : null,
              probes));
    }
    return new DeliveryPreview(AddressLiteral.shortened(nextHop.key()), hosts, null);
  }

  /**
   * Greets one MX host to which no mail goes now, for the ledger to know it. Empty when it is not
   * an MX host any more or has no address.
   */
  Optional<Attempt.ProbeResult> greet(Domain host) throws InterruptedException {
    if (plan() != null || plan.mx() == null || !(nextHop instanceof NextHop.ByMx byMx)) {
      return Optional.empty();
    }
    RoundMx mx = plan.mx();
    plan = plan.only(host);
    if (mx == null || plan.hosts().isEmpty()) {
      return Optional.empty();
    }
    ledger = recorder.ledger().beginRound(byMx.domain(), mx, SampleOrigin.GREETING);
    order = order(Tried.NOTHING);
    HostRequirement requirement = order.next();
    return requirement == null
        ? Optional.empty()
        : Optional.ofNullable(new Attempt(this, requirement).probe());
  }

  private HostOrder order(Tried before) {
    return new HostOrder(
        plan.hosts(), before, subject -> agent.requirement(subject, plan, purpose.evidence()));
  }

  /**
   * Over all hosts; afterwards the MTA-STS evidence under which a host failed, if there was any.
   */
  private Optional<Evidence.Sts> overHosts(Tried before) throws InterruptedException {
    List<Attempt> attempts = new ArrayList<>();
    Optional<Evidence.Sts> underSts = Optional.empty();
    boolean probed = false;
    order = order(before);
    while (!work.isDone()) {
      HostRequirement host = order.next();
      if (host == null) {
        break;
      }
      if (host.sts().isPresent()) {
        underSts = host.sts();
      }
      Attempt attempt = new Attempt(this, host);
      recorder.demanded(purpose, host);
      Optional<FailureCause> refusal = host.refusal(recorder.ledger());
      if (refusal.isPresent()) {
        order.tried(host.subject().host());
        work.hostSkipped(refusal.get());
        if (isReported()) {
          recorder.session(
              host.subject(),
              SessionDiagnosis.refused(host.evidence(), host.subject(), host.lacksDane()));
        }
        if (host.needsProbe() && !probed) {
          probed = true;
          probeEachFamily(attempt);
        }
        continue;
      }
      work.reachedPreference(order.preference());
      overAddresses(attempt);
      attempts.add(attempt);
    }
    // More hosts than one round takes: what none of these can do, another one may yet.
    boolean untried = order.hasUntried();
    work.hostsLeft(untried);
    for (Attempt attempt : attempts) {
      if (work.isDone() || untried || !work.mayUsePlaintext()) {
        break;
      }
      // RFC 7435 §3 in our order: better TLS elsewhere before plaintext here.
      HostConnection connection = finalTry(attempt);
      if (connection != null) {
        // Plaintext that was allowed this once is not kept.
        workOn(connection, null);
      }
    }
    return underSts;
  }

  /** Over the addresses of one host: an idle connection first, then new ones. */
  private void overAddresses(Attempt attempt) throws InterruptedException {
    String key = poolKey(attempt.host);
    HostConnection connection = agent.pool.take(key);
    boolean idle = connection != null;
    if (connection == null) {
      connection = connect(attempt);
    } else if (free(List.of(connection.address())).isEmpty()) {
      work.hostSkipped(FailureCause.busy(connection.logName()));
      agent.pool.putBack(key, connection);
      return;
    } else {
      purpose.slot().greeted();
      order.tried(attempt.host.subject().host(), connection.address().getAddress());
    }
    while (connection != null) {
      ConnectionResult result = workOn(connection, key);
      if (work.isDone()) {
        return;
      }
      if (idle && result != ConnectionResult.STALE && attempt.isResolved()) {
        attempt.left.remove(connection.address());
      }
      idle = false;
      if (result == ConnectionResult.OVER_IPV4) {
        attempt.left.removeIf(address -> address.getAddress() instanceof Inet6Address);
      }
      // A connection that has had its share of transactions has another one at its own address.
      HostConnection again =
          result == ConnectionResult.MORE
              ? downLadder(attempt, List.of(connection.address()), attempt.first(), false)
              : null;
      connection = again == null ? connect(attempt) : again;
    }
  }

  /** Has the work done that can be done on a connection, which is kept under a key or ended. */
  private ConnectionResult workOn(HostConnection connection, @Nullable String key) {
    ConnectionResult result = ConnectionResult.CLOSED;
    try {
      result = work.runOn(connection);
      return result;
    } finally {
      if (result == ConnectionResult.REUSABLE && key != null) {
        agent.pool.putBack(key, connection);
      } else if (result == ConnectionResult.REUSABLE || result == ConnectionResult.MORE) {
        connection.session().quit();
      } else {
        connection.session().closeQuietly();
      }
    }
  }

  /** Idle connections differ in everything that stands here. */
  private String poolKey(HostRequirement host) {
    return nextHop.key()
        + "|"
        + host.subject().host()
        + ":"
        + plan.port()
        + "|"
        + host.requirement().key()
        + "|"
        + purpose.needsRequireTls()
        + purpose.connectionUse();
  }

  /**
   * A greeted peer to proceed with, at an address that this attempt has not connected to yet; null
   * when there is none, and then the work has why. Another address or family of the same host (RFC
   * 5321 5.1) is tried as long as every host left can have its turn.
   */
  private @Nullable HostConnection connect(Attempt attempt) throws InterruptedException {
    if (!attempt.isResolved()) {
      return null;
    }
    while (!attempt.left.isEmpty()
        && (attempt.connections == 0
            || attempt.connections < FallbackLadder.PER_HOST
                && connections + order.remaining() < FallbackLadder.PER_DELIVERY - 1)) {
      HostConnection connection = downLadder(attempt, attempt.left, attempt.first(), false);
      if (connection != null) {
        return connection;
      }
      if (!attempt.reached) {
        attempt.left.clear();
      }
    }
    return null;
  }

  /** The last word about a host, when every other one has been tried: perhaps plaintext. */
  private @Nullable HostConnection finalTry(Attempt attempt) throws InterruptedException {
    Attempt.LastConnection last = attempt.last();
    if (last == null) {
      return null;
    }
    Decision decision =
        policy.decide(
            attempt.host.requirement(),
            last.observation(),
            last.state().afterAll(connections, clock.now()));
    if (decision instanceof Decision.GoPlaintext) {
      return downLadder(attempt, List.of(last.address()), FallbackStep.CLEAR, true);
    }
    // The observed connection is closed; its result does not justify a new one.
    FailureCause cause = decision instanceof Decision.NextHost ? null : attempt.skipped(decision);
    if (cause != null) {
      work.hostSkipped(cause);
    }
    return null;
  }

  /**
   * Goes down the steps from {@code start} on, until the policy decides to proceed, which gives the
   * connection, or no more.
   */
  private @Nullable HostConnection downLadder(
      Attempt attempt, List<InetSocketAddress> choice, FallbackStep start, boolean everyHostTried)
      throws InterruptedException {
    HostRequirement host = attempt.host;
    List<InetSocketAddress> targets = choice;
    FallbackStep step = start;
    while (true) {
      attempt.reached = false;
      if (!FallbackLadder.hasConnectionsLeft(connections)) {
        work.hostSkipped(
            FailureTable.policy(
                DeferReason.LADDER_BOUND,
                FallbackLadder.PER_DELIVERY + " connections were made in this delivery",
                null));
        return null;
      }
      targets = free(targets);
      if (targets.isEmpty()) {
        work.hostSkipped(FailureCause.busy(host.hostName()));
        return null;
      }
      SmtpTimeouts times = greetingTimes();
      HappyEyeballs.Dialed dialed = connector.dial(targets, plan.byMx(), times);
      Wire wire = dialed.wire();
      InetSocketAddress address = dialed.address();
      if (wire == null && dialed.localFailure()) {
        work.hostSkipped(FailureTable.noDescriptors());
        return null;
      }
      if (wire == null) {
        targets.forEach(target -> order.tried(host.subject().host(), target.getAddress()));
        attempt.sample(address, new Observation.Unreachable(dialed.failure()), step);
        work.hostSkipped(
            FailureTable.policy(DeferReason.CONNECT, dialed.failure(), host.hostName()));
        return null;
      }
      order.tried(host.subject().host(), address.getAddress());
      attempt.reached = true;
      attempt.left.remove(address);
      attempt.connections++;
      connections++;
      targets = List.of(address);
      long born = clock.nanoTime();
      if (plan.byMx()) {
        purpose.slot().connected(address.getAddress());
      }
      GreetingResult greeting = attempt.greet(wire, step, times);
      if (Attempt.isGreeted(greeting.observation())) {
        purpose.slot().greeted();
      }
      Decision decision = attempt.decide(greeting.observation(), step, address, everyHostTried);
      ClientSession session = greeting.session();
      FailureCause cause = attempt.skipped(decision);
      switch (decision) {
        case Decision.Proceed p -> {
          if (session == null) {
            throw new IllegalStateException("proceed without a session: " + decision);
          }
          HostConnection connection =
              new HostConnection(
                  session, host, address, p.downgrade(), attempt.hasIpv4Alternative(address), born);
          cause = attempt.unfit(connection);
          if (cause == null) {
            return connection;
          }
        }
        case Decision.FallBack d -> step = d.to();
        case Decision.GoPlaintext c -> step = FallbackStep.CLEAR;
        case Decision.NextHost _, Decision.WaitForHold _, Decision.Defer _ -> {}
      }
      if (session != null) {
        session.quit();
      }
      if (cause != null) {
        work.hostSkipped(cause);
        return null;
      }
    }
  }

  String memoryKey(HostRequirement host) {
    return host.subject().host() + ":" + plan.port();
  }

  /**
   * Those that may be dialled now: an MX address has as many deliveries as it may have, or less.
   */
  private List<InetSocketAddress> free(List<InetSocketAddress> targets) {
    if (!plan.byMx()) {
      return targets;
    }
    List<InetAddress> free =
        purpose.slot().free(targets.stream().map(InetSocketAddress::getAddress).toList());
    return targets.stream().filter(target -> free.contains(target.getAddress())).toList();
  }

  private SmtpTimeouts greetingTimes() {
    SmtpTimeouts usual = connector.times();
    Duration most = purpose.slot().patience(usual.banner());
    return most.compareTo(usual.banner()) < 0 ? usual.untilGreeted(most) : usual;
  }

  /**
   * One connection in each address family to a host that must not get the mail, for the ledger to
   * see: EHLO is sent, and QUIT without any of the mail. In each, because an attacker may sit on
   * one path, and what only the attacker showed must not be taken for the host's.
   */
  private void probeEachFamily(Attempt attempt) throws InterruptedException {
    if (!attempt.resolve()) {
      return;
    }
    Map<Boolean, List<InetSocketAddress>> families =
        attempt.addresses.stream()
            .collect(Collectors.partitioningBy(a -> a.getAddress() instanceof Inet6Address));
    for (boolean six : new boolean[] {true, false}) {
      List<InetSocketAddress> family = families.getOrDefault(six, List.of());
      // One connection less than the bound, so that a probe never costs an honest host its turn.
      if (!family.isEmpty() && connections + order.remaining() + 1 < FallbackLadder.PER_DELIVERY) {
        var _ = attempt.probe(family);
      }
    }
  }

  boolean isReported() {
    return purpose.isReported() && plan.byMx();
  }
}
