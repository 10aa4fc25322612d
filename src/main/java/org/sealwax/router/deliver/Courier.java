package org.sealwax.router.deliver;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Demand;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.smtp.session.Greeting;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.evidence.Gatherer;
import org.sealwax.router.evidence.PolicyRows;
import org.sealwax.router.evidence.Source;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Addressee;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.Delivery;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Target;

/**
 * Carries consignments to their next hops. Thread-safe; a new configuration means a new courier,
 * and the old one is closed when its last round has ended.
 */
public final class Courier implements Delivery, AutoCloseable {
  private final Tools tools;
  private final PolicyRows rows;
  private final TlsClient tls;
  private final Delivery pipes;

  /**
   * What the courier works with.
   *
   * @param resolver for MX and addresses
   * @param dialers open connections
   * @param tls our side of TLS
   * @param roots certificate authorities by the names that policy rows use; {@code public} is there
   * @param clock the time
   * @param chance shuffles hosts, makes nonces
   * @param log for TLS facts and bugs; outcomes are logged by the queue
   * @param memories what hosts have shown; the same for every courier of a process, so that it
   *     outlives a configuration
   * @param sources of evidence beside the configuration, and who hears what deliveries show
   */
  public record World(
      Resolver resolver,
      Dialers dialers,
      TlsClient tls,
      Map<String, TrustRoots> roots,
      Clock clock,
      Chance chance,
      MailLog log,
      HostMemories memories,
      Sources sources) {
    /** Copies. */
    public World {
      roots = Map.copyOf(roots);
    }
  }

  /**
   * A courier of one configuration.
   *
   * @param pipes carries what goes to commands
   * @throws IllegalArgumentException when a row names roots that are not there
   */
  public Courier(DeliverSettings settings, World world, Delivery pipes) {
    this.pipes = pipes;
    this.tls = world.tls();
    this.rows = new PolicyRows(settings.level(), settings.rows());
    checkRoots(settings, world.roots());
    this.tools =
        new Tools(
            settings,
            new Policy(settings.ladder(), settings.floors()),
            gatherer(rows, world.sources().published()),
            world.sources(),
            world.resolver(),
            world.dialers(),
            new Greeting(world.tls(), settings.times()),
            world.roots(),
            world.memories(),
            new TriedHosts(),
            new Pool(settings.pool(), world.clock()),
            world.clock(),
            world.chance(),
            world.log());
  }

  private static Gatherer gatherer(PolicyRows rows, List<Source> published) {
    List<Source> sources = new ArrayList<>();
    sources.add(rows);
    sources.addAll(published);
    return new Gatherer(sources);
  }

  private static void checkRoots(DeliverSettings settings, Map<String, TrustRoots> roots) {
    if (!roots.containsKey(Demand.PUBLIC_ROOTS)) {
      throw new IllegalArgumentException("no public roots");
    }
    for (PolicyRow row : settings.rows()) {
      checkRoots(row, roots);
    }
    for (RouteSettings route : settings.routes().values()) {
      if (route.row() != null) {
        checkRoots(route.row(), roots);
      }
    }
  }

  private static void checkRoots(PolicyRow row, Map<String, TrustRoots> roots) {
    if (row.ca() != null && !roots.containsKey(row.ca())) {
      throw new IllegalArgumentException("no roots of the name " + row.ca());
    }
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException {
    return switch (consignment.nextHop()) {
      case NextHop.Pipe pipe -> pipes.deliver(consignment);
      case NextHop.ByMx mx -> bySmtp(consignment);
      case NextHop.Fixed fixed -> byRoute(consignment, fixed.route());
      case NextHop.Reports reports ->
          throw new IllegalStateException("reports are read before they come here");
      case NextHop.Nobody nobody ->
          throw new IllegalStateException("mail for nobody is held before it comes here");
    };
  }

  /**
   * Over a configured route, where recipients of many domains travel together: those for whom other
   * policy rows were written go apart, so that each row holds for its own domain and for no other.
   */
  private Map<Long, Outcome> byRoute(Consignment consignment, String route) {
    if (consignment.recipients().size() == 1) {
      return alike(consignment, route);
    }
    Map<List<PolicyRow>, List<Addressee>> apart = new LinkedHashMap<>();
    for (Addressee addressee : consignment.recipients()) {
      apart
          .computeIfAbsent(rows.covering(destination(addressee)), r -> new ArrayList<>())
          .add(addressee);
    }
    Map<Long, Outcome> outcomes = new LinkedHashMap<>();
    for (List<Addressee> some : apart.values()) {
      outcomes.putAll(alike(consignment.to(some), route));
    }
    return outcomes;
  }

  /** The same for recipients who are covered by the same rows. */
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

  /** What keeps mail with rows of its own from a route says nothing about other mail on it. */
  private static Outcome ofTheMessage(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Deferred d -> new Outcome.Deferred(Trouble.ofTheMessage(d.cause()));
      case Outcome.Held h -> h;
      case Outcome.Refused r -> r;
      case Outcome.Delivered d -> d;
    };
  }

  /** The domain or address literal of a recipient that goes by SMTP. */
  static MailHost destination(Addressee addressee) {
    return switch (addressee.target()) {
      case Target.Remote r -> r.mailbox().domain();
      case Target.Postmaster p -> p.mailbox().domain();
      case Target.Command c -> throw new IllegalStateException("a command has no hosts");
      case Target.Reports r -> throw new IllegalStateException("reports go to no hosts");
    };
  }

  private Map<Long, Outcome> bySmtp(Consignment consignment) {
    Outcomes outcomes = new Outcomes(consignment.recipients());
    NextHop hop = consignment.nextHop();
    DeliverSettings settings = tools.settings();
    RouteSettings route = hop instanceof NextHop.Fixed f ? settings.routes().get(f.route()) : null;
    boolean authenticated = route != null && route.credentials() != null;
    Transfer transfer = new Transfer(consignment, outcomes, tools, authenticated);
    try {
      new Round(tools, transfer, hop).run();
    } catch (InterruptedException e) {
      // What was delivered was delivered: the outcomes so far must not be lost.
      Thread.currentThread().interrupt();
      outcomes.endsWith(Trouble.interrupted());
    } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
      // The boundary for bugs of our own: the mail is kept.
      tools.log().bug("deliver " + consignment.id(), e);
      outcomes.endsWith(Trouble.bug());
    }
    return consignment.options().requireTls()
        ? outcomes.endRequiringTls(Trouble.unknown())
        : outcomes.end(Trouble.unknown());
  }

  /**
   * What would be demanded of each host of a next hop now, and why; no mail is sent, and nothing is
   * remembered of it.
   *
   * @param destination the domain of the recipients
   * @param message what a message demands or waives
   * @param probes whether one connection is made to each host
   * @throws InterruptedException when the thread is told to stop
   */
  public Preview preview(NextHop hop, MailHost destination, MailOptions.Tls message, boolean probes)
      throws InterruptedException {
    return new Round(tools.asking(), new Inquiry(destination, message), hop).preview(probes);
  }

  /**
   * Looks up and fetches what a round toward this next hop will need, as far as it is not in
   * memory: its MX, and the evidence about its first hosts. Nothing is dialled but the host of an
   * MTA-STS policy, and the ledger hears nothing.
   *
   * @throws InterruptedException when the thread is told to stop
   */
  public void lookAhead(NextHop hop) throws InterruptedException {
    if (hop instanceof NextHop.ByMx mx) {
      Inquiry inquiry = new Inquiry(mx.domain(), MailOptions.Tls.UNSPECIFIED);
      new Round(tools.asking(), inquiry, hop).lookAhead();
    }
  }

  /**
   * Greets one MX host of a domain to which no mail goes now: EHLO, STARTTLS, EHLO, QUIT from the
   * address that mail leaves from. The ledger hears what it shows, and nobody else.
   *
   * @return what it showed, in words; empty when it is no MX host any more, or has no address
   * @throws InterruptedException when the thread is told to stop
   */
  public Optional<String> greet(Domain domain, Domain host) throws InterruptedException {
    Inquiry inquiry = new Inquiry(domain, MailOptions.Tls.UNSPECIFIED);
    return new Round(tools, inquiry, new NextHop.ByMx(domain))
        .greet(host)
        .map(glance -> Preview.Probe.words(glance.seen()));
  }

  /** What its rounds work with. */
  Tools tools() {
    return tools;
  }

  /** Asks next hops about recipients, with this courier's routes, policy and memory. */
  public CallAhead callAhead() {
    return new CallAhead(tools, tls);
  }

  /** Idle connections kept now, for metrics. */
  public int idleConnections() {
    return tools.pool().size();
  }

  /** Ends idle connections; rounds under way end by themselves. */
  @Override
  public void close() {
    tools.pool().close();
  }
}
