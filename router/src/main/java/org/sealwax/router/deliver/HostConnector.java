package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.session.Greeting;
import org.sealwax.mail.smtp.session.GreetingOptions;
import org.sealwax.mail.smtp.session.GreetingResult;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.router.queue.FailureCause;

/**
 * Connects to hosts: looks up their addresses, dials, greets with the offer of a fallback step, and
 * authenticates where a route has credentials. Decides nothing. Thread-safe; one for each
 * configuration.
 *
 * @param resolver for addresses
 * @param dialers open connections
 * @param tls our side of TLS
 * @param roots certificate authorities by the names that policy rows use; {@code public} is there
 * @param random makes nonces
 */
public record HostConnector(
    DeliverySettings settings,
    Resolver resolver,
    Dialers dialers,
    TlsClient tls,
    Map<String, TrustRoots> roots,
    RandomSource random) {
  /**
   * Copies and checks.
   *
   * @throws IllegalArgumentException when a row names roots that are not there
   */
  public HostConnector {
    roots = Map.copyOf(roots);
    checkRoots(settings, roots);
  }

  /** The time of each step. */
  SmtpTimeouts times() {
    return settings.times();
  }

  /** The same with other times. */
  HostConnector with(SmtpTimeouts other) {
    return new HostConnector(
        SettingsRecord.with(settings, Map.of("times", other)),
        resolver,
        dialers,
        tls,
        roots,
        random);
  }

  private static void checkRoots(DeliverySettings settings, Map<String, TrustRoots> roots) {
    if (!roots.containsKey(IdentityRequirement.PUBLIC_ROOTS)) {
      throw new IllegalArgumentException("no public roots");
    }
    Stream.concat(
            settings.rows().stream(), settings.routes().values().stream().map(RouteSettings::row))
        .filter(row -> row != null && row.ca() != null && !roots.containsKey(row.ca()))
        .findFirst()
        .ifPresent(
            row -> {
              throw new IllegalArgumentException("no roots named " + row.ca());
            });
  }

  /** The addresses of a host in the families that we use. */
  HostAddresses addresses(Domain host) throws InterruptedException {
    return HostAddresses.of(
        resolver, host, new HostAddresses.Families(settings.ipv4(), settings.ipv6()));
  }

  /** Whether one of these is one of our own endpoints. */
  boolean isOwn(List<InetSocketAddress> endpoints) {
    return endpoints.stream().anyMatch(settings.ownEndpoints()::contains);
  }

  /**
   * Dials until one address answers.
   *
   * @param byMx whether DNS that others control chose the addresses
   * @param limits of this connection
   */
  HappyEyeballs.Dialed dial(List<InetSocketAddress> targets, boolean byMx, SmtpTimeouts limits)
      throws InterruptedException {
    return new HappyEyeballs(
            byMx ? dialers.byDns() : dialers.configured(), settings, limits.connect())
        .first(targets);
  }

  /** Greets a host as {@link #options} has it. */
  GreetingResult greet(Wire wire, GreetingOptions options, SmtpTimeouts limits)
      throws InterruptedException {
    return new Greeting(tls, limits).greet(wire, options);
  }

  /**
   * How a host is greeted.
   *
   * @param proven the strongest step that the host has shown, or null
   */
  GreetingOptions options(
      FallbackStep step,
      HostRequirement host,
      RoutePlan.PlannedHosts plan,
      @Nullable FallbackStep proven) {
    RouteSettings route = plan.route();
    GreetingOptions.TlsMode tlsMode =
        route != null && route.implicitTls()
            ? GreetingOptions.TlsMode.IMPLICIT
            : step == FallbackStep.CLEAR
                ? GreetingOptions.TlsMode.CLEAR
                : GreetingOptions.TlsMode.STARTTLS;
    return new GreetingOptions(settings.ehlo(), tlsMode, offer(step, host, plan, proven));
  }

  private ClientOffer offer(
      FallbackStep step,
      HostRequirement host,
      RoutePlan.PlannedHosts plan,
      @Nullable FallbackStep proven) {
    PolicySubject subject = host.subject();
    Requirement requirement = host.requirement();
    Requirement.TlsPresentation manner = requirement.presentation();
    Domain own = subject.host() instanceof Domain d ? d : null;
    boolean extras = step == FallbackStep.FULL || step == FallbackStep.CLASSICAL;
    return new ClientOffer(
        manner.serverName() != null ? manner.serverName() : own,
        requirement.floor(),
        step == FallbackStep.TLS12 ? TlsVersion.TLS_1_2 : TlsVersion.TLS_1_3,
        settings.hybrid() && step == FallbackStep.FULL,
        settings.tickets() && extras,
        step == FallbackStep.COMPATIBLE,
        settings.clientCertificate() && manner.clientCertificate() && extras,
        step == FallbackStep.TLS12 && proven != null && step.isBelow(proven),
        references(host, plan),
        subject.nextHop() + " " + subject.host() + ":" + plan.port() + " " + requirement.key());
  }

  /** A host that the admin named is judged by its name, also where nothing is demanded. */
  private ReferenceIdentity references(HostRequirement host, RoutePlan.PlannedHosts plan) {
    List<Domain> named =
        !plan.byMx() && host.subject().host() instanceof Domain name ? List.of(name) : List.of();
    return host.requirement().references(named, roots);
  }

  /** Whether a host's certificate is judged by the public authorities. */
  boolean usesPublicRoots(HostRequirement host, RoutePlan.PlannedHosts plan) {
    return references(host, plan).roots().equals(roots.get(IdentityRequirement.PUBLIC_ROOTS));
  }

  /** Authenticates where the route has credentials; null, or why that failed. */
  @Nullable FailureCause authenticate(HostConnection connection, RoutePlan.PlannedHosts plan) {
    RouteSettings route = plan.route();
    if (route == null || route.credentials() == null) {
      return null;
    }
    return new ClientAuthentication(route.credentials(), random, times()).with(connection);
  }
}
