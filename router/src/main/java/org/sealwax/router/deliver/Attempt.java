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
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.Greeting;
import org.sealwax.mail.smtp.session.GreetingOptions;
import org.sealwax.mail.smtp.session.GreetingResult;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tlsrpt.SessionDiagnosis;
import org.sealwax.router.deliver.DeliveryRound.RoundBudget;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.ledger.LedgerRound;
import org.sealwax.router.queue.FailureCause;

/**
 * One try at one host: connections down the ladder until the policy says proceed about one of them,
 * or nothing more may be tried. One thread owns it.
 */
final class Attempt {
  /**
   * Addresses of one host that are dialled in one round: the DNS answer is a stranger's, connects
   * take time. The next round begins with the others.
   */
  static final int ADDRESSES = 6;

  private final RoundEnvironment environment;
  private final RoundBudget budget;
  private final RoundWork work;
  private final HostRequirement hostRequirement;
  private final LedgerRound round;
  private final PolicySubject subject;
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

  Attempt(
      RoundEnvironment environment,
      RoundBudget budget,
      RoundWork work,
      HostRequirement requirement,
      LedgerRound round,
      RoutePlan.PlannedHosts plan) {
    this.environment = environment;
    this.budget = budget;
    this.work = work;
    this.hostRequirement = requirement;
    this.round = round;
    this.subject = requirement.subject();
    this.requirement = requirement.requirement();
    this.plan = plan;
  }

  /** What the host has shown; looked up when a connection is to be made, and not before. */
  private HostMemory memory() {
    HostMemory known = memory;
    if (known == null) {
      known = environment.memories().at(memoryKey(), environment.clock().now());
      memory = known;
    }
    return known;
  }

  private String memoryKey() {
    return subject.host() + ":" + plan.port();
  }

  /**
   * A greeted peer to proceed with, at an address that this attempt has not connected to yet; null
   * when there is none, and then the work was told why.
   *
   * @throws InterruptedException when the round is stopped
   */
  @Nullable HostConnection open() throws InterruptedException {
    if (addresses.isEmpty() && !resolve()) {
      return null;
    }
    while (!left.isEmpty() && mayConnect()) {
      LadderResult result =
          tryLadder(left, environment.policy().ladder().first(requirement, memory()), false);
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
    return tryLadder(
            List.of(connection.address()),
            environment.policy().ladder().first(requirement, memory()),
            false)
        .connection();
  }

  /**
   * Another address or family of the same host (RFC 5321 5.1), as long as every host left can have
   * its turn.
   */
  private boolean mayConnect() throws InterruptedException {
    return atHost == 0
        || atHost < FallbackLadder.PER_HOST
            && budget.connections() + budget.order().remaining() < FallbackLadder.PER_DELIVERY - 1;
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

  /** The last word about this host, when every other one has been tried: perhaps clear text. */
  @Nullable HostConnection finalTry() throws InterruptedException {
    FallbackState state = lastState;
    Observation observation = lastObservation;
    InetSocketAddress address = lastAddress;
    if (state == null || observation == null || address == null) {
      return null;
    }
    Decision decision =
        environment
            .policy()
            .decide(
                requirement,
                observation,
                state.afterAll(budget.connections(), environment.clock().now()));
    return switch (decision) {
      case Decision.GoPlaintext c ->
          tryLadder(List.of(address), FallbackStep.CLEAR, true).connection();
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
    FailureCause cause = FailureTable.policy(reason, text, requirement, label(address));
    FallbackState state = lastState;
    Observation observation = lastObservation;
    return state == null || observation == null
        ? cause
        : hostRequirement.markedIfLedgerOnly(
            cause, environment.policy(), observation, state, environment.sources().ledger());
  }

  private boolean resolve() throws InterruptedException {
    List<InetAddress> found;
    switch (subject.host()) {
      case AddressLiteral literal -> found = List.of(literal.address());
      case Domain host -> {
        HostAddresses answers =
            HostAddresses.of(
                environment.resolver(),
                host,
                new HostAddresses.Families(
                    environment.settings().ipv4(), environment.settings().ipv6()));
        found = answers.interleaved(Integer.MAX_VALUE);
        if (!answers.isUncertain()) {
          round.addresses(
              host, !answers.ipv4().records().isEmpty(), !answers.ipv6().records().isEmpty());
        }
        if (found.isEmpty()) {
          noAddress(host, answers);
          return false;
        }
      }
    }
    List<InetSocketAddress> all =
        budget.order().untriedFirst(found).stream()
            .map(a -> new InetSocketAddress(a, plan.port()))
            .toList();
    if (plan.byMx() && all.stream().anyMatch(environment.settings().ownEndpoints()::contains)) {
      if (budget.order().isBest()) {
        work.noHosts(FailureTable.loopsBack(subject.nextHop().toString(), hostName()));
      }
      budget.order().cutAtOwnHost();
      return false;
    }
    addresses = all.subList(0, Math.min(ADDRESSES, all.size()));
    left.addAll(addresses);
    return true;
  }

  private void noAddress(Domain host, HostAddresses answers) {
    budget.order().tried(host);
    if (answers.isUncertain()) {
      work.hostSkipped(FailureTable.dns(host.name(), answers.failureReason()).cause());
    } else if (plan.byMx() && plan.implicit()) {
      work.noHosts(FailureTable.noHost(host.name()));
    } else {
      work.hostSkipped(FailureTable.noAddress(host.name()));
    }
  }

  /** The result of the fallback steps at one host. */
  private record LadderResult(
      @Nullable HostConnection connection, InetSocketAddress address, boolean connected) {}

  private LadderResult tryLadder(
      List<InetSocketAddress> choice, FallbackStep start, boolean everyHostTried)
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
        work.hostSkipped(FailureCause.busy(hostName()));
        return new LadderResult(null, choice.getFirst(), false);
      }
      SmtpTimeouts times = greetingTimes();
      HappyEyeballs.Dialed dialed = dialing(times).first(targets);
      Wire wire = dialed.wire();
      if (wire == null && dialed.localFailure()) {
        work.hostSkipped(FailureTable.noDescriptors());
        return new LadderResult(null, dialed.address(), false);
      }
      if (wire == null) {
        targets.forEach(target -> budget.order().tried(subject.host(), target.getAddress()));
        recordSample(dialed.address(), new Observation.Unreachable(dialed.failure()), step);
        work.hostSkipped(FailureTable.policy(DeferReason.CONNECT, dialed.failure(), hostName()));
        return new LadderResult(null, dialed.address(), false);
      }
      InetSocketAddress address = dialed.address();
      budget.order().tried(subject.host(), address.getAddress());
      targets = List.of(address);
      atHost++;
      budget.connected();
      long born = environment.clock().nanoTime();
      ownAddress = wire.local().getAddress().getHostAddress();
      if (plan.byMx()) {
        work.slot().connected(address.getAddress());
      }
      GreetingResult greeting =
          new Greeting(environment.greeting().tls(), times).greet(wire, approach(step));
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
                  hostRequirement,
                  address,
                  label(address),
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
    SmtpTimeouts usual = environment.greeting().times();
    Duration most = work.slot().patience(usual.banner());
    return most.compareTo(usual.banner()) < 0 ? usual.untilGreeted(most) : usual;
  }

  private HappyEyeballs dialing(SmtpTimeouts times) {
    return new HappyEyeballs(
        environment.dialer(plan.byMx()), environment.settings(), times.connect());
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
    Instant now = environment.clock().now();
    FallbackStep provenBefore = memory().strongest();
    HostMemory after = environment.memories().after(memoryKey(), observation, step, now);
    FallbackState state =
        new FallbackState(
            step,
            atHost,
            budget.connections(),
            // Only where a handshake broke do the hosts share what connections are left.
            observation instanceof Observation.HandshakeFailed ? budget.order().usable() : 1,
            everyHostTried,
            budget.keepsOne(),
            budget.began(),
            now,
            after);
    recordSample(address, observation, step);
    memory = after;
    lastState = state;
    lastObservation = observation;
    lastAddress = address;
    if (environment.policy().ladder().isPlaintextDue(requirement, state)) {
      budget.keepOne();
    }
    Decision decision = environment.policy().decide(requirement, observation, state);
    log(observation, decision, address, provenBefore);
    return decision;
  }

  /** The ledger hears of every connection, whatever becomes of it. */
  private void recordSample(InetSocketAddress address, Observation observation, FallbackStep step) {
    if (subject.host() instanceof Domain host) {
      boolean publicRoots =
          references().roots().equals(environment.roots().get(IdentityRequirement.PUBLIC_ROOTS));
      boolean proven = Policy.isProvenByDane(hostRequirement.evidence(), observation);
      round.observed(
          new HostSample(host, address.getAddress(), observation, step, publicRoots, proven));
    }
    if (work.isReported() && plan.byMx() && subject.nextHop() instanceof Domain domain) {
      environment
          .sources()
          .sessionListener()
          .session(
              domain,
              SessionDiagnosis.of(
                  hostRequirement.evidence(),
                  subject,
                  observation,
                  new SessionDiagnosis.SessionEndpoints(
                      ownAddress, address.getAddress().getHostAddress())));
    }
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
   * One connection in each address family to a host that may not have the mail, for the ledger to
   * see: greeted, and left without a word of the mail. In each, because an attacker may sit on one
   * path, and what only he showed must not be taken for the host's.
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
          budget.connections() + budget.order().remaining() + 1 < FallbackLadder.PER_DELIVERY;
      if (hasSpace && !family.isEmpty()) {
        probe(family);
      }
    }
  }

  /**
   * One connection as the requirement has it, greeted and left; nothing is remembered of it but by
   * the ledger. Null when the host has no address, and the errand was told.
   *
   * @throws InterruptedException when the round is stopped
   */
  @Nullable ProbeResult probe() throws InterruptedException {
    return resolve() ? probe(addresses) : null;
  }

  private ProbeResult probe(List<InetSocketAddress> family) throws InterruptedException {
    FallbackStep step = environment.policy().ladder().first(requirement, memory());
    HappyEyeballs.Dialed dialed = dialing(environment.greeting().times()).first(family);
    Wire wire = dialed.wire();
    budget.connected();
    atHost++;
    Set<String> capabilities = Set.of();
    Observation observation;
    if (wire == null) {
      observation = new Observation.Unreachable(dialed.failure());
    } else {
      ownAddress = wire.local().getAddress().getHostAddress();
      GreetingResult greeting = environment.greeting().greet(wire, approach(step));
      observation = greeting.observation();
      ClientSession dialogue = greeting.session();
      if (dialogue != null) {
        capabilities = Set.copyOf(dialogue.capabilities().keywords().keySet());
      }
      leave(dialogue);
    }
    if (!dialed.localFailure()) {
      recordSample(dialed.address(), observation, step);
    }
    Instant now = environment.clock().now();
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
        environment.policy().decide(requirement, observation, state),
        capabilities);
  }

  private void log(
      Observation observation,
      Decision decision,
      InetSocketAddress address,
      @Nullable FallbackStep proven) {
    String host = hostName();
    switch (observation) {
      case Observation.Encrypted e ->
          environment.log().tlsToHost(work.id(), host, address, TlsLogText.facts(e.handshake()));
      case Observation.HandshakeFailed b ->
          environment
              .log()
              .tlsToHostFailed(work.id(), host, address, b.kind().name(), b.why(), next(decision));
      case Observation.StarttlsRefused r ->
          environment
              .log()
              .tlsToHostFailed(
                  work.id(), host, address, "REFUSED", r.reply().toString(), next(decision));
      case Observation.Injected i ->
          environment
              .log()
              .tlsToHostFailed(
                  work.id(), host, address, "INJECTED", "clear text after 220", next(decision));
      case Observation.Unencrypted c -> {
        if (proven != null && !c.starttlsOffered()) {
          environment
              .log()
              .tlsToHostFailed(
                  work.id(), host, address, "NOT_OFFERED", "TLS was here before", next(decision));
        }
      }
      case Observation.Unreachable u -> {}
      case Observation.RefusedByReply u -> {}
      case Observation.ConnectionLost b -> {}
    }
  }

  private static String next(Decision decision) {
    return switch (decision) {
      case Decision.Proceed p -> "proceed in clear text";
      case Decision.FallBack d -> "rung " + d.to().word();
      case Decision.NextHost n -> "next host";
      case Decision.GoPlaintext c -> "clear text";
      case Decision.WaitForHold w -> "wait until " + w.until();
      case Decision.Defer d -> "defer";
    };
  }

  private FailureCause cause(
      Decision.NextHost next, Observation observation, InetSocketAddress address) {
    FailureCause cause = weighed(next.reason(), next.text(), address);
    return observation instanceof Observation.RefusedByReply u
        ? new FailureCause(
            cause.reason(), cause.status(), cause.text(), cause.host(), u.reply(), cause.scope())
        : cause;
  }

  /** RFC 8689 §4.2.1, step 5: what was said after TLS counts. */
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

  /** Says who we are where the route has credentials; null (and the errand told) when we cannot. */
  private @Nullable HostConnection known(HostConnection connection) {
    RouteSettings route = plan.route();
    if (route == null || route.credentials() == null) {
      return connection;
    }
    FailureCause cause =
        new ClientAuthentication(
                route.credentials(), environment.random(), environment.settings().times())
            .with(connection);
    if (cause == null) {
      return connection;
    }
    work.hostSkipped(cause);
    connection.session().quit();
    return null;
  }

  /** As Postfix has it in {@code relay=}: a literal without its brackets, which come after it. */
  private String hostName() {
    return switch (subject.host()) {
      case Domain domain -> domain.name();
      case AddressLiteral literal -> literal.address().getHostAddress();
    };
  }

  private String label(@Nullable InetSocketAddress address) {
    String host = hostName();
    return address == null
        ? host
        : host + "[" + address.getAddress().getHostAddress() + "]:" + address.getPort();
  }

  private GreetingOptions approach(FallbackStep step) {
    RouteSettings route = plan.route();
    GreetingOptions.TlsMode tlsMode =
        route != null && route.implicitTls()
            ? GreetingOptions.TlsMode.IMPLICIT
            : step == FallbackStep.CLEAR
                ? GreetingOptions.TlsMode.CLEAR
                : GreetingOptions.TlsMode.STARTTLS;
    return new GreetingOptions(environment.settings().ehlo(), tlsMode, offer(step));
  }

  private ClientOffer offer(FallbackStep step) {
    DeliverySettings settings = environment.settings();
    Requirement.TlsPresentation manner = requirement.presentation();
    Domain own = subject.host() instanceof Domain d ? d : null;
    FallbackStep proven = memory().strongest();
    boolean extras = step == FallbackStep.FULL || step == FallbackStep.CLASSICAL;
    return new ClientOffer(
        manner.serverName() != null ? manner.serverName() : own,
        requirement.floor(),
        step == FallbackStep.TLS12 ? TlsVersion.TLS_1_2 : TlsVersion.TLS_1_3,
        settings.hybrid() && step == FallbackStep.FULL,
        settings.tickets() && extras,
        step == FallbackStep.COMPATIBLE,
        settings.clientCertificate() && manner.clientCertificate() && extras,
        step == FallbackStep.TLS12 && proven != null && step.isBelow(proven),
        references(),
        subject.nextHop() + " " + memoryKey() + " " + requirement.key());
  }

  /** A host that the admin named is judged by its name, also where nothing is demanded. */
  private ReferenceIdentity references() {
    List<Domain> named =
        !plan.byMx() && subject.host() instanceof Domain host ? List.of(host) : List.of();
    return requirement.references(named, environment.roots());
  }
}
