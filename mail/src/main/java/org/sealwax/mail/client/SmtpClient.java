package org.sealwax.mail.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.Greeting;
import org.sealwax.mail.smtp.session.GreetingOptions;
import org.sealwax.mail.smtp.session.GreetingResult;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * Finds the hosts of a domain, gathers the evidence that the domain publishes, decides the
 * requirement, and opens one connection that meets it. Thread-safe; blocks; starts no thread that
 * outlives a call.
 *
 * <p>One call of {@link #connect} is one connection with the full TLS offer. The client does not
 * retry with less, does not remember hosts between calls, and never falls back to plaintext where
 * TLS failed: what to do then is the caller's decision.
 */
public final class SmtpClient {
  /** Addresses of one host that are tried, IPv6 and IPv4 by turns. */
  public static final int MAX_ADDRESSES = 4;

  /** Longest fetch of one MTA-STS policy (RFC 8461 3.3 suggests one minute). */
  private static final Duration POLICY_FETCH = Duration.ofMinutes(1);

  private final Domain ehlo;
  private final int port;
  private final TlsLevel level;
  private final TrustRoots roots;
  private final Dialer dialer;
  private final Resolver resolver;
  private final Greeting greeting;
  private final DaneLookup dane;
  private final StsPolicyLookup sts;
  private final Clock clock = Clock.system();
  private final RandomSource random = RandomSource.secure();
  private final Policy policy =
      new Policy(FallbackLadder.of(true, false, FallbackLadder.DEFAULT_HOLD), TlsFloors.DEFAULT);

  private SmtpClient(Builder from) {
    this.ehlo = from.ehlo;
    this.port = from.port;
    this.level = from.level;
    this.dialer = from.dialer;
    this.roots = from.roots == null ? RootStore.publicRoots() : from.roots;
    this.resolver = new CachingResolver(from.dns, clock, random);
    TlsFactory tls = new TlsFactory(TlsSettings.defaults(), clock, random);
    this.greeting = new Greeting(tls.client(ClientTlsSettings.defaults()), from.timeouts);
    this.dane = new DaneLookup(resolver, new HostAddresses.Families(true, true), clock);
    HttpsClient https =
        new HttpsClient(resolver, dialer, tls.client(ClientTlsSettings.defaults()), roots, clock);
    this.sts =
        new StsPolicyLookup(
            resolver,
            new PolicyFetcher(https, from.policyPort, POLICY_FETCH),
            FirstContactWait.defaults(),
            clock,
            random);
  }

  /**
   * Begins a client with the defaults: the resolvers of the system with DNSSEC validation in this
   * process, public addresses only, port 25, the public roots, level {@code may} where a domain
   * publishes nothing, and the times of RFC 5321 4.5.3.2.
   *
   * @param ehlo our name for EHLO
   * @return a builder
   */
  public static Builder builder(Domain ehlo) {
    return new Builder(ehlo);
  }

  /** The settings of a client; not thread-safe. */
  public static final class Builder {
    private final Domain ehlo;
    private DnsSettings dns = DnsSettings.defaults();
    private Dialer dialer = SystemDialer.guarded(DialerSettings.defaults());
    private int port = PolicySubject.SMTP;
    private int policyPort = HTTPS;
    private TlsLevel level = TlsLevel.MAY;
    private @Nullable TrustRoots roots;
    private SmtpTimeouts timeouts = SmtpTimeouts.defaults();

    /** The port of policy hosts (RFC 8461 3.2). */
    private static final int HTTPS = 443;

    private Builder(Domain ehlo) {
      this.ehlo = ehlo;
    }

    /**
     * Sets how the DNS is asked.
     *
     * @param settings resolvers, trust anchors and times
     * @return this
     */
    public Builder dns(DnsSettings settings) {
      dns = settings;
      return this;
    }

    /**
     * Sets how connections are opened, to mail hosts and to policy hosts.
     *
     * @param dialer {@link SystemDialer#guarded} outside of laboratories: the names come from the
     *     DNS of other domains
     * @return this
     */
    public Builder dialer(Dialer dialer) {
      this.dialer = dialer;
      return this;
    }

    /**
     * Sets the port of mail hosts; TLSA records are looked up for this port.
     *
     * @param number from 1 to 65535
     * @return this
     */
    public Builder port(int number) {
      port = number;
      return this;
    }

    /**
     * Sets the port of MTA-STS policy hosts. Only for laboratories: RFC 8461 3.2 allows only 443.
     *
     * @param number from 1 to 65535
     * @return this
     */
    public Builder policyPort(int number) {
      policyPort = number;
      return this;
    }

    /**
     * Sets the level for a domain that publishes neither DANE nor MTA-STS.
     *
     * @param least any level without pins
     * @return this
     * @throws IllegalArgumentException when the level needs pins
     */
    public Builder level(TlsLevel least) {
      level = new Evidence.Default(least).level();
      return this;
    }

    /**
     * Sets the certificate authorities for the level {@code verify} and above, for MTA-STS and for
     * policy hosts; DANE does not use them.
     *
     * @param anchors the authorities
     * @return this
     */
    public Builder roots(TrustRoots anchors) {
      roots = anchors;
      return this;
    }

    /**
     * Sets how long the client waits for a mail host.
     *
     * @param times for connection, banner, EHLO, STARTTLS and handshake
     * @return this
     */
    public Builder timeouts(SmtpTimeouts times) {
      timeouts = times;
      return this;
    }

    /**
     * Makes the client. Reads the public roots, but asks nothing on the network.
     *
     * @return the client
     * @throws IllegalStateException when the public roots cannot be read
     * @throws IllegalArgumentException when a DNS trust anchor is not a DS or DNSKEY record
     */
    public SmtpClient build() {
      return new SmtpClient(this);
    }
  }

  /**
   * Looks up the hosts of a domain (RFC 5321 5.1).
   *
   * @param domain of the recipients
   * @return the hosts in the order to try them, or why there are none
   */
  public MxSet hosts(Domain domain) {
    return MxSet.of(domain, resolver.mx(domain), Set.of(ehlo), random);
  }

  /**
   * Names the connection that a requirement is about.
   *
   * @param domain of the recipients
   * @param hosts of that domain, from {@link #hosts}
   * @param host one of them
   * @return the subject, with the port of this client
   */
  public PolicySubject subject(Domain domain, MxSet.Hosts hosts, MxSet.MxHost host) {
    return new PolicySubject(domain, host.host(), hosts.security() == DnssecStatus.SECURE, port);
  }

  /**
   * Looks up what the domain and the host publish: DANE and MTA-STS. Adds the default level.
   *
   * @param subject next hop and host
   * @return at least the default
   * @throws InterruptedException when the thread is interrupted
   */
  public List<Evidence> evidence(PolicySubject subject) throws InterruptedException {
    List<Evidence> found = new ArrayList<>(dane.evidenceFor(subject));
    if (subject.nextHop() instanceof Domain domain) {
      found.add(sts.evidenceFor(domain));
    }
    found.add(new Evidence.Default(level));
    return List.copyOf(found);
  }

  /**
   * Decides what must hold for mail to a host, by {@link Policy#requirementFor}.
   *
   * @param subject next hop and host
   * @param evidence from {@link #evidence}, and whatever else the caller knows
   * @return the requirement
   */
  public Requirement requirement(PolicySubject subject, List<Evidence> evidence) {
    return policy.requirementFor(subject, evidence, clock.now());
  }

  /**
   * Connects once: TCP to the first address that answers, EHLO, STARTTLS, EHLO. Sends nothing
   * private. A connection that does not meet the requirement is closed before this returns.
   *
   * @param subject next hop and host
   * @param requirement what must hold
   * @return the session, or why there is none
   * @throws InterruptedException when the thread is interrupted during a lookup
   * @throws IllegalArgumentException when the requirement names certificate authorities other than
   *     the public ones
   */
  public ClientConnection connect(PolicySubject subject, Requirement requirement)
      throws InterruptedException {
    Optional<MxFilter.Refusal> refusal = requirement.mxFilter().refusal(subject.host());
    if (refusal.isPresent()) {
      return new ClientConnection(
          null, new Decision.NextHost(refusal.get().reason(), refusal.get().text()), null);
    }
    Instant began = clock.now();
    GreetingResult greeted = greet(subject, requirement);
    Decision decision =
        policy.decide(requirement, greeted.observation(), onlyConnection(requirement, began));
    ClientSession session = greeted.session();
    if (session != null && !(decision instanceof Decision.Proceed)) {
      session.quit();
      session = null;
    }
    return new ClientConnection(greeted.observation(), decision, session);
  }

  private FallbackState onlyConnection(Requirement requirement, Instant began) {
    FallbackStep step =
        requirement.encryption() == Requirement.TlsUse.NEVER
            ? FallbackStep.CLEAR
            : FallbackStep.FULL;
    return new FallbackState(step, 1, 1, 1, false, false, began, clock.now(), HostMemory.nothing());
  }

  private GreetingResult greet(PolicySubject subject, Requirement requirement)
      throws InterruptedException {
    String failure = "no address";
    for (InetAddress address : addresses(subject.host())) {
      Wire wire;
      try {
        wire =
            dialer.connect(
                new InetSocketAddress(address, subject.port()), null, greeting.times().connect());
      } catch (IOException e) {
        failure = AddressText.of(address) + ": " + FailureText.of(e);
        continue;
      }
      return greeting.greet(wire, options(subject, requirement));
    }
    return new GreetingResult(new Observation.Unreachable(failure), null);
  }

  private List<InetAddress> addresses(MailHost host) throws InterruptedException {
    return switch (host) {
      case AddressLiteral literal -> List.of(literal.address());
      case Domain name ->
          HostAddresses.of(resolver, name, new HostAddresses.Families(true, true))
              .interleaved(MAX_ADDRESSES);
    };
  }

  private GreetingOptions options(PolicySubject subject, Requirement requirement) {
    Domain name = requirement.presentation().serverName();
    if (name == null && subject.host() instanceof Domain host) {
      name = host;
    }
    return new GreetingOptions(
        ehlo.name(),
        requirement.encryption() == Requirement.TlsUse.NEVER
            ? GreetingOptions.TlsMode.CLEAR
            : GreetingOptions.TlsMode.STARTTLS,
        ClientOffer.plain(
            name,
            requirement.floor(),
            requirement.references(List.of(), Map.of(IdentityRequirement.PUBLIC_ROOTS, roots)),
            subject.nextHop() + " " + subject.host() + " " + requirement.key()));
  }
}
