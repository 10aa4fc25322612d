package org.sealwax.router.deliver;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
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
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.evidence.PolicyRows;
import org.sealwax.router.evidence.PublishedEvidence;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.queue.NextHop;

/**
 * Plans rounds: the hosts of a next hop, and what the policy requires of each. Thread-safe; one for
 * each configuration.
 */
final class RoundPlanner {
  private final DeliverySettings settings;
  private final Policy policy;
  private final PublishedEvidence published;
  private final EvidenceGatherer gatherer;
  private final Resolver resolver;
  private final Clock clock;
  private final RandomSource random;

  /**
   * A planner.
   *
   * @param rows the evidence of the configuration
   * @param published the other evidence
   * @param resolver for MX
   * @param random orders hosts of one preference
   */
  RoundPlanner(
      DeliverySettings settings,
      PolicyRows rows,
      PublishedEvidence published,
      Resolver resolver,
      Clock clock,
      RandomSource random) {
    this.settings = settings;
    this.policy = new Policy(settings.ladder(), settings.floors());
    this.published = published;
    this.resolver = resolver;
    this.clock = clock;
    this.random = random;
    List<EvidenceSource> sources = new ArrayList<>();
    sources.add(rows);
    sources.addAll(published.sources());
    this.gatherer = new EvidenceGatherer(sources);
  }

  Policy policy() {
    return policy;
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

  /** Looks up the evidence about a host, so that a later round finds it in memory. */
  void prefetch(PolicySubject subject) throws InterruptedException {
    gatherer.gather(subject);
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

  /** The MTA-STS policy of a domain as it is now (RFC 8461 5.1). */
  Optional<Evidence.Sts> recheck(Domain domain) throws InterruptedException {
    return published.recheck(domain);
  }

  /** Has the DNS asked again about a name. */
  void forget(Domain name) {
    published.forget(name);
  }
}
