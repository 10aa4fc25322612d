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
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.StsPublication;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.TrapHost;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.testkit.tls.LabCertificateAuthority;
import org.sealwax.testkit.tls.OddTlsServer;
import org.sealwax.testkit.zone.ServedZones;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/**
 * Sets the sites of tokens up and takes them away, on whatever {@link TokenResources} they get: the
 * part that a lab of one's own and a public one have in common. Thread-safe.
 */
public final class SiteSetup {
  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

  private final LabSettings settings;
  private final Clock clock;
  private final RandomSource random;
  private final LabCertificateAuthority authority;
  private final ServedZones dns;
  private final Map<String, LabToken> tickets = new ConcurrentHashMap<>();

  public SiteSetup(
      LabSettings settings,
      Clock clock,
      RandomSource chance,
      LabCertificateAuthority mint,
      ServedZones dns) {
    this.settings = settings;
    this.clock = clock;
    this.random = chance;
    this.authority = mint;
    this.dns = dns;
    dns.watch(this::asked);
  }

  LabSettings settings() {
    return settings;
  }

  public LabCertificateAuthority authority() {
    return authority;
  }

  Clock clock() {
    return clock;
  }

  Collection<LabToken> tickets() {
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
      out.append(LETTERS.charAt(random.below(LETTERS.length())));
    }
    return out.toString();
  }

  /**
   * Sets the sites of these rows up. The lot is closed with the ticket, or at once when this fails.
   *
   * @throws IOException when an address is not to be had; nothing stays open then
   */
  public LabToken issue(List<Trap.TrapCase> rows, String token, TokenResources lot)
      throws IOException {
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

  private LabToken issue(List<Trap.TrapCase> rows, String token, String zone, TokenResources lot)
      throws IOException {
    AtomicLong room = new AtomicLong(lot.evidenceLimit());
    Map<String, Sighting> sightings = new LinkedHashMap<>();
    rows.forEach(row -> sightings.put(row.label(), new Sighting(row, room)));
    Map<String, String> troubles = new ConcurrentHashMap<>();
    SiteZones texts = new SiteZones(settings, "report." + zone);
    ReturnMail office =
        new ReturnMail(sightings, List.of("bounce." + zone, "report." + zone), zone, clock);
    List<Zone> zones = new ArrayList<>();
    zones.add(new Zone(zone, lot.returnMail(office, zone), ZoneSigning.VALID));
    List<LiveSite> places = new ArrayList<>();
    for (Sighting sighting : sightings.values()) {
      LiveSite place = openSite(sighting, zone, texts);
      try {
        place.assignAddresses(lot.addresses());
        open(place, lot.listeners());
      } catch (AddressSource.NoAddressLeft e) {
        troubles.put(sighting.trapCase().label(), String.valueOf(e.getMessage()));
        continue;
      } catch (IOException e) {
        if (!lot.skipsUnavailableRows()
            && place.now().hosts().stream()
                .noneMatch(h -> h.reach() == TrapHost.HostReachability.V6)) {
          throw e;
        }
        // Without IPv6 here that trap cannot be met, and the rest can.
        troubles.put(sighting.trapCase().label(), String.valueOf(e.getMessage()));
      }
      places.add(place);
      zones.addAll(texts.zones(place));
    }
    dns.add(zones);
    places.forEach(this::faults);
    LabToken ticket = new LabToken(token, zone, sightings, troubles, () -> end(token, zone, lot));
    tickets.put(token, ticket);
    return ticket;
  }

  private void end(String token, String zone, TokenResources lot) throws IOException {
    if (tickets.remove(token) != null) {
      dns.remove(zone);
      lot.close();
    }
  }

  private LiveSite openSite(Sighting sighting, String zone, SiteZones texts) {
    String origin = sighting.trapCase().label() + "." + zone;
    LiveSite.SiteMailHandler mail =
        new LiveSite.SiteMailHandler() {
          @Override
          public boolean acceptsDomain(String domain) {
            return domain.equals(origin);
          }

          @Override
          public LiveSite.BodyScan scan(Collection<String> domains) {
            return new LiveSite.BodyScan() {
              @Override
              public void take(byte[] block, int offset, int length) {}

              @Override
              public void ended() {}
            };
          }
        };
    LiveSite[] self = new LiveSite[1];
    LiveSite place =
        new LiveSite(
            origin,
            sighting.trapCase().site(),
            sighting,
            authority,
            clock,
            settings,
            mail,
            () -> siteChanged(self[0], texts));
    self[0] = place;
    return place;
  }

  private void siteChanged(LiveSite place, SiteZones texts) {
    dns.replace(texts.zones(place));
    faults(place);
  }

  private void faults(LiveSite place) {
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
  void open(LiveSite place, TokenListeners doors) throws IOException {
    for (LiveSite.LiveHost host : place.hosts()) {
      TrapHost.HostReachability reach = host.now().reach();
      if (reach == TrapHost.HostReachability.REFUSED || reach == TrapHost.HostReachability.LOOP) {
        continue;
      }
      if (host.addresses().isEmpty()) {
        throw new IOException("no IPv6 address for " + host.name());
      }
      List<InetAddress> listening =
          reach == TrapHost.HostReachability.DEAD_V6
              ? host.addresses().subList(0, 1)
              : host.addresses();
      for (InetAddress address : listening) {
        doors.open(
            address, settings.smtpPort(), wire -> new TrapSession(wire, place, host, clock).run());
      }
    }
    if (!place.policyAddresses().isEmpty()) {
      StsPolicyHandler desk = new StsPolicyHandler(place, clock);
      doors.open(
          place.policyName(),
          place.policyAddresses(),
          settings.httpsPort(),
          wire -> policy(wire, place, desk));
    }
  }

  private static void policy(Wire wire, LiveSite place, StsPolicyHandler desk) {
    StsPublication now = place.now().policy();
    OddTlsServer tls = place.policyTls().orElse(null);
    if (now == null || now.answer() == StsPublication.PolicyHostBehaviour.DOWN || tls == null) {
      desk.connectionFailed("the policy host is down");
      try {
        wire.close();
      } catch (IOException e) {
        // It was to be down.
      }
      return;
    }
    PolicyHostServer.serve(wire, tls, desk);
  }

  private void asked(ServedZones.ReceivedQuery asked) {
    String suffix = "." + settings.zone();
    if (!asked.name().endsWith(suffix)) {
      return;
    }
    String rest = asked.name().substring(0, asked.name().length() - suffix.length());
    int dot = rest.lastIndexOf('.');
    if (dot < 0) {
      return;
    }
    LabToken ticket = tickets.get(rest.substring(dot + 1));
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
                    new TrapEvent.DnsQueried(
                        clock.now(),
                        asked.name(),
                        asked.type(),
                        asked.dnssecOk(),
                        asked.checkingDisabled(),
                        asked.from())));
  }
}
