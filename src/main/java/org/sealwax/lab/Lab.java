package org.sealwax.lab;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.dns.zone.ServedZones;
import org.sealwax.dns.zone.Signing;
import org.sealwax.dns.zone.Zone;
import org.sealwax.dns.zone.ZoneServer;
import org.sealwax.tls.odd.Mint;
import org.sealwax.tls.odd.OddServer;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Wire;

/**
 * The small broken internet, in this process.
 *
 * <pre>{@code
 * try (Lab lab = new Lab(LabSettings.defaults(), Clock.system(), Chance.secure())) {
 *   Ticket ticket = lab.issue(Traps.quick());
 *   // the sender asks lab.resolver(), trusts lab.anchors() and lab.rootPem(),
 *   // and sends from ticket.sender() to each of ticket.recipients()
 *   Sighting seen = ticket.sighting("e3");
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class Lab implements Closeable {
  /** Tokens at once: each has some 300 sockets. */
  public static final int MAX_TOKENS = 50;

  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
  private static final int TOKEN_LENGTH = 6;

  private final LabSettings settings;
  private final Clock clock;
  private final Chance chance;
  private final Mint mint;
  private final ZoneServer dns;
  private final Map<String, Ticket> tickets = new ConcurrentHashMap<>();

  /**
   * Starts the DNS, without any token yet.
   *
   * @throws IOException when its port is not to be had
   */
  public Lab(LabSettings settings, Clock clock, Chance chance) throws IOException {
    this.settings = settings;
    this.clock = clock;
    this.chance = chance;
    this.mint = new Mint(clock, chance);
    this.dns = ZoneServer.start(clock, settings.dns());
    String zone = settings.zone();
    List<Zone> above = new ArrayList<>();
    above.add(Zone.of(zone, "").signed(Signing.NSEC3));
    String tld = zone.substring(zone.lastIndexOf('.') + 1);
    if (!tld.equals(zone)) {
      above.add(Zone.of(tld, "").signed().with(Zone.Algorithm.RSA_SHA256));
    }
    dns.add(above);
    dns.watch(this::asked);
  }

  /** Where the sender's resolver is. */
  public InetSocketAddress resolver() {
    return dns.address();
  }

  /** The trust anchor for a validating resolver: DS records in presentation form. */
  public List<String> anchors() {
    return dns.anchors();
  }

  /** The CA to trust, in PEM. */
  public String rootPem() {
    return mint.rootPem();
  }

  /** How it is set up. */
  public LabSettings settings() {
    return settings;
  }

  /**
   * Whether the resolver acts as one that validates: AD on what is secure, SERVFAIL for what is
   * bogus. For senders that do not validate themselves: Postfix, Exim, all that use the C library.
   * Who sets CD sees all there is.
   */
  public void actValidating(boolean acts) {
    dns.sayAuthentic(acts);
    dns.hideBogus(acts);
  }

  /**
   * Sets the sites of these rows up under a fresh token.
   *
   * @throws IOException when an address is not to be had; nothing stays open then
   * @throws IllegalStateException when there are {@link #MAX_TOKENS} already
   */
  public Ticket issue(List<Trap.Case> rows) throws IOException {
    if (tickets.size() >= MAX_TOKENS) {
      throw new IllegalStateException("no more than " + MAX_TOKENS + " tokens at once");
    }
    String token = token();
    String zone = token + "." + settings.zone();
    Doors doors = new Doors();
    try {
      return issue(rows, token, zone, doors);
    } catch (IOException | RuntimeException e) {
      doors.close();
      dns.remove(zone);
      tickets.remove(token);
      throw e;
    }
  }

  private String token() {
    StringBuilder out = new StringBuilder();
    while (out.length() < TOKEN_LENGTH) {
      out.append(LETTERS.charAt(chance.below(LETTERS.length())));
    }
    return out.toString();
  }

  private Ticket issue(List<Trap.Case> rows, String token, String zone, Doors doors)
      throws IOException {
    Map<String, Sighting> sightings = new LinkedHashMap<>();
    rows.forEach(row -> sightings.put(row.label(), new Sighting(row)));
    Map<String, String> troubles = new ConcurrentHashMap<>();
    ZoneTexts texts = new ZoneTexts(settings, "report." + zone);
    List<Zone> zones = new ArrayList<>();
    zones.add(new Zone(zone, post(sightings, zone, doors), Signing.VALID));
    List<Place> places = new ArrayList<>();
    for (Sighting sighting : sightings.values()) {
      Place place = place(sighting, zone, texts);
      try {
        open(place, doors);
      } catch (IOException e) {
        if (place.now().hosts().stream().noneMatch(h -> h.reach() == Host.Reach.V6)) {
          throw e;
        }
        // Without IPv6 here that trap cannot be met, and the rest can.
        troubles.put(sighting.row().label(), String.valueOf(e.getMessage()));
      }
      places.add(place);
      zones.addAll(texts.zones(place));
    }
    dns.add(zones);
    places.forEach(this::faults);
    Ticket ticket = new Ticket(token, zone, sightings, troubles, () -> end(token, zone, doors));
    tickets.put(token, ticket);
    return ticket;
  }

  private void end(String token, String zone, Doors doors) throws IOException {
    if (tickets.remove(token) != null) {
      doors.close();
      dns.remove(zone);
    }
  }

  private Place place(Sighting sighting, String zone, ZoneTexts texts) {
    String origin = sighting.row().label() + "." + zone;
    Place.Correspondence mail =
        new Place.Correspondence() {
          @Override
          public boolean takes(String domain) {
            return domain.equals(origin);
          }

          @Override
          public Place.Scan scan() {
            return new Place.Scan() {
              @Override
              public void take(byte[] block, int offset, int length) {}

              @Override
              public void ended() {}
            };
          }
        };
    Place[] self = new Place[1];
    Place place =
        new Place(
            origin,
            sighting.row().site(),
            sighting,
            mint,
            clock,
            settings,
            mail,
            () -> turned(self[0], texts));
    self[0] = place;
    place.settle(settings.addresses());
    return place;
  }

  private void turned(Place place, ZoneTexts texts) {
    dns.replace(texts.zones(place));
    faults(place);
  }

  private void faults(Place place) {
    for (Site.NameFault fault : place.now().faults()) {
      String name =
          fault.label().equals("@") ? place.origin() : fault.label() + "." + place.hostOrigin();
      if (fault.type().isEmpty()) {
        dns.fault(name, fault.fault());
      } else {
        dns.fault(name, fault.type(), fault.fault());
      }
    }
  }

  private void open(Place place, Doors doors) throws IOException {
    for (Place.LiveHost host : place.hosts()) {
      Host.Reach reach = host.now().reach();
      if (reach == Host.Reach.REFUSED || reach == Host.Reach.LOOP) {
        continue;
      }
      if (host.addresses().isEmpty()) {
        throw new IOException("no IPv6 address for " + host.name());
      }
      List<InetAddress> listening =
          reach == Host.Reach.DEAD_V6 ? host.addresses().subList(0, 1) : host.addresses();
      for (InetAddress address : listening) {
        doors.open(
            address, settings.smtpPort(), wire -> new Conversation(wire, place, host, clock).run());
      }
    }
    InetAddress policy = place.policyAddress().orElse(null);
    if (policy != null) {
      PolicyDesk desk = new PolicyDesk(place, clock);
      doors.open(policy, settings.httpsPort(), wire -> policy(wire, place, desk));
    }
  }

  private static void policy(Wire wire, Place place, PolicyDesk desk) {
    PolicySite now = place.now().policy();
    OddServer tls = place.policyTls().orElse(null);
    if (now == null || now.answer() == PolicySite.Answer.DOWN || tls == null) {
      desk.broken("the policy host is down");
      try {
        wire.close();
      } catch (IOException e) {
        // It was to be down.
      }
      return;
    }
    HttpsHost.serve(wire, tls, desk);
  }

  /** The post office: a good host that takes bounces and reports; the text of the token's zone. */
  private String post(Map<String, Sighting> sightings, String zone, Doors doors)
      throws IOException {
    PostOffice office =
        new PostOffice(sightings, List.of("bounce." + zone, "report." + zone), zone, clock);
    Sighting own = new Sighting(new Trap.Case(POST, Context.DANE));
    Place place =
        new Place(zone, Site.of(Context.DANE), own, mint, clock, settings, office, () -> {});
    place.settle(settings.addresses());
    open(place, doors);
    Place.LiveHost host = place.hosts().getFirst();
    InetAddress reports = settings.addresses().v4();
    OddServer tls =
        new OddServer(
            org.sealwax.tls.odd.OddTls.good(),
            new Fixed(mint.make(org.sealwax.tls.odd.LeafPlan.of("report." + zone))));
    doors.open(
        reports,
        settings.httpsPort(),
        wire -> HttpsHost.serve(wire, tls, office.desk((path, what) -> {})));
    StringBuilder text = new StringBuilder("$TTL 60\n");
    host.addresses()
        .forEach(
            a ->
                text.append(
                    "mx "
                        + (a instanceof java.net.Inet6Address ? "AAAA " : "A ")
                        + a.getHostAddress()
                        + "\n"));
    text.append("bounce MX 10 mx\nreport MX 10 mx\nreport A " + reports.getHostAddress() + "\n");
    text.append("_25._tcp.mx TLSA " + Shown.good().record(host.leaf()) + "\n");
    return text.toString();
  }

  private record Fixed(org.sealwax.tls.odd.Minted minted)
      implements java.util.function.Function<
          @org.jspecify.annotations.Nullable String, org.sealwax.tls.odd.Minted> {
    @Override
    public org.sealwax.tls.odd.Minted apply(@org.jspecify.annotations.Nullable String name) {
      return minted;
    }
  }

  private static final Trap POST =
      new Trap(
          "A0",
          "the lab's own post office",
          "deliver",
          "RFC 3464",
          java.util.Set.of(Context.DANE),
          site -> site);

  private void asked(ServedZones.Asked asked) {
    String suffix = "." + settings.zone();
    if (!asked.name().endsWith(suffix)) {
      return;
    }
    String rest = asked.name().substring(0, asked.name().length() - suffix.length());
    int dot = rest.lastIndexOf('.');
    if (dot < 0) {
      return;
    }
    Ticket ticket = tickets.get(rest.substring(dot + 1));
    if (ticket == null) {
      return;
    }
    String below = rest.substring(0, dot);
    String label = below.substring(below.lastIndexOf('.') + 1);
    ticket
        .find(label.endsWith("-mx") ? label.substring(0, label.length() - 3) : label)
        .ifPresent(
            sighting ->
                sighting.add(
                    new Event.Asked(
                        clock.now(),
                        asked.name(),
                        asked.type(),
                        asked.dnssecOk(),
                        asked.checkingDisabled(),
                        asked.from())));
  }

  /** Ends all tokens, and the DNS. */
  @Override
  public void close() throws IOException {
    for (Ticket ticket : tickets.values()) {
      ticket.close();
    }
    dns.close();
  }
}
