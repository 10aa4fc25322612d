package org.sealwax.router.deliver;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.router.evidence.PolicyRows;
import org.sealwax.router.evidence.PublishedEvidence;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;

/**
 * Carries consignments to the hosts of their next hops. Thread-safe; a new configuration means a
 * new delivery agent, and the old one is closed when its last round has ended.
 */
public final class SmtpDeliveryAgent implements DeliveryAgent, AutoCloseable {
  private final DeliverySettings settings;
  private final PolicyRows rows;
  private final RoundPlanner planner;
  private final HostConnector connector;
  private final DeliveryRecorder recorder;
  private final TriedHosts tried = new TriedHosts();
  private final ConnectionPool pool;
  private final Clock clock;

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
      PublishedEvidence published,
      DeliveryRecorder recorder,
      Clock clock,
      RandomSource random) {
    this.settings = settings;
    this.rows = new PolicyRows(settings.level(), settings.rows());
    this.planner = new RoundPlanner(settings, rows, published, resolver, clock, random);
    this.connector = connector;
    this.recorder = recorder;
    this.pool = new ConnectionPool(settings.pool(), clock);
    this.clock = clock;
  }

  private DeliveryRound round(RoundPurpose purpose, RoundWork work, NextHop hop) {
    return new DeliveryRound(planner, connector, recorder, pool, clock, purpose, work, hop);
  }

  /** A round whose connections are not recorded but in the log. */
  DeliveryRound unrecordedRound(
      HostConnector by, RoundPurpose purpose, RoundWork work, NextHop hop) {
    return new DeliveryRound(
        planner, by, recorder.withoutLedgerUpdates(), pool, clock, purpose, work, hop);
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
    RecipientOutcomes outcomes = new RecipientOutcomes(consignment.recipients());
    NextHop hop = consignment.nextHop();
    RouteSettings route = hop instanceof NextHop.Fixed f ? settings.routes().get(f.route()) : null;
    boolean authenticated = route != null && route.credentials() != null;
    ConsignmentTransfer transfer = transfer(consignment, outcomes, authenticated);
    try {
      round(transfer.purpose(), transfer, hop).run();
    } catch (InterruptedException e) {
      // What was delivered was delivered: the outcomes so far must not be lost.
      Thread.currentThread().interrupt();
      outcomes.endAllWith(FailureTable.interrupted());
    } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
      // The boundary for bugs in Sealwax: the mail is kept.
      recorder.log().bug("deliver " + consignment.id(), e);
      outcomes.endAllWith(FailureTable.bug());
    }
    return consignment.options().requireTls()
        ? outcomes.endRequiringTls(FailureTable.unknown())
        : outcomes.end(FailureTable.unknown());
  }

  /** The transfer of a consignment, which a round then works on. */
  ConsignmentTransfer transfer(
      Consignment consignment, RecipientOutcomes outcomes, boolean authenticated) {
    return new ConsignmentTransfer(
        consignment,
        outcomes,
        settings,
        tried,
        recorder.ledger(),
        recorder.receipts(),
        clock,
        authenticated);
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
    RoundPurpose purpose = RoundPurpose.dryRun(destination, message);
    return unrecordedRound(connector, purpose, RoundWork.NONE, hop);
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
   * @return what it showed, in words; empty when it is no MX host any more, or has no address
   * @throws InterruptedException when the thread is interrupted
   */
  public Optional<String> greet(Domain domain, Domain host) throws InterruptedException {
    RoundPurpose purpose = RoundPurpose.dryRun(domain, MailOptions.TlsOption.UNSPECIFIED);
    return round(purpose, RoundWork.NONE, new NextHop.ByMx(domain))
        .greet(host)
        .map(probed -> DeliveryPreview.ConnectionPreview.describe(probed.observation()));
  }

  /** Asks next hops about recipients, with this delivery agent's routes, policy and memory. */
  public RecipientVerifier recipientVerifier() {
    return new RecipientVerifier(this, connector, recorder.log());
  }

  /** Idle connections kept now, for metrics. */
  public int idleConnections() {
    return pool.size();
  }

  /** Ends idle connections; rounds under way end by themselves. */
  @Override
  public void close() {
    pool.close();
  }
}
