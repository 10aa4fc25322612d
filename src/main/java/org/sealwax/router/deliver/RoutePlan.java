package org.sealwax.router.deliver;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Security;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.policy.Subject;
import org.sealwax.router.ledger.MxAnswer;
import org.sealwax.router.queue.NextHop;

/** Which hosts are tried for a next hop, in which order; or why there are none. */
sealed interface RoutePlan {
  /**
   * There are hosts.
   *
   * @param hosts all of them, by preference; which of them are tried is {@link HostOrder}'s affair
   * @param port at each of them
   * @param route the configured route, or null for MX
   * @param byMx whether DNS that others control chose the hosts
   * @param implicit the next hop itself stands in for its MX
   * @param answer what the DNS said, for the ledger; null for a configured host
   */
  record Hosts(
      List<Host> hosts,
      int port,
      @Nullable RouteSettings route,
      boolean byMx,
      boolean implicit,
      @Nullable Published answer)
      implements RoutePlan {
    /** Copies. */
    public Hosts {
      hosts = List.copyOf(hosts);
    }

    /** The same with one of its hosts, or with none. */
    Hosts only(Domain host) {
      return new Hosts(
          hosts.stream().filter(h -> h.subject().host().equals(host)).toList(),
          port,
          route,
          byMx,
          implicit,
          answer);
    }
  }

  /**
   * One host.
   *
   * @param subject whose host it is
   * @param preference as published; 0 for a configured or implicit one
   */
  record Host(Subject subject, int preference) {}

  /**
   * An MX answer as a whole.
   *
   * @param domain whose
   * @param hosts also those that are not tried; at most {@link MxAnswer#MAX_HOSTS}, the best
   * @param secure whether DNSSEC vouches for it
   * @param ttl how long it may be kept
   */
  record Published(Domain domain, Set<Domain> hosts, boolean secure, Duration ttl) {
    /** Copies. */
    public Published {
      hosts = Set.copyOf(hosts);
    }

    /** For the ledger. */
    MxAnswer at(Instant now) {
      return new MxAnswer(hosts, secure, now.plus(ttl));
    }
  }

  /** There are none. */
  record End(Meaning meaning) implements RoutePlan {}

  /** Plans by MX (RFC 5321 5.1). */
  static RoutePlan byMx(
      Domain domain, Resolver resolver, Set<Domain> own, Chance chance, int port) {
    Answer<Mx> answer = resolver.mx(domain);
    return switch (MxSet.of(domain, answer, own, chance, MxSet.ALL_HOSTS)) {
      case MxSet.NullMx n -> new End(Trouble.nullMx(domain.name()));
      case MxSet.NoSuchDomain n -> new End(Trouble.noSuchDomain(domain.name()));
      case MxSet.LoopsBack l -> new End(Trouble.loopsBack(domain.name(), l.own().name()));
      case MxSet.Trouble t -> new End(Trouble.dns(domain.name(), t.reason()));
      case MxSet.Hosts h ->
          new Hosts(
              h.targets().stream()
                  .map(t -> host(domain, t, h.security() == Security.SECURE, port))
                  .toList(),
              port,
              null,
              true,
              h.implicit(),
              new Published(
                  domain,
                  h.targets().stream()
                      .limit(MxAnswer.MAX_HOSTS)
                      .map(MxSet.Target::host)
                      .collect(Collectors.toSet()),
                  h.security() == Security.SECURE,
                  answer.ttl()));
    };
  }

  private static Host host(Domain domain, MxSet.Target target, boolean secure, int port) {
    return new Host(new Subject(domain, target.host(), secure, port), target.preference());
  }

  /**
   * A configured host: no MX, no questions about who chose it.
   *
   * @param destination the domain of the recipients, whose policy rows hold on this way too
   */
  static RoutePlan fixed(NextHop.Fixed hop, MailHost destination, @Nullable RouteSettings route) {
    Subject subject = Subject.fixed(hop.host(), hop.port()).to(destination);
    return new Hosts(List.of(new Host(subject, 0)), hop.port(), route, false, true, null);
  }
}
