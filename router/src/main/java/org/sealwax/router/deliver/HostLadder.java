package org.sealwax.router.deliver;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.GreetingOptions;
import org.sealwax.mail.smtp.session.GreetingResult;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.deliver.DeliveryRound.RoundBudget;
import org.sealwax.router.queue.FailureCause;

/**
 * The fallback ladder at one host: each connection offers what its step has, the policy decides
 * about what it showed, and the next one is a step lower, until the policy says proceed or nothing
 * more may be tried. One thread owns it.
 */
final class HostLadder {
  private final Policy policy;
  private final HostConnector connector;
  private final DeliveryRecorder recorder;
  private final ConnectionRecorder records;
  private final RoundBudget budget;
  private final RoundWork work;
  private final HostRequirement host;
  private final Requirement requirement;
  private final RoutePlan.PlannedHosts plan;

  private List<InetSocketAddress> addresses = List.of();
  private int atHost;
  private @Nullable HostMemory memory;
  private @Nullable FallbackState lastState;
  private @Nullable Observation lastObservation;
  private String ownAddress = "";
  private @Nullable InetSocketAddress lastAddress;

  HostLadder(
      Policy policy,
      HostConnector connector,
      DeliveryRecorder recorder,
      ConnectionRecorder records,
      RoundBudget budget,
      RoundWork work,
      HostRequirement host,
      RoutePlan.PlannedHosts plan) {
    this.policy = policy;
    this.connector = connector;
    this.recorder = recorder;
    this.records = records;
    this.budget = budget;
    this.work = work;
    this.host = host;
    this.requirement = host.requirement();
    this.plan = plan;
  }

  /** The addresses of the host that may be dialled. */
  void resolved(List<InetSocketAddress> found) {
    addresses = found;
  }

  /** Connections to this host so far. */
  int atHost() {
    return atHost;
  }

  /** The step at which the next connection begins. */
  FallbackStep first() {
    return policy.ladder().first(requirement, memory());
  }

  private GreetingOptions options(FallbackStep step) {
    return connector.options(step, host, plan, memory().strongest());
  }

  /** What the host has shown; looked up when a connection is to be made, and not before. */
  private HostMemory memory() {
    HostMemory known = memory;
    if (known == null) {
      known = recorder.memories().at(memoryKey(), budget.now());
      memory = known;
    }
    return known;
  }

  private String memoryKey() {
    return host.subject().host() + ":" + plan.port();
  }

  /** The last word about this host, when every other one has been tried: perhaps plaintext. */
  @Nullable HostConnection finalTry() throws InterruptedException {
    FallbackState state = lastState;
    Observation observation = lastObservation;
    InetSocketAddress address = lastAddress;
    if (state == null || observation == null || address == null) {
      return null;
    }
    Decision decision =
        policy.decide(requirement, observation, state.afterAll(budget.connections(), budget.now()));
    return switch (decision) {
      case Decision.GoPlaintext c -> run(List.of(address), FallbackStep.CLEAR, true).connection();
      case Decision.WaitForHold w -> {
        work.hostSkipped(waiting(w));
        yield null;
      }
      case Decision.Defer d -> {
        work.hostSkipped(weighed(d.reason(), d.text(), address));
        yield null;
      }
      case Decision.NextHost n -> null;
      case Decision.FallBack d -> null;
      // The connection that was seen is gone; what it showed is no ground for a new one.
      case Decision.Proceed p -> null;
    };
  }

  private FailureCause waiting(Decision.WaitForHold wait) {
    return weighed(
            wait.reason(), wait.text() + "; clear text not before " + wait.until(), lastAddress)
        .until(wait.until());
  }

  private FailureCause weighed(
      DeferReason reason, String text, @Nullable InetSocketAddress address) {
    FailureCause cause = FailureTable.policy(reason, text, requirement, host.label(address));
    FallbackState state = lastState;
    Observation observation = lastObservation;
    return state == null || observation == null
        ? cause
        : host.markedIfLedgerOnly(cause, policy, observation, state, recorder.ledger());
  }

  /** The result of the fallback steps at one host. */
  record LadderResult(
      @Nullable HostConnection connection, InetSocketAddress address, boolean connected) {}

  /** Goes down the steps from {@code start} on, until the policy says proceed or no more. */
  LadderResult run(List<InetSocketAddress> choice, FallbackStep start, boolean everyHostTried)
      throws InterruptedException {
    List<InetSocketAddress> targets = choice;
    FallbackStep step = start;
    while (true) {
      if (!FallbackLadder.hasConnectionsLeft(budget.connections())) {
        work.hostSkipped(
            FailureTable.policy(
                DeferReason.LADDER_BOUND,
                FallbackLadder.PER_DELIVERY + " connections were made in this delivery",
                null));
        return new LadderResult(null, targets.getFirst(), false);
      }
      targets = free(targets);
      if (targets.isEmpty()) {
        work.hostSkipped(FailureCause.busy(host.hostName()));
        return new LadderResult(null, choice.getFirst(), false);
      }
      SmtpTimeouts times = greetingTimes();
      HappyEyeballs.Dialed dialed = connector.dial(targets, plan.byMx(), times);
      Wire wire = dialed.wire();
      if (wire == null && dialed.localFailure()) {
        work.hostSkipped(FailureTable.noDescriptors());
        return new LadderResult(null, dialed.address(), false);
      }
      if (wire == null) {
        targets.forEach(target -> budget.order().tried(host.subject().host(), target.getAddress()));
        records.sample(
            dialed.address(), new Observation.Unreachable(dialed.failure()), step, ownAddress);
        work.hostSkipped(
            FailureTable.policy(DeferReason.CONNECT, dialed.failure(), host.hostName()));
        return new LadderResult(null, dialed.address(), false);
      }
      InetSocketAddress address = dialed.address();
      budget.order().tried(host.subject().host(), address.getAddress());
      targets = List.of(address);
      atHost++;
      budget.connected();
      long born = budget.nanoTime();
      ownAddress = wire.local().getAddress().getHostAddress();
      if (plan.byMx()) {
        work.slot().connected(address.getAddress());
      }
      GreetingResult greeting = connector.greet(wire, options(step), times);
      if (isGreeted(greeting.observation())) {
        work.slot().greeted();
      }
      Decision decision = decide(greeting.observation(), step, address, everyHostTried);
      ClientSession dialogue = greeting.session();
      switch (decision) {
        case Decision.Proceed p -> {
          if (dialogue == null) {
            throw new IllegalStateException("proceed without a dialogue: " + decision);
          }
          HostConnection connection =
              new HostConnection(
                  dialogue,
                  host,
                  address,
                  host.label(address),
                  p.downgrade(),
                  hasIpv4Alternative(address),
                  born);
          return new LadderResult(
              knowsRequireTls(connection) ? known(connection) : null, address, true);
        }
        case Decision.FallBack d -> step = d.to();
        case Decision.GoPlaintext c -> step = FallbackStep.CLEAR;
        case Decision.NextHost n -> {
          work.hostSkipped(cause(n, greeting.observation(), address));
          leave(dialogue);
          return new LadderResult(null, address, true);
        }
        case Decision.WaitForHold w -> {
          work.hostSkipped(waiting(w));
          leave(dialogue);
          return new LadderResult(null, address, true);
        }
        case Decision.Defer d -> {
          work.hostSkipped(weighed(d.reason(), d.text(), address));
          leave(dialogue);
          return new LadderResult(null, address, true);
        }
      }
      leave(dialogue);
    }
  }

  /**
   * Those that may be dialled now: an MX address has as many deliveries as it may have, or less.
   */
  private List<InetSocketAddress> free(List<InetSocketAddress> targets) {
    if (!plan.byMx()) {
      return targets;
    }
    List<InetAddress> free =
        work.slot().free(targets.stream().map(InetSocketAddress::getAddress).toList());
    return targets.stream().filter(t -> free.contains(t.getAddress())).toList();
  }

  /** Whether an idle connection may be used now; else the work has the reason. */
  boolean mayReuse(HostConnection idle) {
    if (free(List.of(idle.address())).isEmpty()) {
      work.hostSkipped(FailureCause.busy(idle.logName()));
      return false;
    }
    return true;
  }

  private SmtpTimeouts greetingTimes() {
    SmtpTimeouts usual = connector.times();
    Duration most = work.slot().patience(usual.banner());
    return most.compareTo(usual.banner()) < 0 ? usual.untilGreeted(most) : usual;
  }

  /** Whether the host gave its banner and took our EHLO. */
  private static boolean isGreeted(Observation observation) {
    return switch (observation) {
      case Observation.Unreachable u -> false;
      case Observation.RefusedByReply u -> u.stage() == Observation.GreetingStage.EHLO_AGAIN;
      case Observation.ConnectionLost b -> false;
      case Observation.Unencrypted c -> true;
      case Observation.StarttlsRefused r -> true;
      case Observation.Injected i -> true;
      case Observation.HandshakeFailed h -> true;
      case Observation.Encrypted e -> true;
    };
  }

  private static void leave(@Nullable ClientSession dialogue) {
    if (dialogue != null) {
      dialogue.quit();
    }
  }

  private boolean hasIpv4Alternative(InetSocketAddress address) {
    return address.getAddress() instanceof Inet6Address
        && addresses.stream().anyMatch(a -> a.getAddress() instanceof Inet4Address);
  }

  private Decision decide(
      Observation observation, FallbackStep step, InetSocketAddress address, boolean everyHostTried)
      throws InterruptedException {
    Instant now = budget.now();
    FallbackStep provenBefore = memory().strongest();
    HostMemory after = recorder.memories().after(memoryKey(), observation, step, now);
    FallbackState state =
        new FallbackState(
            step,
            atHost,
            budget.connections(),
            // Only after a failed handshake do the hosts share the connections that are left.
            observation instanceof Observation.HandshakeFailed ? budget.order().usable() : 1,
            everyHostTried,
            budget.keepsOne(),
            budget.began(),
            now,
            after);
    records.sample(address, observation, step, ownAddress);
    memory = after;
    lastState = state;
    lastObservation = observation;
    lastAddress = address;
    if (policy.ladder().isPlaintextDue(requirement, state)) {
      budget.keepOne();
    }
    Decision decision = policy.decide(requirement, observation, state);
    records.log(observation, decision, address, provenBefore);
    return decision;
  }

  /**
   * The result of one probe connection.
   *
   * @param address where
   * @param observation what
   * @param decision what would be done after it in a first round
   * @param capabilities keywords after TLS, or as far as it went
   */
  record ProbeResult(
      InetSocketAddress address,
      Observation observation,
      Decision decision,
      Set<String> capabilities) {}

  /**
   * One connection at the first step, greeted and left; nothing is remembered of it but by the
   * ledger.
   */
  ProbeResult probe(List<InetSocketAddress> family) throws InterruptedException {
    FallbackStep step = policy.ladder().first(requirement, memory());
    HappyEyeballs.Dialed dialed = connector.dial(family, plan.byMx(), connector.times());
    Wire wire = dialed.wire();
    budget.connected();
    atHost++;
    Set<String> capabilities = Set.of();
    Observation observation;
    if (wire == null) {
      observation = new Observation.Unreachable(dialed.failure());
    } else {
      ownAddress = wire.local().getAddress().getHostAddress();
      GreetingResult greeting = connector.greet(wire, options(step), connector.times());
      observation = greeting.observation();
      ClientSession dialogue = greeting.session();
      if (dialogue != null) {
        capabilities = Set.copyOf(dialogue.capabilities().keywords().keySet());
      }
      leave(dialogue);
    }
    if (!dialed.localFailure()) {
      records.sample(dialed.address(), observation, step, ownAddress);
    }
    Instant now = budget.now();
    FallbackState state =
        new FallbackState(
            step,
            atHost,
            budget.connections(),
            1,
            false,
            budget.keepsOne(),
            budget.began(),
            now,
            memory().after(observation, step, now));
    return new ProbeResult(
        dialed.address(),
        observation,
        policy.decide(requirement, observation, state),
        capabilities);
  }

  private FailureCause cause(
      Decision.NextHost next, Observation observation, InetSocketAddress address) {
    FailureCause cause = weighed(next.reason(), next.text(), address);
    return observation instanceof Observation.RefusedByReply u
        ? new FailureCause(
            cause.reason(), cause.status(), cause.text(), cause.host(), u.reply(), cause.scope())
        : cause;
  }

  /** RFC 8689 §4.2.1, step 5: the reply to EHLO after TLS counts. */
  private boolean knowsRequireTls(HostConnection connection) {
    if (!requirement.requireTls()
        || !work.needsRequireTls()
        || connection.session().capabilities().offersRequireTls()) {
      return true;
    }
    work.hostSkipped(
        FailureTable.policy(
            DeferReason.REQUIRETLS_MISSING,
            "does not offer REQUIRETLS, which the sender demands",
            requirement,
            connection.logName()));
    connection.session().quit();
    return false;
  }

  /** Authenticates where the route has credentials; null (and the work has why) when that fails. */
  private @Nullable HostConnection known(HostConnection connection) {
    FailureCause cause = connector.authenticate(connection, plan);
    if (cause == null) {
      return connection;
    }
    work.hostSkipped(cause);
    connection.session().quit();
    return null;
  }
}
