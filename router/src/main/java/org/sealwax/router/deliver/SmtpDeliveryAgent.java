package org.sealwax.router.deliver;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.PolicyRows;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;

/**
 * Carries consignments to the hosts of their next hops: plans each round, which hosts there are and
 * what the policy requires of each, and has a {@link DeliveryRound} go over them. Thread-safe; a
 * new configuration means a new delivery agent, and the old one is closed when its last round has
 * ended.
 */
public final class SmtpDeliveryAgent implements DeliveryAgent, AutoCloseable {
  final Policy policy;
  final EvidenceGatherer gatherer;
  final HostConnection.Pool pool;
  final Clock clock;
  private final DeliverySettings settings;
  private final PolicyRows rows;
  private final Resolver resolver;
  private final HostConnector connector;
  private final DeliveryRecorder recorder;
  private final HostOrder.TriedHosts tried = new HostOrder.TriedHosts();
  private final RandomSource random;

  /**
   * A delivery agent of one configuration.
   *
   * @param resolver for MX
   * @param connector connects to hosts
   * @param published the evidence besides the configuration
   * @param recorder gets what deliveries show
   * @param random orders hosts of one preference
   */
  public SmtpDeliveryAgent(
      DeliverySettings settings,
      Resolver resolver,
      HostConnector connector,
      EvidenceGatherer published,
      DeliveryRecorder recorder,
      Clock clock,
      RandomSource random) {
    this.settings = settings;
    this.rows = new PolicyRows(settings.level(), settings.rows());
    this.policy = new Policy(settings.ladder(), settings.floors());
    this.gatherer = published.after(rows);
    this.resolver = resolver;
    this.connector = connector;
    this.recorder = recorder;
    this.pool = new HostConnection.Pool(settings.pool(), clock);
    this.clock = clock;
    this.random = random;
  }

  private DeliveryRound round(RoundPurpose purpose, RoundWork work) {
    return new DeliveryRound(this, connector, recorder, purpose, work);
  }

  /** A round whose connections are not recorded but in the log. */
  DeliveryRound unrecordedRound(HostConnector by, RoundPurpose purpose, RoundWork work) {
    return new DeliveryRound(this, by, recorder.withoutLedgerUpdates(), purpose, work);
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException {
    return consignment.nextHop() instanceof NextHop.Fixed fixed
        ? byRoute(consignment, fixed.route())
        : bySmtp(consignment);
  }

  /**
   * Over a configured route, where recipients of many domains travel together: recipients for which
   * other policy rows were written go apart, so that each row holds for its own domain and for no
   * other.
   */
  private Map<Long, Outcome> byRoute(Consignment consignment, String route) {
    if (consignment.recipients().size() == 1) {
      return alike(consignment, route);
    }
    Map<List<PolicyRow>, List<Recipient>> apart = new LinkedHashMap<>();
    for (Recipient recipient : consignment.recipients()) {
      apart
          .computeIfAbsent(rows.covering(destination(recipient)), r -> new ArrayList<>())
          .add(recipient);
    }
    Map<Long, Outcome> outcomes = new LinkedHashMap<>();
    for (List<Recipient> some : apart.values()) {
      outcomes.putAll(alike(consignment.to(some), route));
    }
    return outcomes;
  }

  /** The same for recipients that are covered by the same rows. */
  private Map<Long, Outcome> alike(Consignment consignment, String route) {
    Map<Long, Outcome> outcomes = bySmtp(consignment);
    MailHost destination = destination(consignment.recipients().getFirst());
    if (rows.covering(destination).equals(rows.forAll()) || route.equals(destination.toString())) {
      return outcomes;
    }
    Map<Long, Outcome> own = new LinkedHashMap<>(outcomes);
    own.replaceAll((key, outcome) -> ofTheMessage(outcome));
    return own;
  }

  /** A failure of mail with rows of its own on a route does not concern other mail on it. */
  private static Outcome ofTheMessage(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Deferred d -> new Outcome.Deferred(FailureTable.ofTheMessage(d.cause()));
      case Outcome.Held h -> h;
      case Outcome.Refused r -> r;
      case Outcome.Delivered d -> d;
    };
  }

  private static MailHost destination(Recipient recipient) {
    return recipient.target().mailbox().domain();
  }

  private Map<Long, Outcome> bySmtp(Consignment consignment) {
    ConsignmentTransfer transfer = transfer(consignment);
    try {
      round(transfer.purpose(), transfer).run();
    } catch (InterruptedException e) {
      // What was delivered was delivered: the outcomes so far must not be lost.
      Thread.currentThread().interrupt();
      transfer.endAllWith(FailureTable.interrupted());
    } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
      // The boundary for bugs in Sealwax: the mail is kept.
      recorder.log().bug("deliver " + consignment.id(), e);
      transfer.endAllWith(FailureTable.bug());
    }
    return transfer.end();
  }

  /** The transfer of a consignment, which a round then works on. */
  ConsignmentTransfer transfer(Consignment consignment) {
    return new ConsignmentTransfer(consignment, settings, tried, recorder, clock);
  }

  /**
   * What would be demanded of each host of a next hop now, and why; no mail is sent, and nothing is
   * remembered of it.
   *
   * @param destination the domain of the recipients
   * @param message what a message demands or waives
   * @param probes whether one connection is made to each host
   * @throws InterruptedException when the thread is interrupted
   */
  public DeliveryPreview preview(
      NextHop hop, MailHost destination, MailOptions.TlsOption message, boolean probes)
      throws InterruptedException {
    return dryRun(hop, destination, message).preview(probes);
  }

  private DeliveryRound dryRun(NextHop hop, MailHost destination, MailOptions.TlsOption message) {
    return unrecordedRound(
        connector, RoundPurpose.dryRun(destination, message, hop), RoundWork.NONE);
  }

  /**
   * Looks up and fetches what a round toward this next hop will need, as far as it is not in
   * memory: its MX, and the evidence about its first hosts. Nothing is dialled but the host of an
   * MTA-STS policy, and the ledger gets nothing.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  public void prefetch(NextHop hop) throws InterruptedException {
    if (hop instanceof NextHop.ByMx mx) {
      dryRun(hop, mx.domain(), MailOptions.TlsOption.UNSPECIFIED).prefetch();
    }
  }

  /**
   * Greets one MX host of a domain to which no mail goes now: EHLO, STARTTLS, EHLO, QUIT from the
   * address that mail leaves from. Only the ledger gets what it shows.
   *
   * @return what it showed, in words; empty when it is not an MX host any more, or has no address
   * @throws InterruptedException when the thread is interrupted
   */
  public Optional<String> greet(Domain domain, Domain host) throws InterruptedException {
    RoundPurpose purpose =
        RoundPurpose.dryRun(domain, MailOptions.TlsOption.UNSPECIFIED, new NextHop.ByMx(domain));
    return round(purpose, RoundWork.NONE)
        .greet(host)
        .map(probed -> DeliveryPreview.ConnectionPreview.describe(probed.observation()));
  }

  /**
   * The hosts of a next hop.
   *
   * @param destination the domain of the recipients
   * @throws InterruptedException when the round is stopped
   */
  RoutePlan plan(NextHop nextHop, MailHost destination) throws InterruptedException {
    return switch (nextHop) {
      case NextHop.ByMx mx -> {
        gatherer.prefetch(mx.domain());
        yield byMx(mx.domain());
      }
      case NextHop.Fixed fixed -> {
        // No MX, and the configuration vouches for the host; the policy rows of the recipients'
        // domain hold on this way too.
        PolicySubject subject = PolicySubject.fixed(fixed.host(), fixed.port()).to(destination);
        yield new RoutePlan.PlannedHosts(
            List.of(new RoutePlan.PlannedHost(subject, 0)),
            fixed.port(),
            settings.routes().get(fixed.route()),
            true,
            null);
      }
      case NextHop.Pipe p -> throw new IllegalStateException("no hosts: " + p);
      case NextHop.Reports r -> throw new IllegalStateException("no hosts: " + r);
      case NextHop.NoPostmaster n -> throw new IllegalStateException("no hosts: " + n);
    };
  }

  /** Plans by MX (RFC 5321 5.1). */
  private RoutePlan byMx(Domain domain) {
    DnsAnswer<MxRecord> answer = resolver.mx(domain);
    String name = domain.name();
    return switch (MxSet.of(domain, answer, settings.ownNames(), random, MxSet.ALL_HOSTS)) {
      case MxSet.NullMx n -> new RoutePlan.NoHosts(FailureTable.nullMx(name));
      case MxSet.NoSuchDomain n -> new RoutePlan.NoHosts(FailureTable.noSuchDomain(name));
      case MxSet.LoopsBack l -> new RoutePlan.NoHosts(FailureTable.loopsBack(name, l.own().name()));
      case MxSet.MxLookupFailed t -> new RoutePlan.NoHosts(FailureTable.dns(name, t.reason()));
      case MxSet.Hosts h -> {
        boolean secure = h.security() == DnssecStatus.SECURE;
        int port = settings.mxPort();
        List<RoutePlan.PlannedHost> hosts = new ArrayList<>();
        Set<Domain> seen = new HashSet<>();
        for (MxSet.MxHost mx : h.targets()) {
          PolicySubject subject = new PolicySubject(domain, mx.host(), secure, port);
          hosts.add(new RoutePlan.PlannedHost(subject, mx.preference()));
          if (hosts.size() <= RoundMx.MAX_HOSTS) {
            seen.add(mx.host());
          }
        }
        RoundMx mx = new RoundMx(seen, secure, clock.now().plus(answer.ttl()));
        yield new RoutePlan.PlannedHosts(hosts, port, null, h.implicit(), mx);
      }
    };
  }

  /**
   * What is required of one host.
   *
   * @param ofMessage what the message demands or waives
   * @throws InterruptedException when the round is stopped
   */
  HostRequirement requirement(
      PolicySubject subject, RoutePlan.PlannedHosts plan, List<Evidence> ofMessage)
      throws InterruptedException {
    List<Evidence> evidence = new ArrayList<>(gatherer.gather(subject));
    RouteSettings route = plan.route();
    Evidence ofRoute = route == null ? null : route.evidence();
    if (ofRoute != null) {
      evidence.add(ofRoute);
    }
    evidence.addAll(ofMessage);
    return HostRequirement.of(subject, evidence, policy, clock.now());
  }

  /** Asks next hops about recipients, with this delivery agent's routes, policy and memory. */
  public RecipientVerifier recipientVerifier() {
    return new RecipientVerifier(this, connector, recorder.log());
  }

  /** Idle connections kept now, for metrics. */
  public int idleConnections() {
    return pool.size();
  }

  /** Ends idle connections; running rounds end by themselves. */
  @Override
  public void close() {
    pool.close();
  }
}
