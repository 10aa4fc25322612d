package org.sealwax.lab.judge;

import java.net.Inet6Address;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.Records;

/** The facts of one sighting. Immutable once read. */
public final class SightingFacts {
  /**
   * A try ends when nothing is open and nothing was asked for this long, and the sender then looks
   * up the hosts again or connects to an address that it already tried in this try. Busy senders
   * take longer from one address to the next; between two tries all wait for seconds at least.
   */
  static final Duration PAUSE = Duration.ofSeconds(3);

  /** One connection. */
  private static final class SenderConnection {
    private final boolean afterChange;
    private final Set<SenderAction> facts = EnumSet.noneOf(SenderAction.class);

    SenderConnection(boolean afterChange) {
      this.afterChange = afterChange;
    }
  }

  /** One try: questions and connections without a pause between them. */
  private static final class SenderAttempt {
    private final List<SenderConnection> connections = new ArrayList<>();

    /** Lookups and policies that the sender had by then; they may be from earlier tries. */
    private final Set<SenderAction> known = EnumSet.noneOf(SenderAction.class);

    /** Hosts and address families that it connected to. */
    private final Set<String> hostsReached = new HashSet<>();

    /** The host deferred the recipient: the message is queued because of the host's reply. */
    private boolean deferred;

    boolean didAll(Set<SenderAction> all) {
      Set<SenderAction> on = EnumSet.noneOf(SenderAction.class);
      boolean again = all.contains(SenderAction.CAME_AGAIN);
      connections.stream().filter(c -> c.afterChange || !again).forEach(c -> on.addAll(c.facts));
      return all.stream().allMatch(r -> (r.onConnection() ? on : known).contains(r));
    }
  }

  private final Set<String> asked = new LinkedHashSet<>();
  private final List<SenderAttempt> attempts = new ArrayList<>();
  private final List<String> underTls = new ArrayList<>();
  private final List<String> inPlaintext = new ArrayList<>();
  private final List<TrapEvent.HandshakeCompleted> handshakes = new ArrayList<>();
  private final List<ClientHello> hellos = new ArrayList<>();
  private final List<String> deceptions = new ArrayList<>();
  private final List<TrapEvent.TlsReportReceived> reports = new ArrayList<>();
  private final List<String> mailLines = new ArrayList<>();
  private int connections;
  private int fetches;
  private int deliveries;
  private int attemptsUntilPlaintext;
  private boolean envelopesInPlaintext;
  private boolean policyBeforeConnection;
  private boolean acknowledged;
  private boolean beforeChange;
  private boolean downgraded;
  private boolean tlsOptional;
  private String router = "";
  private TrapEvent.@Nullable DsnReturned bounce;

  private SightingFacts() {}

  /** Nothing was seen. */
  static SightingFacts none() {
    return new SightingFacts();
  }

  /** Reads them off a sighting. */
  public static SightingFacts of(Sighting sighting) {
    SightingFacts facts = new SightingFacts();
    EventReader reader = new EventReader(facts);
    sighting.events().forEach(reader::read);
    return facts;
  }

  /** Follows the events in their order. */
  private static final class EventReader {
    private final SightingFacts to;
    private final Set<SenderAction> known = EnumSet.noneOf(SenderAction.class);
    private final Map<Integer, SenderConnection> all = new HashMap<>();
    private final Set<Integer> open = new HashSet<>();
    private final Set<Integer> offered = new HashSet<>();
    private final Set<Integer> older = new HashSet<>();
    private Instant last = Instant.MIN;
    private boolean changed;

    EventReader(SightingFacts to) {
      this.to = to;
    }

    void read(TrapEvent event) {
      switch (event) {
        case TrapEvent.DnsQueried a -> asked(a);
        case TrapEvent.PolicyRequested f -> fetched(f);
        case TrapEvent.HostConnected c -> connected(c);
        case TrapEvent.SmtpLineSeen s -> smtpLine(s);
        case TrapEvent.ClientHelloSeen h -> hello(h);
        case TrapEvent.HandshakeCompleted s -> {
          fact(s.connection(), s.at(), SenderAction.HELLO, SenderAction.SHOWN);
          to.handshakes.add(s);
          if (s.version() == Records.TLS12) {
            older.add(s.connection());
          }
        }
        case TrapEvent.HandshakeAborted u -> {
          if (u.answered()) {
            fact(u.connection(), u.at(), SenderAction.SHOWN);
          }
        }
        case TrapEvent.MessageAccepted d -> delivered(d);
        case TrapEvent.ConnectionClosed c -> {
          open.remove(c.connection());
          last = c.at();
        }
        case TrapEvent.SiteChanged t -> changed = true;
        case TrapEvent.DsnReturned b -> {
          if (b.action().equals("failed")) {
            to.bounce = b;
          }
        }
        case TrapEvent.SenderDeceived f -> to.deceptions.add(f.how());
        case TrapEvent.TlsReportReceived r -> to.reports.add(r);
      }
    }

    /**
     * The try that something at this time belongs to; a new one after a pause.
     *
     * @param again whether it is something that a sender does once in a try
     */
    private SenderAttempt begin(Instant at, boolean again) {
      if (to.attempts.isEmpty() || (again && open.isEmpty() && last.plus(PAUSE).isBefore(at))) {
        to.attempts.add(new SenderAttempt());
      }
      last = at;
      SenderAttempt now = to.attempts.getLast();
      now.known.addAll(known);
      return now;
    }

    private void learn(SenderAction what) {
      known.add(what);
      if (!to.attempts.isEmpty()) {
        to.attempts.getLast().known.add(what);
      }
    }

    private void asked(TrapEvent.DnsQueried a) {
      to.asked.add(a.type());
      boolean policyHost = a.name().startsWith("mta-sts.");
      switch (a.type()) {
        case "MX" -> {
          known.add(SenderAction.ASKED_MX);
          begin(a.at(), true);
        }
        case "A", "AAAA" -> {
          if (!policyHost) {
            known.add(SenderAction.ASKED_ADDRESS);
            begin(a.at(), true);
          }
        }
        case "TLSA" -> {
          learn(SenderAction.ASKED_TLSA);
          last = a.at();
        }
        default -> {}
      }
    }

    private void fetched(TrapEvent.PolicyRequested f) {
      last = f.at();
      if (f.status() == 200) {
        to.fetches++;
        to.policyBeforeConnection |= to.connections == 0;
        learn(SenderAction.FETCHED);
        learn(changed ? SenderAction.FETCHED_AFTER : SenderAction.FETCHED_BEFORE);
      }
    }

    private void connected(TrapEvent.HostConnected c) {
      SenderConnection connection = new SenderConnection(changed);
      connection.facts.add(SenderAction.CAME_AGAIN);
      if (!c.host().equals("mx2")) {
        connection.facts.add(SenderAction.FIRST_HOST);
      }
      String address = c.host() + (c.from() instanceof Inet6Address ? " IPv6" : " IPv4");
      SenderAttempt now =
          begin(
              c.at(),
              !to.attempts.isEmpty() && to.attempts.getLast().hostsReached.contains(address));
      now.hostsReached.add(address);
      now.connections.add(connection);
      all.put(c.connection(), connection);
      open.add(c.connection());
      to.connections++;
    }

    private void fact(int number, Instant at, SenderAction... facts) {
      last = at;
      SenderConnection connection = all.get(number);
      if (connection != null) {
        connection.facts.addAll(List.of(facts));
      }
    }

    private void smtpLine(TrapEvent.SmtpLineSeen s) {
      last = s.at();
      String text = s.text().toUpperCase(Locale.ROOT);
      if (!s.bySender()) {
        if (text.startsWith("451 ") && !to.attempts.isEmpty()) {
          to.attempts.getLast().deferred = true;
        }
        return;
      }
      if (text.startsWith("EHLO") || text.startsWith("HELO")) {
        fact(s.connection(), s.at(), SenderAction.GREETED);
      } else if (text.startsWith("STARTTLS")) {
        fact(s.connection(), s.at(), SenderAction.STARTTLS);
      } else if (text.startsWith("MAIL FROM:")) {
        to.mailLines.add(s.text());
        to.envelopesInPlaintext |= !s.tls();
      }
    }

    private void hello(TrapEvent.ClientHelloSeen h) {
      fact(h.connection(), h.at(), SenderAction.HELLO);
      if (ClientHello.read(h.raw(), 0, h.raw().length)
          instanceof ClientHello.ClientHelloParse.Whole(ClientHello hello)) {
        to.hellos.add(hello);
        if (hello.offersTls13()) {
          offered.add(h.connection());
        }
      }
    }

    private void delivered(TrapEvent.MessageAccepted d) {
      to.deliveries++;
      to.acknowledged |= d.replied();
      to.tlsOptional |= d.tlsOptional();
      to.router = to.router.isEmpty() ? d.router() : to.router;
      to.downgraded |= offered.contains(d.connection()) && older.contains(d.connection());
      SenderConnection connection = all.get(d.connection());
      to.beforeChange |= connection != null && !connection.afterChange;
      (d.tls() ? to.underTls : to.inPlaintext).add(d.host());
      if (!d.tls() && to.attemptsUntilPlaintext == 0) {
        to.attemptsUntilPlaintext = to.attemptsWithConnection();
      }
    }
  }

  private int attemptsWithConnection() {
    return (int) attempts.stream().filter(t -> !t.connections.isEmpty()).count();
  }

  /** Connections to its hosts. */
  public int connections() {
    return connections;
  }

  /** In how many tries the sender did all of this; see {@link SenderAction#onConnection()}. */
  int attempts(Set<SenderAction> all) {
    return (int) attempts.stream().filter(t -> t.didAll(all)).count();
  }

  /** The first of these that the sender never did, alone or together. */
  Optional<SenderAction> missing(Set<SenderAction> all) {
    if (attempts(all) > 0) {
      return Optional.empty();
    }
    List<SenderAction> alone = all.stream().filter(r -> attempts(Set.of(r)) == 0).sorted().toList();
    return alone.isEmpty() ? all.stream().sorted().reduce((a, b) -> b) : alone.stream().findFirst();
  }

  /** Tries with a connection, up to the one that delivered in plaintext; 0 when none did. */
  int attemptsUntilPlaintext() {
    return attemptsUntilPlaintext;
  }

  /** Whether the host itself deferred the recipient in the last try. */
  boolean deferredByHost() {
    return !attempts.isEmpty() && attempts.getLast().deferred;
  }

  /** Labels of hosts at which a message was taken under TLS. */
  public List<String> underTls() {
    return List.copyOf(underTls);
  }

  /** Labels of hosts at which a message was taken in plaintext. */
  public List<String> inPlaintext() {
    return List.copyOf(inPlaintext);
  }

  /** Whether a MAIL command was seen in plaintext. */
  public boolean envelopesInPlaintext() {
    return envelopesInPlaintext;
  }

  /** Completed handshakes. */
  public List<TrapEvent.HandshakeCompleted> handshakes() {
    return List.copyOf(handshakes);
  }

  /**
   * The first ClientHello that could be read whole: what the sender offers before it learns
   * anything.
   */
  Optional<ClientHello> firstHello() {
    return hellos.stream().findFirst();
  }

  /** Whether the policy was fetched before the first connection. */
  boolean policyBeforeConnection() {
    return policyBeforeConnection;
  }

  /** The notice that gave up, if one came. */
  Optional<TrapEvent.DsnReturned> bounce() {
    return Optional.ofNullable(bounce);
  }

  /** Attacks that the sender accepted. */
  public List<String> deceptions() {
    return List.copyOf(deceptions);
  }

  /** TLS reports about it. */
  List<TrapEvent.TlsReportReceived> reports() {
    return List.copyOf(reports);
  }

  /** Messages taken, whether or not the sender got the reply. */
  public int deliveries() {
    return deliveries;
  }

  /** The MAIL commands, as they came. */
  List<String> mailLines() {
    return List.copyOf(mailLines);
  }

  /** Whether a message was taken over TLS 1.2 though that ClientHello offered TLS 1.3. */
  boolean downgraded() {
    return downgraded;
  }

  /** Whether a message came with {@code TLS-Required: No}. */
  boolean tlsOptional() {
    return tlsOptional;
  }

  /** The mail router that a message named; empty when none did. */
  String router() {
    return router;
  }

  /** Whether the result is final: a message was taken, or given up. */
  public boolean decided() {
    return delivered() || bounce != null;
  }

  /** Whether a message was taken on a connection from before the site changed. */
  boolean beforeChange() {
    return beforeChange;
  }

  /** Whether the sender tried at all: looked up the hosts, or connected. */
  public boolean attempted() {
    return connections > 0
        || asked.contains("MX")
        || asked.contains("A")
        || asked.contains("AAAA")
        || bounce != null;
  }

  /** Whether a message was taken, and the sender got a positive reply. */
  public boolean delivered() {
    return acknowledged;
  }

  /**
   * Whether the sender had what this mechanism gives it to judge the hosts of this test case by.
   */
  boolean consulted(ProtectionMechanism mechanism) {
    return switch (mechanism) {
      case DANE -> asked.contains("TLSA");
      case STS -> fetches > 0;
      case DNSSEC, NONE -> false;
    };
  }

  /** One sentence. */
  public String text() {
    List<String> out = new ArrayList<>();
    if (!underTls.isEmpty()) {
      out.add("delivered under TLS " + at(underTls));
    }
    if (!inPlaintext.isEmpty()) {
      out.add("delivered in plaintext " + at(inPlaintext));
    } else if (envelopesInPlaintext) {
      out.add("sent the envelope in plaintext");
    }
    if (!delivered() && deliveries > 0) {
      out.add("never acknowledged");
    }
    bounce().ifPresent(b -> out.add(("bounced " + b.status()).strip()));
    if (out.isEmpty()) {
      out.add(attempted() ? "not delivered" : "not attempted");
    }
    if (connections > 0) {
      out.add(connections + (connections == 1 ? " connection" : " connections"));
    }
    if (asked.contains("TLSA")) {
      out.add("looked up TLSA records");
    }
    if (fetches > 0) {
      out.add("fetched the policy");
    }
    out.addAll(deceptions);
    return String.join(", ", out);
  }

  private static String at(List<String> hosts) {
    Map<String, Integer> counts = new HashMap<>();
    hosts.forEach(h -> counts.merge(h, 1, Integer::sum));
    List<String> parts = new ArrayList<>();
    hosts.stream()
        .distinct()
        .forEach(h -> parts.add(h + (counts.getOrDefault(h, 1) > 1 ? " ×" + counts.get(h) : "")));
    return "at " + String.join(" and ", parts);
  }
}
