package org.sealwax.lab.site;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.StsPublication;
import org.sealwax.lab.traps.TrapHost;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.BodySink;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.IssuedCertificate;
import org.sealwax.testkit.tls.LabCertificateAuthority;
import org.sealwax.testkit.tls.OddTlsServer;
import org.sealwax.testkit.tls.TlsSessionCache;

/** One site at run time: its names, its addresses, and its current state. */
public final class LiveSite {
  /** From when on a greylisting host takes mail (RFC 6647 5: minutes), before the scale. */
  private static final Duration GREYLISTED = Duration.ofMinutes(5);

  private final String origin;
  private final String hostOrigin;
  private final Sighting sighting;
  private final LabCertificateAuthority authority;
  private final Clock clock;
  private final LabSettings settings;
  private final Consumer<LiveSite> onChange;
  private final SiteMailHandler mail;
  private final AtomicBoolean changed = new AtomicBoolean();
  private volatile Site now;
  private volatile List<LiveHost> hosts = List.of();
  private volatile List<InetAddress> policyAddresses = List.of();
  private volatile @Nullable OddTlsServer policyTls;
  private volatile boolean policyFetched;

  /** The handling of messages, and the domains for which they are taken. */
  interface SiteMailHandler {
    boolean acceptsDomain(String domain);

    /** For one message to these domains. */
    BodyScan scan(Collection<String> domains);
  }

  /** Sees a body go by. */
  interface BodyScan extends BodySink {
    /** It is whole. */
    void ended();
  }

  /** Messages to this one domain are taken and dropped. */
  record DroppedMail(String domain) implements SiteMailHandler, BodyScan {
    @Override
    public boolean acceptsDomain(String other) {
      return other.equals(domain);
    }

    @Override
    public BodyScan scan(Collection<String> domains) {
      return this;
    }

    @Override
    public void take(byte[] block, int offset, int length) {}

    @Override
    public void ended() {}
  }

  /** A host of it. */
  public static final class LiveHost {
    private final String label;
    private final String name;
    private final List<InetAddress> addresses;
    private final AtomicBoolean dropped = new AtomicBoolean();
    private final TlsSessionCache sessions = new TlsSessionCache();
    private volatile @Nullable Instant firstAttempt;
    private volatile TrapHost now;
    private volatile OddTlsServer tls;
    private volatile IssuedCertificate leaf;

    private LiveHost(
        TrapHost now, String name, List<InetAddress> addresses, LabCertificateAuthority authority) {
      this.label = now.label();
      this.name = name;
      this.addresses = addresses;
      this.now = now;
      this.leaf = authority.issue(named(now.leaf(), name));
      this.tls = tls(now, authority);
    }

    private OddTlsServer tls(TrapHost host, LabCertificateAuthority authority) {
      IssuedCertificate named = leaf;
      IssuedCertificate unnamed =
          host.unnamed().equals(host.leaf()) ? named : authority.issue(named(host.unnamed(), name));
      return new OddTlsServer(host.tls(), asked -> name.equals(asked) ? named : unnamed, sessions);
    }

    private void become(TrapHost next, LabCertificateAuthority authority) {
      if (!next.leaf().equals(now.leaf())) {
        leaf = authority.issue(named(next.leaf(), name));
      }
      tls = tls(next, authority);
      now = next;
    }

    String label() {
      return label;
    }

    String name() {
      return name;
    }

    List<InetAddress> addresses() {
      return addresses;
    }

    TrapHost now() {
      return now;
    }

    OddTlsServer tls() {
      return tls;
    }

    public IssuedCertificate leaf() {
      return leaf;
    }

    /** Whether this is the first message, which is to be dropped. */
    boolean dropsNow() {
      return dropped.compareAndSet(false, true);
    }
  }

  /**
   * @param origin its name, {@code e3.k7f2q9.lab.example}
   * @param turned called when it has turned into something else
   */
  LiveSite(
      String origin,
      Site site,
      Sighting sighting,
      LabCertificateAuthority authority,
      Clock clock,
      LabSettings settings,
      SiteMailHandler mail,
      Consumer<LiveSite> turned) {
    this.origin = origin;
    int dot = origin.indexOf('.');
    this.hostOrigin =
        site.hostSigning() == null
            ? origin
            : origin.substring(0, dot) + "-mx" + origin.substring(dot);
    this.now = site;
    this.sighting = sighting;
    this.authority = authority;
    this.clock = clock;
    this.settings = settings;
    this.mail = mail;
    this.onChange = turned;
  }

  /**
   * Gives it addresses; those without a listener too.
   *
   * @throws AddressSource.NoAddressLeft when there are not enough
   */
  public void assignAddresses(AddressSource addresses) throws AddressSource.NoAddressLeft {
    List<LiveHost> live = new ArrayList<>();
    for (TrapHost host : now.hosts()) {
      String name = host.label().equals("@") ? hostOrigin : host.label() + "." + hostOrigin;
      live.add(new LiveHost(host, name, addressesOf(host, addresses), authority));
    }
    hosts = List.copyOf(live);
    if (now.policy() != null) {
      policyAddresses = addresses.web();
      certifyPolicy();
    }
  }

  private static List<InetAddress> addressesOf(TrapHost host, AddressSource addresses)
      throws AddressSource.NoAddressLeft {
    return switch (host.reachability()) {
      case V4, REFUSED -> List.of(addresses.v4());
      case V6 -> addresses.v6().map(List::of).orElse(List.of());
      case LOOP -> List.of(InetAddress.ofLiteral("127.0.0.1"));
      case DEAD_V6 -> List.of(addresses.v4(), AddressSource.DEAD_V6);
      case ANY -> addresses.any();
    };
  }

  private void certifyPolicy() {
    StsPublication policy = now.policy();
    if (policy != null) {
      IssuedCertificate leaf = authority.issue(named(policy.leaf(), policyName()));
      policyTls = new OddTlsServer(org.sealwax.testkit.tls.OddTlsBehaviour.good(), asked -> leaf);
    }
  }

  private static CertificateSpec named(CertificateSpec plan, String host) {
    int dot = host.indexOf('.');
    return plan.withNames(
        plan.names().stream()
            .map(n -> n.replace("{host}", host).replace("{above}", host.substring(dot + 1)))
            .toArray(String[]::new));
  }

  String origin() {
    return origin;
  }

  String hostOrigin() {
    return hostOrigin;
  }

  String policyName() {
    return "mta-sts." + origin;
  }

  Site now() {
    return now;
  }

  public List<LiveHost> hosts() {
    return hosts;
  }

  List<InetAddress> policyAddresses() {
    return policyAddresses;
  }

  Optional<OddTlsServer> policyTls() {
    return Optional.ofNullable(policyTls);
  }

  Sighting sighting() {
    return sighting;
  }

  /** What takes its messages. */
  SiteMailHandler mail() {
    return mail;
  }

  Duration scaled(Duration time) {
    return settings.scaled(time);
  }

  /** The present policy was sent. */
  void policyServed() {
    policyFetched = true;
  }

  /** Whether the present policy was fetched. */
  boolean policyFetched() {
    return policyFetched;
  }

  /** What a reply states about where the result is. */
  String result() {
    String label = sighting.trapCase().label();
    return "trap " + label + " recorded: " + settings.results() + origin;
  }

  /** Whether a greylisting host takes mail by now. */
  boolean isDue(LiveHost host) {
    Instant first = host.firstAttempt;
    Instant at = clock.now();
    if (first == null) {
      host.firstAttempt = at;
      return false;
    }
    return !at.isBefore(first.plus(scaled(GREYLISTED)));
  }

  /** A session with a host has ended: what changes after the first try changes now. */
  void attemptEnded(LiveHost host) {
    if (now.later() != null && changed.compareAndSet(false, true)) {
      Site next = now.second().orElseThrow();
      for (int i = 0; i < hosts.size(); i++) {
        hosts.get(i).become(next.hosts().get(i), authority);
      }
      now = next;
      policyFetched = false;
      certifyPolicy();
      onChange.accept(this);
      sighting.add(new TrapEvent.SiteChanged(clock.now()));
    }
  }
}
