package org.sealwax.lab.site;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.traps.Host;
import org.sealwax.lab.traps.PolicySite;
import org.sealwax.lab.traps.Site;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.BodySink;
import org.sealwax.testkit.tls.LeafPlan;
import org.sealwax.testkit.tls.Mint;
import org.sealwax.testkit.tls.Minted;
import org.sealwax.testkit.tls.OddServer;
import org.sealwax.testkit.tls.Sessions;

/** One site as it stands: its names, its addresses, and what it is at the moment. */
public final class Place {
  /** From when on a greylisting host takes mail (RFC 6647 5: minutes), before the scale. */
  private static final Duration GREYLISTED = Duration.ofMinutes(5);

  private final String origin;
  private final String hostOrigin;
  private final Sighting sighting;
  private final Mint mint;
  private final Clock clock;
  private final LabSettings settings;
  private final Runnable turned;
  private final Correspondence mail;
  private final AtomicBoolean hasTurned = new AtomicBoolean();
  private volatile Site now;
  private volatile List<LiveHost> hosts = List.of();
  private volatile List<InetAddress> policyAddresses = List.of();
  private volatile @Nullable OddServer policyTls;
  private volatile boolean policyFetched;

  /** What becomes of messages, and for which domains they are taken. */
  interface Correspondence {
    boolean takes(String domain);

    /** For one message to these domains. */
    Scan scan(Collection<String> domains);
  }

  /** Sees a body go by. */
  interface Scan extends BodySink {
    /** It is whole. */
    void ended();
  }

  /** A host of it. */
  public static final class LiveHost {
    private final String label;
    private final String name;
    private final List<InetAddress> addresses;
    private final AtomicBoolean dropped = new AtomicBoolean();
    private final Sessions sessions = new Sessions();
    private volatile @Nullable Instant firstTry;
    private volatile Host now;
    private volatile OddServer tls;
    private volatile Minted leaf;

    private LiveHost(Host now, String name, List<InetAddress> addresses, Mint mint) {
      this.label = now.label();
      this.name = name;
      this.addresses = addresses;
      this.now = now;
      this.leaf = mint.make(named(now.leaf(), name));
      this.tls = tls(now, mint);
    }

    private OddServer tls(Host host, Mint mint) {
      Minted named = leaf;
      Minted unnamed =
          host.unnamed().equals(host.leaf()) ? named : mint.make(named(host.unnamed(), name));
      return new OddServer(host.tls(), asked -> name.equals(asked) ? named : unnamed, sessions);
    }

    private void become(Host next, Mint mint) {
      if (!next.leaf().equals(now.leaf())) {
        leaf = mint.make(named(next.leaf(), name));
      }
      tls = tls(next, mint);
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

    Host now() {
      return now;
    }

    OddServer tls() {
      return tls;
    }

    public Minted leaf() {
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
  Place(
      String origin,
      Site site,
      Sighting sighting,
      Mint mint,
      Clock clock,
      LabSettings settings,
      Correspondence mail,
      Runnable turned) {
    this.origin = origin;
    int dot = origin.indexOf('.');
    this.hostOrigin =
        site.hostSigning() == null
            ? origin
            : origin.substring(0, dot) + "-mx" + origin.substring(dot);
    this.now = site;
    this.sighting = sighting;
    this.mint = mint;
    this.clock = clock;
    this.settings = settings;
    this.mail = mail;
    this.turned = turned;
  }

  /**
   * Gives it addresses; those without a listener too.
   *
   * @throws Addresses.None when there are not enough
   */
  public void settle(Addresses addresses) throws Addresses.None {
    List<LiveHost> live = new ArrayList<>();
    for (Host host : now.hosts()) {
      String name = host.label().equals("@") ? hostOrigin : host.label() + "." + hostOrigin;
      live.add(new LiveHost(host, name, addressesOf(host, addresses), mint));
    }
    hosts = List.copyOf(live);
    if (now.policy() != null) {
      policyAddresses = addresses.web();
      certifyPolicy();
    }
  }

  private static List<InetAddress> addressesOf(Host host, Addresses addresses)
      throws Addresses.None {
    return switch (host.reach()) {
      case V4, REFUSED -> List.of(addresses.v4());
      case V6 -> addresses.v6().map(List::of).orElse(List.of());
      case LOOP -> List.of(InetAddress.ofLiteral("127.0.0.1"));
      case DEAD_V6 -> List.of(addresses.v4(), addresses.deadV6());
      case ANY -> addresses.any();
    };
  }

  private void certifyPolicy() {
    PolicySite policy = now.policy();
    if (policy != null) {
      Minted leaf = mint.make(named(policy.leaf(), policyName()));
      policyTls = new OddServer(org.sealwax.testkit.tls.OddTls.good(), asked -> leaf);
    }
  }

  private static LeafPlan named(LeafPlan plan, String host) {
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

  Optional<OddServer> policyTls() {
    return Optional.ofNullable(policyTls);
  }

  Sighting sighting() {
    return sighting;
  }

  boolean takes(String domain) {
    return mail.takes(domain);
  }

  Scan scan(Collection<String> domains) {
    return mail.scan(domains);
  }

  Duration scaled(Duration time) {
    return settings.scaled(time);
  }

  /** The policy as it stands was given out. */
  void gavePolicy() {
    policyFetched = true;
  }

  /** Whether the policy as it stands now was fetched. */
  boolean policyFetched() {
    return policyFetched;
  }

  /** What a reply says about where the result is. */
  String result() {
    String label = sighting.row().label();
    return "trap " + label + " recorded: " + settings.results() + origin;
  }

  /** Whether a greylisting host takes mail by now. */
  boolean isDue(LiveHost host) {
    Instant first = host.firstTry;
    Instant at = clock.now();
    if (first == null) {
      host.firstTry = at;
      return false;
    }
    return !at.isBefore(first.plus(settings.scaled(GREYLISTED)));
  }

  /** A conversation with a host is over: what changes after the first try changes now. */
  void tried(LiveHost host) {
    if (now.later() != null && hasTurned.compareAndSet(false, true)) {
      Site next = now.second().orElseThrow();
      for (int i = 0; i < hosts.size(); i++) {
        hosts.get(i).become(next.hosts().get(i), mint);
      }
      now = next;
      policyFetched = false;
      certifyPolicy();
      turned.run();
      sighting.add(new Event.Turned(clock.now()));
    }
  }
}
