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
import org.sealwax.lab.site.Event;
import org.sealwax.lab.site.Sighting;
import org.sealwax.mail.tls.wire.ClientHello;

/** The facts of one sighting. Immutable once read. */
public final class Deeds {
  /**
   * A try ends when nothing is open and nothing was asked for so long, and the sender then asks for
   * the way again or comes to an address at which it was in this try. Busy senders take longer from
   * one address to the next; between two tries all wait for seconds at least.
   */
  static final Duration PAUSE = Duration.ofSeconds(3);

  private static final int TLS_1_2 = 0x0303;

  /** One connection. */
  private static final class Connection {
    private final boolean afterChange;
    private final Set<Reached> facts = EnumSet.noneOf(Reached.class);

    Connection(boolean afterChange) {
      this.afterChange = afterChange;
    }
  }

  /** One try: questions and connections without a pause between them. */
  private static final class Try {
    private final List<Connection> connections = new ArrayList<>();

    /** Lookups and policies that the sender had by then; they may be from earlier tries. */
    private final Set<Reached> known = EnumSet.noneOf(Reached.class);

    /** Hosts and families of addresses that it came to. */
    private final Set<String> visited = new HashSet<>();

    /** The host put the recipient off: that the message is still waiting is the host's doing. */
    private boolean deferred;

    boolean reached(Set<Reached> all) {
      Set<Reached> on = EnumSet.noneOf(Reached.class);
      boolean again = all.contains(Reached.CAME_AGAIN);
      connections.stream().filter(c -> c.afterChange || !again).forEach(c -> on.addAll(c.facts));
      return all.stream().allMatch(r -> (r.onConnection() ? on : known).contains(r));
    }
  }

  private final Set<String> asked = new LinkedHashSet<>();
  private final List<Try> tries = new ArrayList<>();
  private final List<String> underTls = new ArrayList<>();
  private final List<String> inClear = new ArrayList<>();
  private final List<Event.Secured> handshakes = new ArrayList<>();
  private final List<ClientHello> hellos = new ArrayList<>();
  private final List<String> fooled = new ArrayList<>();
  private final List<Event.Reported> reports = new ArrayList<>();
  private final List<String> mailLines = new ArrayList<>();
  private int connections;
  private int fetches;
  private int deliveries;
  private int triesUntilClear;
  private boolean envelopesInClear;
  private boolean policyBeforeConnection;
  private boolean acknowledged;
  private boolean beforeChange;
  private boolean downgraded;
  private boolean tlsOptional;
  private Event.@Nullable Bounced bounce;

  private Deeds() {}

  /** Nothing was seen. */
  static Deeds none() {
    return new Deeds();
  }

  /** Reads them off a sighting. */
  public static Deeds of(Sighting sighting) {
    Deeds deeds = new Deeds();
    Reader reader = new Reader(deeds);
    sighting.events().forEach(reader::take);
    return deeds;
  }

  /** Follows the events in their order. */
  private static final class Reader {
    private final Deeds to;
    private final Set<Reached> known = EnumSet.noneOf(Reached.class);
    private final Map<Integer, Connection> all = new HashMap<>();
    private final Set<Integer> open = new HashSet<>();
    private final Set<Integer> offered = new HashSet<>();
    private final Set<Integer> older = new HashSet<>();
    private Instant last = Instant.MIN;
    private boolean changed;

    Reader(Deeds to) {
      this.to = to;
    }

    void take(Event event) {
      switch (event) {
        case Event.Asked a -> asked(a);
        case Event.Fetched f -> fetched(f);
        case Event.Connected c -> connected(c);
        case Event.Said s -> said(s);
        case Event.Hello h -> hello(h);
        case Event.Secured s -> {
          fact(s.connection(), s.at(), Reached.HELLO, Reached.SHOWN);
          to.handshakes.add(s);
          if (s.version() == TLS_1_2) {
            older.add(s.connection());
          }
        }
        case Event.Unsecured u -> {
          if (u.answered()) {
            fact(u.connection(), u.at(), Reached.SHOWN);
          }
        }
        case Event.Delivered d -> delivered(d);
        case Event.Closed c -> {
          open.remove(c.connection());
          last = c.at();
        }
        case Event.Turned t -> changed = true;
        case Event.Bounced b -> {
          if (b.action().equals("failed")) {
            to.bounce = b;
          }
        }
        case Event.Fooled f -> to.fooled.add(f.how());
        case Event.Reported r -> to.reports.add(r);
      }
    }

    /**
     * The try that something at this time belongs to; a new one after a pause.
     *
     * @param again whether it is something that a sender does once in a try
     */
    private Try begin(Instant at, boolean again) {
      if (to.tries.isEmpty() || (again && open.isEmpty() && last.plus(PAUSE).isBefore(at))) {
        to.tries.add(new Try());
      }
      last = at;
      Try now = to.tries.getLast();
      now.known.addAll(known);
      return now;
    }

    private void learn(Reached what) {
      known.add(what);
      if (!to.tries.isEmpty()) {
        to.tries.getLast().known.add(what);
      }
    }

    private void asked(Event.Asked a) {
      to.asked.add(a.type());
      boolean policyHost = a.name().startsWith("mta-sts.");
      switch (a.type()) {
        case "MX" -> {
          known.add(Reached.ASKED_MX);
          begin(a.at(), true);
        }
        case "A", "AAAA" -> {
          if (!policyHost) {
            known.add(Reached.ASKED_ADDRESS);
            begin(a.at(), true);
          }
        }
        case "TLSA" -> {
          learn(Reached.ASKED_TLSA);
          last = a.at();
        }
        default -> {}
      }
    }

    private void fetched(Event.Fetched f) {
      last = f.at();
      if (f.status() == 200) {
        to.fetches++;
        to.policyBeforeConnection |= to.connections == 0;
        learn(Reached.FETCHED);
        learn(changed ? Reached.FETCHED_AFTER : Reached.FETCHED_BEFORE);
      }
    }

    private void connected(Event.Connected c) {
      Connection connection = new Connection(changed);
      connection.facts.add(Reached.CAME_AGAIN);
      if (!c.host().equals("mx2")) {
        connection.facts.add(Reached.FIRST_HOST);
      }
      String address = c.host() + (c.from() instanceof Inet6Address ? " IPv6" : " IPv4");
      Try now = begin(c.at(), !to.tries.isEmpty() && to.tries.getLast().visited.contains(address));
      now.visited.add(address);
      now.connections.add(connection);
      all.put(c.connection(), connection);
      open.add(c.connection());
      to.connections++;
    }

    private void fact(int number, Instant at, Reached... facts) {
      last = at;
      Connection connection = all.get(number);
      if (connection != null) {
        connection.facts.addAll(List.of(facts));
      }
    }

    private void said(Event.Said s) {
      last = s.at();
      String text = s.text().toUpperCase(Locale.ROOT);
      if (!s.bySender()) {
        if (text.startsWith("451 ") && !to.tries.isEmpty()) {
          to.tries.getLast().deferred = true;
        }
        return;
      }
      if (text.startsWith("EHLO") || text.startsWith("HELO")) {
        fact(s.connection(), s.at(), Reached.GREETED);
      } else if (text.startsWith("STARTTLS")) {
        fact(s.connection(), s.at(), Reached.STARTTLS);
      } else if (text.startsWith("MAIL FROM:")) {
        to.mailLines.add(s.text());
        to.envelopesInClear |= !s.tls();
      }
    }

    private void hello(Event.Hello h) {
      fact(h.connection(), h.at(), Reached.HELLO);
      if (ClientHello.read(h.raw(), 0, h.raw().length)
          instanceof ClientHello.Reading.Whole(ClientHello hello)) {
        to.hellos.add(hello);
        if (hello.offersTls13()) {
          offered.add(h.connection());
        }
      }
    }

    private void delivered(Event.Delivered d) {
      to.deliveries++;
      to.acknowledged |= d.replied();
      to.tlsOptional |= d.tlsOptional();
      to.downgraded |= offered.contains(d.connection()) && older.contains(d.connection());
      Connection connection = all.get(d.connection());
      to.beforeChange |= connection != null && !connection.afterChange;
      (d.tls() ? to.underTls : to.inClear).add(d.host());
      if (!d.tls() && to.triesUntilClear == 0) {
        to.triesUntilClear = to.triesWithConnection();
      }
    }
  }

  private int triesWithConnection() {
    return (int) tries.stream().filter(t -> !t.connections.isEmpty()).count();
  }

  /** Connections to its hosts. */
  public int connections() {
    return connections;
  }

  /** In how many tries the sender did all of this; see {@link Reached#onConnection()}. */
  int tries(Set<Reached> all) {
    return (int) tries.stream().filter(t -> t.reached(all)).count();
  }

  /** The first of these that the sender never did, alone or together. */
  Optional<Reached> missing(Set<Reached> all) {
    if (tries(all) > 0) {
      return Optional.empty();
    }
    List<Reached> alone = all.stream().filter(r -> tries(Set.of(r)) == 0).sorted().toList();
    return alone.isEmpty() ? all.stream().sorted().reduce((a, b) -> b) : alone.stream().findFirst();
  }

  /** Tries with a connection, up to the one that delivered in plaintext; 0 when none did. */
  int triesUntilClear() {
    return triesUntilClear;
  }

  /** Whether the host itself put the recipient off in the last try. */
  boolean deferredByHost() {
    return !tries.isEmpty() && tries.getLast().deferred;
  }

  /** Labels of hosts at which a message was taken under TLS. */
  public List<String> underTls() {
    return List.copyOf(underTls);
  }

  /** Labels of hosts at which a message was taken in plaintext. */
  public List<String> inClear() {
    return List.copyOf(inClear);
  }

  /** Whether a MAIL command was seen in plaintext. */
  public boolean envelopesInClear() {
    return envelopesInClear;
  }

  /** Handshakes that came about. */
  public List<Event.Secured> handshakes() {
    return List.copyOf(handshakes);
  }

  /** The first hello that could be read whole: what the sender offers before it learns anything. */
  Optional<ClientHello> firstHello() {
    return hellos.stream().findFirst();
  }

  /** Whether the policy was fetched before the first connection. */
  boolean policyBeforeConnection() {
    return policyBeforeConnection;
  }

  /** The notice that gave up, if one came. */
  Optional<Event.Bounced> bounce() {
    return Optional.ofNullable(bounce);
  }

  /** What the sender fell for. */
  public List<String> fooled() {
    return List.copyOf(fooled);
  }

  /** TLS reports about it. */
  List<Event.Reported> reports() {
    return List.copyOf(reports);
  }

  /** Messages taken, told so or not. */
  public int deliveries() {
    return deliveries;
  }

  /** The MAIL commands, as they came. */
  List<String> mailLines() {
    return List.copyOf(mailLines);
  }

  /** Whether a message was taken over TLS 1.2 though that hello offered TLS 1.3. */
  boolean downgraded() {
    return downgraded;
  }

  /** Whether a message came with {@code TLS-Required: No}. */
  boolean tlsOptional() {
    return tlsOptional;
  }

  /** Whether a message was taken on a connection from before the site changed. */
  boolean beforeChange() {
    return beforeChange;
  }

  /** Whether the sender tried at all: asked for the way, or came. */
  public boolean tried() {
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

  /** Whether the sender had what this mechanism gives it to judge the hosts of this row by. */
  boolean consulted(Mechanism mechanism) {
    return switch (mechanism) {
      case DANE -> asked.contains("TLSA");
      case STS -> fetches > 0;
      case DNSSEC, NONE -> false;
    };
  }

  /** One sentence. */
  public String told() {
    List<String> out = new ArrayList<>();
    if (!underTls.isEmpty()) {
      out.add("delivered under TLS " + at(underTls));
    }
    if (!inClear.isEmpty()) {
      out.add("delivered in plaintext " + at(inClear));
    } else if (envelopesInClear) {
      out.add("showed its envelope in plaintext");
    }
    if (!delivered() && deliveries > 0) {
      out.add("never acknowledged");
    }
    bounce().ifPresent(b -> out.add(("bounced " + b.status()).strip()));
    if (out.isEmpty()) {
      out.add(tried() ? "not delivered" : "never tried");
    }
    if (connections > 0) {
      out.add(connections + (connections == 1 ? " connection" : " connections"));
    }
    if (asked.contains("TLSA")) {
      out.add("asked for TLSA");
    }
    if (fetches > 0) {
      out.add("fetched the policy");
    }
    out.addAll(fooled);
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
