package org.sealwax.router.deliver;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.ledger.RoundMx;

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
    /** Before a round has planned. */
    static final PlannedHosts NONE = new PlannedHosts(List.of(), 0, null, false, null);

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
}
