package org.sealwax.router.deliver;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.queue.NextHop;

/** The hosts for a next hop, in order; or the reason why there are none. */
sealed interface RoutePlan {
  /**
   * There are hosts.
   *
   * @param hosts all of them, by preference; {@link HostOrder} decides which of them are tried
   * @param port at each of them
   * @param route the configured route, or null for MX
   * @param implicit the next hop itself stands in for its MX
   * @param mx the DNS answer, for the ledger; null for a configured host
   */
  record PlannedHosts(
      List<PlannedHost> hosts,
      int port,
      @Nullable RouteSettings route,
      boolean implicit,
      @Nullable RoundMx mx)
      implements RoutePlan {
    /** Copies. */
    public PlannedHosts {
      hosts = List.copyOf(hosts);
    }

    /** Whether DNS that others control chose the hosts. */
    boolean byMx() {
      return mx != null;
    }

    /** The same with one of its hosts, or with none. */
    PlannedHosts only(Domain host) {
      return new PlannedHosts(
          hosts.stream().filter(h -> h.subject().host().equals(host)).toList(),
          port,
          route,
          implicit,
          mx);
    }
  }

  /**
   * One host.
   *
   * @param subject the host and the domain it is for
   * @param preference as published; 0 for a configured or implicit one
   */
  record PlannedHost(PolicySubject subject, int preference) {}

  /** There are none. */
  record NoHosts(FailureMeaning meaning) implements RoutePlan {}

  /** Plans by MX (RFC 5321 5.1). */
  static RoutePlan byMx(
      Domain domain,
      Resolver resolver,
      Set<Domain> own,
      RandomSource random,
      int port,
      Instant now) {
    DnsAnswer<MxRecord> answer = resolver.mx(domain);
    return switch (MxSet.of(domain, answer, own, random, MxSet.ALL_HOSTS)) {
      case MxSet.NullMx n -> new NoHosts(FailureTable.nullMx(domain.name()));
      case MxSet.NoSuchDomain n -> new NoHosts(FailureTable.noSuchDomain(domain.name()));
      case MxSet.LoopsBack l -> new NoHosts(FailureTable.loopsBack(domain.name(), l.own().name()));
      case MxSet.MxLookupFailed t -> new NoHosts(FailureTable.dns(domain.name(), t.reason()));
      case MxSet.Hosts h ->
          new PlannedHosts(
              h.targets().stream()
                  .map(t -> host(domain, t, h.security() == DnssecStatus.SECURE, port))
                  .toList(),
              port,
              null,
              h.implicit(),
              new RoundMx(
                  h.targets().stream()
                      .limit(RoundMx.MAX_HOSTS)
                      .map(MxSet.MxHost::host)
                      .collect(Collectors.toSet()),
                  h.security() == DnssecStatus.SECURE,
                  now.plus(answer.ttl())));
    };
  }

  private static PlannedHost host(Domain domain, MxSet.MxHost target, boolean secure, int port) {
    return new PlannedHost(
        new PolicySubject(domain, target.host(), secure, port), target.preference());
  }

  /**
   * A configured host: no MX, and the configuration vouches for it.
   *
   * @param destination the domain of the recipients, whose policy rows hold on this way too
   */
  static RoutePlan fixed(NextHop.Fixed hop, MailHost destination, @Nullable RouteSettings route) {
    PolicySubject subject = PolicySubject.fixed(hop.host(), hop.port()).to(destination);
    return new PlannedHosts(List.of(new PlannedHost(subject, 0)), hop.port(), route, true, null);
  }
}
