package org.sealwax.router.deliver;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.GreetingResult;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tlsrpt.SessionDiagnosis;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.queue.FailureCause;

/**
 * One try at one host: its addresses, what each connection has shown, and what the policy decides
 * about it. {@link DeliveryRound} has the order of the connections. One thread owns it.
 */
final class Attempt {
  /**
   * Addresses of one host that are dialled in one round: others wrote the DNS answer, connects take
   * time. The next round begins with the others.
   */
  static final int ADDRESSES = 6;

  private final DeliveryRound round;
  private final Policy policy;
  final HostRequirement host;
  List<InetSocketAddress> addresses = List.of();

  /** The addresses that this attempt has not connected to yet. */
  final List<InetSocketAddress> left = new ArrayList<>();

  int connections;

  /** Whether the last dial reached an address. */
  boolean reached;

  private String ownAddress = "";
  private @Nullable HostMemory memory;
  private @Nullable LastConnection last;

  /**
   * The last connection to a host.
   *
   * @param state of the ladder after it
   * @param observation what it showed
   * @param address where it went
   */
  record LastConnection(FallbackState state, Observation observation, InetSocketAddress address) {}

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

  Attempt(DeliveryRound round, HostRequirement host) {
    this.round = round;
    this.policy = round.policy;
    this.host = host;
  }

  /** The last connection; null when none was made. */
  @Nullable LastConnection last() {
    return last;
  }

  /** Whether addresses are known; looks them up, and when there are none the work has why. */
  boolean isResolved() throws InterruptedException {
    return !addresses.isEmpty() || resolve();
  }

  boolean resolve() throws InterruptedException {
    List<InetAddress> found;
    switch (host.subject().host()) {
      case AddressLiteral literal -> found = List.of(literal.address());
      case Domain name -> {
        HostAddresses answers = round.connector.addresses(name);
        found = answers.interleaved(Integer.MAX_VALUE);
        if (!answers.isUncertain()) {
          round.ledger.addresses(
              name, !answers.ipv4().records().isEmpty(), !answers.ipv6().records().isEmpty());
        }
        if (found.isEmpty()) {
          round.order.tried(name);
          if (answers.isUncertain()) {
            round.work.hostSkipped(FailureTable.dns(name.name(), answers.failureReason()).cause());
          } else if (round.plan.byMx() && round.plan.implicit()) {
            round.work.noHosts(FailureTable.noHost(name.name()));
          } else {
            round.work.hostSkipped(FailureTable.noAddress(name.name()));
          }
          return false;
        }
      }
    }
    List<InetSocketAddress> all =
        round.order.untriedFirst(found).stream()
            .map(address -> new InetSocketAddress(address, round.plan.port()))
            .toList();
    if (round.plan.byMx() && round.connector.isOwn(all)) {
      if (round.order.isBest()) {
        round.work.noHosts(
            FailureTable.loopsBack(host.subject().nextHop().toString(), host.hostName()));
      }
      round.order.cutAtOwnHost();
      return false;
    }
    addresses = all.subList(0, Math.min(ADDRESSES, all.size()));
    left.addAll(addresses);
    return true;
  }

  /** The step at which the next connection begins. */
  FallbackStep first() {
    return policy.ladder().first(host.requirement(), memory());
  }

  private HostMemory memory() {
    HostMemory known = memory;
    if (known == null) {
      known = round.recorder.memories().at(round.memoryKey(host), round.clock.now());
      memory = known;
    }
    return known;
  }

  /** Greets the host with the offer of a step. */
  GreetingResult greet(Wire wire, FallbackStep step, SmtpTimeouts times)
      throws InterruptedException {
    ownAddress = wire.local().getAddress().getHostAddress();
    return round.connector.greet(
        wire, round.connector.options(step, host, round.plan, memory().strongest()), times);
  }

  /** Whether the host gave its banner and took our EHLO. */
  static boolean isGreeted(Observation observation) {
    return switch (observation) {
      case Observation.Unreachable u -> false;
      case Observation.RefusedByReply u -> u.stage() == Observation.GreetingStage.EHLO_AGAIN;
      case Observation.ConnectionLost b -> false;
      case Observation.Unencrypted _, Observation.StarttlsRefused _, Observation.Injected _ -> true;
      case Observation.HandshakeFailed _, Observation.Encrypted _ -> true;
    };
  }

  /**
   * Records what a connection showed, and decides.
   *
   * @param everyHostTried whether this is the last word about the host
   */
  Decision decide(
      Observation observation, FallbackStep step, InetSocketAddress address, boolean everyHostTried)
      throws InterruptedException {
    Instant now = round.clock.now();
    FallbackStep provenBefore = memory().strongest();
    HostMemory after =
        round.recorder.memories().after(round.memoryKey(host), observation, step, now);
    // Only after a failed handshake do the hosts share the connections that are left.
    int hosts = observation instanceof Observation.HandshakeFailed ? round.order.usable() : 1;
    FallbackState state = state(step, hosts, everyHostTried, now, after);
    sample(address, observation, step);
    memory = after;
    last = new LastConnection(state, observation, address);
    round.keepsOne |= policy.ladder().isPlaintextDue(host.requirement(), state);
    Decision decision = policy.decide(host.requirement(), observation, state);
    round.recorder.tls(round.purpose, host, observation, decision, address, provenBefore);
    return decision;
  }

  /** Whether this is IPv6, and the host has IPv4 addresses that we could use as well. */
  boolean hasIpv4Alternative(InetSocketAddress address) {
    return address.getAddress() instanceof Inet6Address
        && addresses.stream().anyMatch(a -> a.getAddress() instanceof Inet4Address);
  }

  private FallbackState state(
      FallbackStep step, int hosts, boolean everyHostTried, Instant now, HostMemory shown) {
    return new FallbackState(
        step,
        connections,
        round.connections,
        hosts,
        everyHostTried,
        round.keepsOne,
        round.began,
        now,
        shown);
  }

  /** Why a host is passed over for its last connection; null when something else follows. */
  @Nullable FailureCause skipped(Decision decision) {
    return switch (decision) {
      case Decision.NextHost n -> {
        FailureCause cause = failure(n.reason(), n.text());
        yield last != null && last.observation() instanceof Observation.RefusedByReply u
            ? new FailureCause(
                cause.reason(),
                cause.status(),
                cause.text(),
                cause.host(),
                u.reply(),
                cause.scope())
            : cause;
      }
      case Decision.WaitForHold w ->
          failure(
                  w.reason(),
                  w.text() + "; plaintext not before " + w.until().truncatedTo(ChronoUnit.SECONDS))
              .until(w.until());
      case Decision.Defer d -> failure(d.reason(), d.text());
      case Decision.Proceed _, Decision.FallBack _, Decision.GoPlaintext _ -> null;
    };
  }

  private FailureCause failure(DeferReason reason, String text) {
    LastConnection seen = last;
    if (seen == null) {
      throw new IllegalStateException("no connection was made");
    }
    return host.markedIfLedgerOnly(
        FailureTable.policy(reason, text, host.requirement(), host.label(seen.address())),
        policy,
        seen.observation(),
        seen.state(),
        round.recorder.ledger());
  }

  /**
   * Why a connection is not good enough although the policy decides to proceed, or null: it must
   * know REQUIRETLS where the sender demands that (RFC 8689 §4.2.1, step 5: the reply to EHLO after
   * TLS counts), and take our credentials where the route has some.
   */
  @Nullable FailureCause unfit(HostConnection connection) {
    return connection.requirement().requireTls()
            && round.purpose.needsRequireTls()
            && !connection.session().capabilities().offersRequireTls()
        ? FailureTable.policy(
            DeferReason.REQUIRETLS_MISSING,
            "does not offer REQUIRETLS, which the sender requires",
            connection.requirement(),
            connection.logName())
        : round.connector.authenticate(connection, round.plan);
  }

  /** One probe connection; null when the host has no address, and then the work has why. */
  @Nullable ProbeResult probe() throws InterruptedException {
    return resolve() ? probe(addresses) : null;
  }

  /**
   * One connection at the first step, greeted and left; nothing is remembered of it but by the
   * ledger.
   */
  ProbeResult probe(List<InetSocketAddress> family) throws InterruptedException {
    FallbackStep step = first();
    HappyEyeballs.Dialed dialed =
        round.connector.dial(family, round.plan.byMx(), round.connector.times());
    Wire wire = dialed.wire();
    round.connections++;
    connections++;
    Set<String> capabilities = Set.of();
    Observation observation;
    if (wire == null) {
      observation = new Observation.Unreachable(dialed.failure());
    } else {
      GreetingResult greeting = greet(wire, step, round.connector.times());
      observation = greeting.observation();
      ClientSession session = greeting.session();
      if (session != null) {
        capabilities = Set.copyOf(session.capabilities().keywords().keySet());
        session.quit();
      }
    }
    if (!dialed.localFailure()) {
      sample(dialed.address(), observation, step);
    }
    Instant now = round.clock.now();
    HostMemory after = memory().after(observation, step, now);
    return new ProbeResult(
        dialed.address(),
        observation,
        policy.decide(host.requirement(), observation, state(step, 1, false, now, after)),
        capabilities);
  }

  /** Records what a connection showed: in the ledger, and for the TLS report of the domain. */
  void sample(InetSocketAddress address, Observation observation, FallbackStep step) {
    PolicySubject subject = host.subject();
    if (subject.host() instanceof Domain name) {
      round.ledger.observed(
          new HostSample(
              name,
              address.getAddress(),
              observation,
              step,
              round.connector.usesPublicRoots(host, round.plan),
              Policy.isProvenByDane(host.evidence(), observation)));
    }
    if (round.isReported()) {
      round.recorder.session(
          subject,
          SessionDiagnosis.of(
              host.evidence(),
              subject,
              observation,
              new SessionDiagnosis.SessionEndpoints(
                  ownAddress, address.getAddress().getHostAddress())));
    }
  }
}
