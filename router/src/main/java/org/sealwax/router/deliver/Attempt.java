package org.sealwax.router.deliver;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.HostAddresses;
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
import org.sealwax.mail.smtp.session.GreetingResult;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.queue.FailureCause;

/**
 * One try at one host: its addresses, one after the other, and at each of them the fallback ladder.
 * Each connection offers what its step has, the policy decides about what it showed, and the next
 * one is a step lower, until the policy says proceed or nothing more may be tried. One thread owns
 * it.
 */
final class Attempt {
  /**
   * Addresses of one host that are dialled in one round: others wrote the DNS answer, connects take
   * time. The next round begins with the others.
   */
  static final int ADDRESSES = 6;

  private final DeliveryRound round;
  private final RoundWork work;
  private final Policy policy;
  private final HostConnector connector;
  private final HostRequirement host;
  private final Requirement requirement;
  private final RoutePlan.PlannedHosts plan;

  private List<InetSocketAddress> addresses = List.of();
  private final List<InetSocketAddress> left = new ArrayList<>();
  private int atHost;
  private @Nullable HostMemory memory;
  private @Nullable FallbackState lastState;
  private @Nullable Observation lastObservation;
  private String ownAddress = "";
  private @Nullable InetSocketAddress lastAddress;

  Attempt(DeliveryRound round, HostRequirement host, RoutePlan.PlannedHosts plan) {
    this.round = round;
    this.work = round.work();
    this.policy = round.policy();
    this.connector = round.connector();
    this.host = host;
    this.requirement = host.requirement();
    this.plan = plan;
  }

  /**
   * A greeted peer to proceed with, at an address that this attempt has not connected to yet; null
   * when there is none, and then the work has why.
   *
   * @throws InterruptedException when the round is stopped
   */
  @Nullable HostConnection open() throws InterruptedException {
    if (addresses.isEmpty() && !resolve()) {
      return null;
    }
    while (!left.isEmpty() && mayConnect()) {
      LadderResult result = run(left, first(), false);
      left.remove(result.address());
      if (result.connection() != null) {
        return result.connection();
      }
      if (!result.connected()) {
        left.clear();
      }
    }
    return null;
  }

  /** The same at the address of {@code connection}, which has had its share of transactions. */
  @Nullable HostConnection reopen(HostConnection connection) throws InterruptedException {
    return run(List.of(connection.address()), first(), false).connection();
  }

  /**
   * Another address or family of the same host (RFC 5321 5.1), as long as every host left can have
   * its turn.
   */
  private boolean mayConnect() throws InterruptedException {
    return atHost == 0
        || atHost < FallbackLadder.PER_HOST
            && round.connections() + round.order().remaining() < FallbackLadder.PER_DELIVERY - 1;
  }

  /** What was connected to on an idle connection is not tried again. */
  void exclude(InetSocketAddress address) throws InterruptedException {
    if (!addresses.isEmpty() || resolve()) {
      left.remove(address);
    }
  }

  /** The host has refused our IPv6 address. */
  void excludeIpv6() {
    left.removeIf(address -> address.getAddress() instanceof Inet6Address);
  }

  private boolean resolve() throws InterruptedException {
    List<InetAddress> found;
    switch (host.subject().host()) {
      case AddressLiteral literal -> found = List.of(literal.address());
      case Domain name -> {
        HostAddresses answers = connector.addresses(name);
        found = answers.interleaved(Integer.MAX_VALUE);
        if (!answers.isUncertain()) {
          round
              .ledger()
              .addresses(
                  name, !answers.ipv4().records().isEmpty(), !answers.ipv6().records().isEmpty());
        }
        if (found.isEmpty()) {
          noAddress(name, answers);
          return false;
        }
      }
    }
    List<InetSocketAddress> all =
        round.order().untriedFirst(found).stream()
            .map(a -> new InetSocketAddress(a, plan.port()))
            .toList();
    if (plan.byMx() && connector.isOwn(all)) {
      if (round.order().isBest()) {
        work.noHosts(FailureTable.loopsBack(host.subject().nextHop().toString(), host.hostName()));
      }
      round.order().cutAtOwnHost();
      return false;
    }
    addresses = all.subList(0, Math.min(ADDRESSES, all.size()));
    left.addAll(addresses);
    return true;
  }

  private void noAddress(Domain name, HostAddresses answers) {
    round.order().tried(name);
    if (answers.isUncertain()) {
      work.hostSkipped(FailureTable.dns(name.name(), answers.failureReason()).cause());
    } else if (plan.byMx() && plan.implicit()) {
      work.noHosts(FailureTable.noHost(name.name()));
    } else {
      work.hostSkipped(FailureTable.noAddress(name.name()));
    }
  }

  /**
   * One connection in each address family to a host that may not have the mail, for the ledger to
   * see: EHLO is sent, and QUIT without any of the mail. In each, because an attacker may sit on
   * one path, and what only the attacker showed must not be taken for the host's.
   *
   * @throws InterruptedException when the round is stopped
   */
  void probeEachFamily() throws InterruptedException {
    if (!resolve()) {
      return;
    }
    Map<Boolean, List<InetSocketAddress>> families =
        addresses.stream()
            .collect(Collectors.partitioningBy(a -> a.getAddress() instanceof Inet6Address));
    for (boolean six : new boolean[] {true, false}) {
      List<InetSocketAddress> family = families.getOrDefault(six, List.of());
      // One connection less than the bound, so that a look never costs an honest host its turn.
      boolean hasSpace =
          round.connections() + round.order().remaining() + 1 < FallbackLadder.PER_DELIVERY;
      if (hasSpace && !family.isEmpty()) {
        var _ = probe(family);
      }
    }
  }

  /**
   * One connection as the requirement has it, greeted and left; nothing is remembered of it but by
   * the ledger. Null when the host has no address, and then the work has why.
   *
   * @throws InterruptedException when the round is stopped
   */
  @Nullable ProbeResult probe() throws InterruptedException {
    return resolve() ? probe(addresses) : null;
  }

  /** The step at which the next connection begins. */
  FallbackStep first() {
    return policy.ladder().first(requirement, memory());
  }

  private GreetingResult greet(Wire wire, FallbackStep step, SmtpTimeouts times)
      throws InterruptedException {
    ownAddress = wire.local().getAddress().getHostAddress();
    return connector.greet(wire, connector.options(step, host, plan, memory().strongest()), times);
  }

  /** What the host has shown; looked up when a connection is to be made, and not before. */
  private HostMemory memory() {
    HostMemory known = memory;
    if (known == null) {
      known = round.recorder().memories().at(memoryKey(), round.now());
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
        policy.decide(requirement, observation, state.afterAll(round.connections(), round.now()));
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
        : host.markedIfLedgerOnly(cause, policy, observation, state, round.recorder().ledger());
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
      if (!FallbackLadder.hasConnectionsLeft(round.connections())) {
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
        targets.forEach(target -> round.order().tried(host.subject().host(), target.getAddress()));
        round.sample(
            host,
            plan,
            dialed.address(),
            new Observation.Unreachable(dialed.failure()),
            step,
            ownAddress);
        work.hostSkipped(
            FailureTable.policy(DeferReason.CONNECT, dialed.failure(), host.hostName()));
        return new LadderResult(null, dialed.address(), false);
      }
      InetSocketAddress address = dialed.address();
      round.order().tried(host.subject().host(), address.getAddress());
      targets = List.of(address);
      atHost++;
      round.connected();
      long born = round.nanoTime();
      if (plan.byMx()) {
        round.purpose().slot().connected(address.getAddress());
      }
      GreetingResult greeting = greet(wire, step, times);
      if (isGreeted(greeting.observation())) {
        round.purpose().slot().greeted();
      }
      Decision decision = decide(greeting.observation(), step, address, everyHostTried);
      ClientSession dialogue = greeting.session();
      FailureCause skipped = null;
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
        case Decision.NextHost n -> skipped = cause(n, greeting.observation(), address);
        case Decision.WaitForHold w -> skipped = waiting(w);
        case Decision.Defer d -> skipped = weighed(d.reason(), d.text(), address);
      }
      leave(dialogue);
      if (skipped != null) {
        work.hostSkipped(skipped);
        return new LadderResult(null, address, true);
      }
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
        round.purpose().slot().free(targets.stream().map(InetSocketAddress::getAddress).toList());
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
    Duration most = round.purpose().slot().patience(usual.banner());
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
    Instant now = round.now();
    FallbackStep provenBefore = memory().strongest();
    HostMemory after = round.recorder().memories().after(memoryKey(), observation, step, now);
    // Only after a failed handshake do the hosts share the connections that are left.
    int hosts = observation instanceof Observation.HandshakeFailed ? round.order().usable() : 1;
    FallbackState state = state(step, hosts, everyHostTried, now, after);
    round.sample(host, plan, address, observation, step, ownAddress);
    memory = after;
    lastState = state;
    lastObservation = observation;
    lastAddress = address;
    if (policy.ladder().isPlaintextDue(requirement, state)) {
      round.keepOne();
    }
    Decision decision = policy.decide(requirement, observation, state);
    round.log(host, observation, decision, address, provenBefore);
    return decision;
  }

  private FallbackState state(
      FallbackStep step, int hosts, boolean everyHostTried, Instant now, HostMemory shown) {
    return new FallbackState(
        step,
        atHost,
        round.connections(),
        hosts,
        everyHostTried,
        round.keepsOne(),
        round.began(),
        now,
        shown);
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
    round.connected();
    atHost++;
    Set<String> capabilities = Set.of();
    Observation observation;
    if (wire == null) {
      observation = new Observation.Unreachable(dialed.failure());
    } else {
      GreetingResult greeting = greet(wire, step, connector.times());
      observation = greeting.observation();
      ClientSession dialogue = greeting.session();
      if (dialogue != null) {
        capabilities = Set.copyOf(dialogue.capabilities().keywords().keySet());
      }
      leave(dialogue);
    }
    if (!dialed.localFailure()) {
      round.sample(host, plan, dialed.address(), observation, step, ownAddress);
    }
    Instant now = round.now();
    FallbackState state = state(step, 1, false, now, memory().after(observation, step, now));
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
        || !round.purpose().needsRequireTls()
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
