package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.tlsrpt.SessionDiagnosis;
import org.sealwax.router.deliver.HostOrder.Tried;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.LedgerRound;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.TlsLogFields;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.NextHop;

/**
 * One round over the hosts of a next hop: plan, then host by host, idle connections first, and at
 * the end the decision about hosts whose TLS failed. {@link Attempt} goes over the addresses of one
 * host; what its connections show is recorded here. One thread owns it.
 */
final class DeliveryRound {
  /** An argument for an empty ledger, which ignores it. */
  private static final Domain NOWHERE = Domain.of("invalid");

  private static final RoundMx NO_ANSWER = new RoundMx(Set.of(NOWHERE), false, Instant.EPOCH);

  private final SmtpDeliveryAgent agent;
  private final HostConnector connector;
  private final DeliveryRecorder recorder;
  private final Clock clock;
  private final RoundPurpose purpose;
  private final RoundWork work;
  private final NextHop nextHop;
  private final Instant began;
  private int connections;
  private boolean keepsOne;
  private HostOrder order = new HostOrder(List.of(), Tried.NOTHING, DeliveryRound::noHost);
  private LedgerRound ledger = Ledger.empty().beginRound(NOWHERE, NO_ANSWER, false);

  /** A round with the plans, the policy and the idle connections of a delivery agent. */
  DeliveryRound(
      SmtpDeliveryAgent agent,
      HostConnector connector,
      DeliveryRecorder recorder,
      RoundPurpose purpose,
      RoundWork work,
      NextHop nextHop) {
    this.agent = agent;
    this.connector = connector;
    this.recorder = recorder;
    this.clock = agent.clock();
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
    return agent.policy();
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
    switch (agent.plan(nextHop, purpose.destination())) {
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
      Optional<Evidence.Sts> now = agent.recheck(domain);
      if (now.isPresent() && !now.get().state().equals(failed.get().state())) {
        over(hosts, before);
      }
    } finally {
      work.tried(order);
      if (ledger.needsFreshDns() && domain != null) {
        // The next round must not use the answers of a poisoned cache.
        agent.forget(domain);
        hosts.hosts().stream()
            .map(host -> host.subject().host())
            .filter(Domain.class::isInstance)
            .forEach(host -> agent.forget((Domain) host));
      }
    }
  }

  /** Hosts whose evidence is looked up ahead: the first, and the one after it. */
  private static final int AHEAD_HOSTS = 2;

  /** Only looks up the evidence. */
  void prefetch() throws InterruptedException {
    if (agent.plan(nextHop, purpose.destination()) instanceof RoutePlan.PlannedHosts hosts) {
      for (RoutePlan.PlannedHost host : hosts.hosts().stream().limit(AHEAD_HOSTS).toList()) {
        agent.prefetch(host.subject());
      }
    }
  }

  /**
   * The same without mail: what would be demanded of each host, and with {@code probes} what one
   * connection to each shows.
   */
  DeliveryPreview preview(boolean probes) throws InterruptedException {
    return switch (agent.plan(nextHop, purpose.destination())) {
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
                  agent.policy().ladder(),
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
    if (!(agent.plan(nextHop, purpose.destination()) instanceof RoutePlan.PlannedHosts hosts)) {
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
      demanded(requirement);
      Optional<FailureCause> refusal = requirement.refusal(recorder.ledger());
      if (refusal.isPresent()) {
        order.tried(requirement.subject().host());
        work.hostSkipped(refusal.get());
        refused(requirement, plan);
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
        plan.hosts(), before, subject -> agent.requirement(subject, plan, purpose.evidence()));
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
    HostConnection connection = agent.pool().take(key);
    if (connection != null && !attempt.mayReuse(connection)) {
      agent.pool().putBack(key, connection);
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
        agent.pool().putBack(key, connection);
      }
    }
  }

  /**
   * Records what a connection showed: in the ledger, and for the TLS report of the domain.
   *
   * @param ownAddress where the connection came from; empty when there was none
   */
  void sample(
      HostRequirement host,
      RoutePlan.PlannedHosts plan,
      InetSocketAddress address,
      Observation observation,
      FallbackStep step,
      String ownAddress) {
    PolicySubject subject = host.subject();
    if (subject.host() instanceof Domain name) {
      boolean publicRoots = connector.usesPublicRoots(host, plan);
      boolean proven = Policy.isProvenByDane(host.evidence(), observation);
      ledger.observed(
          new HostSample(name, address.getAddress(), observation, step, publicRoots, proven));
    }
    if (isReported(plan) && subject.nextHop() instanceof Domain domain) {
      recorder
          .sessions()
          .session(
              domain,
              SessionDiagnosis.of(
                  host.evidence(),
                  subject,
                  observation,
                  new SessionDiagnosis.SessionEndpoints(
                      ownAddress, address.getAddress().getHostAddress())));
    }
  }

  /** Records for the TLS report of the domain that the host may not be used. */
  private void refused(HostRequirement host, RoutePlan.PlannedHosts plan) {
    if (isReported(plan) && host.subject().nextHop() instanceof Domain domain) {
      recorder
          .sessions()
          .session(
              domain, SessionDiagnosis.refused(host.evidence(), host.subject(), host.lacksDane()));
    }
  }

  private boolean isReported(RoutePlan.PlannedHosts plan) {
    return purpose.isReported() && plan.byMx();
  }

  /** Logs what is demanded of the host, where that is not from the configuration alone. */
  private void demanded(HostRequirement host) {
    if (host.hasEvidenceBeyondConfiguration()) {
      recorder
          .log()
          .demanded(
              purpose.id(),
              host.subject().host().toString(),
              host.requirement().statedLevel().word(),
              host.evidence().stream()
                  .filter(HostRequirement::isLogged)
                  .map(Evidence::origin)
                  .toList());
    }
  }

  /** Logs the TLS facts of a connection, and what follows from them. */
  void log(
      HostRequirement host,
      Observation observation,
      Decision decision,
      InetSocketAddress address,
      @Nullable FallbackStep proven) {
    MailLog log = recorder.log();
    String id = purpose.id();
    String name = host.hostName();
    switch (observation) {
      case Observation.Encrypted e ->
          log.tlsToHost(id, name, address, TlsLogFields.of(e.handshake()));
      case Observation.HandshakeFailed b ->
          log.tlsToHostFailed(id, name, address, b.kind().name(), b.why(), nextStep(decision));
      case Observation.StarttlsRefused r ->
          log.tlsToHostFailed(
              id, name, address, "REFUSED", r.reply().toString(), nextStep(decision));
      case Observation.Injected i ->
          log.tlsToHostFailed(
              id, name, address, "INJECTED", "clear text after 220", nextStep(decision));
      case Observation.Unencrypted c -> {
        if (proven != null && !c.starttlsOffered()) {
          log.tlsToHostFailed(
              id, name, address, "NOT_OFFERED", "TLS was here before", nextStep(decision));
        }
      }
      case Observation.Unreachable u -> {}
      case Observation.RefusedByReply u -> {}
      case Observation.ConnectionLost b -> {}
    }
  }

  private static String nextStep(Decision decision) {
    return switch (decision) {
      case Decision.Proceed p -> "proceed in clear text";
      case Decision.FallBack d -> "rung " + d.to().word();
      case Decision.NextHost n -> "next host";
      case Decision.GoPlaintext c -> "clear text";
      case Decision.WaitForHold w -> "wait until " + w.until();
      case Decision.Defer d -> "defer";
    };
  }
}
