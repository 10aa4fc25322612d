package org.sealwax.lab.site;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.sealwax.lab.traps.Host;
import org.sealwax.lab.traps.PolicySite;
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.Trap;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Wire;
import org.sealwax.testkit.tls.Mint;
import org.sealwax.testkit.tls.OddServer;
import org.sealwax.testkit.zone.ServedZones;
import org.sealwax.testkit.zone.Signing;
import org.sealwax.testkit.zone.Zone;

/**
 * Sets the sites of tokens up and takes them away, on whatever {@link Lot} they get: the part that
 * a lab of one's own and a public one have in common. Thread-safe.
 */
public final class Setup {
  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

  private final LabSettings settings;
  private final Clock clock;
  private final Chance chance;
  private final Mint mint;
  private final ServedZones dns;
  private final Map<String, Ticket> tickets = new ConcurrentHashMap<>();

  public Setup(LabSettings settings, Clock clock, Chance chance, Mint mint, ServedZones dns) {
    this.settings = settings;
    this.clock = clock;
    this.chance = chance;
    this.mint = mint;
    this.dns = dns;
    dns.watch(this::asked);
  }

  LabSettings settings() {
    return settings;
  }

  public Mint mint() {
    return mint;
  }

  Clock clock() {
    return clock;
  }

  Collection<Ticket> tickets() {
    return tickets.values();
  }

  /**
   * A new token.
   *
   * @param letters its length; each letter has five bits
   */
  public String token(int letters) {
    StringBuilder out = new StringBuilder();
    while (out.length() < letters) {
      out.append(LETTERS.charAt(chance.below(LETTERS.length())));
    }
    return out.toString();
  }

  /**
   * Sets the sites of these rows up. The lot is closed with the ticket, or at once when this fails.
   *
   * @throws IOException when an address is not to be had; nothing stays open then
   */
  public Ticket issue(List<Trap.Case> rows, String token, Lot lot) throws IOException {
    String zone = token + "." + settings.zone();
    try {
      return issue(rows, token, zone, lot);
    } catch (IOException | RuntimeException e) {
      lot.close();
      dns.remove(zone);
      tickets.remove(token);
      throw e;
    }
  }

  private Ticket issue(List<Trap.Case> rows, String token, String zone, Lot lot)
      throws IOException {
    AtomicLong room = new AtomicLong(lot.room());
    Map<String, Sighting> sightings = new LinkedHashMap<>();
    rows.forEach(row -> sightings.put(row.label(), new Sighting(row, room)));
    Map<String, String> troubles = new ConcurrentHashMap<>();
    ZoneTexts texts = new ZoneTexts(settings, "report." + zone);
    PostOffice office =
        new PostOffice(sightings, List.of("bounce." + zone, "report." + zone), zone, clock);
    List<Zone> zones = new ArrayList<>();
    zones.add(new Zone(zone, lot.post(office, zone), Signing.VALID));
    List<Place> places = new ArrayList<>();
    for (Sighting sighting : sightings.values()) {
      Place place = place(sighting, zone, texts);
      try {
        place.settle(lot.addresses());
        open(place, lot.doors());
      } catch (Addresses.None e) {
        troubles.put(sighting.row().label(), String.valueOf(e.getMessage()));
        continue;
      } catch (IOException e) {
        if (!lot.spares()
            && place.now().hosts().stream().noneMatch(h -> h.reach() == Host.Reach.V6)) {
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
    Ticket ticket = new Ticket(token, zone, sightings, troubles, () -> end(token, zone, lot));
    tickets.put(token, ticket);
    return ticket;
  }

  private void end(String token, String zone, Lot lot) throws IOException {
    if (tickets.remove(token) != null) {
      dns.remove(zone);
      lot.close();
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
          public Place.Scan scan(Collection<String> domains) {
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

  /** Opens the doors of a place that has its addresses. */
  void open(Place place, Doors doors) throws IOException {
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
    if (!place.policyAddresses().isEmpty()) {
      PolicyDesk desk = new PolicyDesk(place, clock);
      doors.open(
          place.policyName(),
          place.policyAddresses(),
          settings.httpsPort(),
          wire -> policy(wire, place, desk));
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
}
