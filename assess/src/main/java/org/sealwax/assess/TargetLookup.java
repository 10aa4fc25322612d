package org.sealwax.assess;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;

/** The look-up of a target's hosts and of their addresses. Thread-safe. */
public final class TargetLookup {
  private final Resolver resolver;
  private final RandomSource random;
  private final int mxPort;

  /**
   * A look-up.
   *
   * @param random orders MX hosts of one preference
   * @param mxPort the port of the MX hosts of a domain: 25 except in a lab
   * @throws IllegalArgumentException when there is no such port
   */
  public TargetLookup(Resolver resolver, RandomSource random, int mxPort) {
    if (mxPort < 1 || mxPort > 65_535) {
      throw new IllegalArgumentException("port " + mxPort);
    }
    this.resolver = resolver;
    this.random = random;
    this.mxPort = mxPort;
  }

  /**
   * The hosts of a target.
   *
   * @param mx the answer to MX; null when the target is a host
   * @param route what follows from it; null when the target is a host
   */
  record TargetHosts(
      @Nullable DnsAnswer<MxRecord> mx, @Nullable MxSet route, List<TargetMxHost> mxHosts) {}

  /** The port at which the hosts of a target are visited. */
  int port(AssessmentTarget target) {
    return target instanceof AssessmentTarget.HostTarget host ? host.port() : mxPort;
  }

  /**
   * The hosts of a target with their addresses.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  TargetHosts hostsOf(AssessmentTarget target) throws InterruptedException {
    return switch (target) {
      case AssessmentTarget.DomainTarget mail -> {
        DnsAnswer<MxRecord> answer = resolver.mx(mail.domain());
        MxSet route = MxSet.of(mail.domain(), answer, Set.of(), random);
        yield new TargetHosts(answer, route, exchanges(route));
      }
      case AssessmentTarget.HostTarget host -> new TargetHosts(null, null, List.of(single(host)));
    };
  }

  private List<TargetMxHost> exchanges(MxSet route) throws InterruptedException {
    return switch (route) {
      case MxSet.Hosts hosts -> {
        try (Scope scope = new Scope("assess-dns")) {
          List<Scope.ForkedTask<TargetMxHost>> tasks =
              hosts.targets().stream()
                  .map(t -> scope.fork(() -> lookUp(t.host(), t.preference())))
                  .toList();
          scope.join();
          yield tasks.stream().map(Scope.ForkedTask::get).toList();
        }
      }
      case MxSet.NullMx nothing -> List.of();
      case MxSet.NoSuchDomain nothing -> List.of();
      case MxSet.LoopsBack nothing -> List.of();
      case MxSet.MxLookupFailed nothing -> List.of();
    };
  }

  private TargetMxHost single(AssessmentTarget.HostTarget host) {
    Domain name = host.name();
    if (name == null || !host.addresses().isEmpty()) {
      return new TargetMxHost(name, 0, List.of(), host.addresses());
    }
    return lookUp(name, 0);
  }

  private TargetMxHost lookUp(Domain host, int preference) {
    return TargetMxHost.of(
        host,
        preference,
        List.of(
            resolver.addresses(host, AddressFamily.IPV4),
            resolver.addresses(host, AddressFamily.IPV6)));
  }
}
