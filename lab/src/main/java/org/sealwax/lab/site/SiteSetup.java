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
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.testkit.tls.LabCertificateAuthority;
import org.sealwax.testkit.tls.OddTlsServer;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneServer;
import org.sealwax.testkit.zone.ZoneSigning;

/**
 * Sets the sites of tokens up and takes them away, on whatever {@link TokenResources} they get: the
 * common part of a private and a public lab. Thread-safe.
 */
public final class SiteSetup {
  private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";

  private final LabSettings settings;
  private final Clock clock;
  private final RandomSource random;
  private final LabCertificateAuthority authority;
  private final ZoneServer dns;
  private final Map<String, LabToken> tickets = new ConcurrentHashMap<>();

  public SiteSetup(
      LabSettings settings,
      Clock clock,
      RandomSource random,
      LabCertificateAuthority authority,
      ZoneServer dns) {
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    this.authority = authority;
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

  /** The part of the DNS that belongs to a token. */
  public String zone(String token) {
    return token + "." + settings.zone();
  }

  /**
   * Sets the sites of these test cases up. All of them are closed with the token, or at once when
   * this fails.
   *
   * @throws IOException when an address is not available; nothing stays open then
   */
  public LabToken issue(List<Trap.TrapCase> trapCases, String token, TokenResources resources)
      throws IOException {
    String zone = zone(token);
    try {
      return issue(trapCases, token, zone, resources);
    } catch (IOException | RuntimeException e) {
      resources.end().close();
      dns.remove(zone);
      tickets.remove(token);
      throw e;
    }
  }

  private LabToken issue(
      List<Trap.TrapCase> trapCases, String token, String zone, TokenResources resources)
      throws IOException {
    AtomicLong remaining = new AtomicLong(resources.evidenceLimit());
    Map<String, Sighting> sightings = new LinkedHashMap<>();
    trapCases.forEach(
        trapCase -> sightings.put(trapCase.label(), new Sighting(trapCase, remaining)));
    Map<String, String> troubles = new ConcurrentHashMap<>();
    SiteZones texts = new SiteZones(settings, "report." + zone);
    ReturnMail office =
        new ReturnMail(sightings, List.of("bounce." + zone, "report." + zone), zone, clock);
    List<Zone> zones = new ArrayList<>();
    zones.add(new Zone(zone, resources.returnHost().open(office), ZoneSigning.VALID));
    List<LiveSite> sites = new ArrayList<>();
    for (Sighting sighting : sightings.values()) {
      LiveSite site = openSite(sighting, zone, texts);
      try {
        site.assignAddresses(resources.addresses());
        open(site, resources.listeners());
      } catch (AddressSource.NoAddressLeft e) {
        troubles.put(sighting.trapCase().label(), FailureText.of(e));
        continue;
      } catch (IOException e) {
        if (!resources.skipsUnavailableRows()
            && site.now().hosts().stream()
                .noneMatch(h -> h.reachability() == TrapHost.HostReachability.V6)) {
          throw e;
        }
        // Without IPv6 here that trap cannot be tested, and the others can.
        troubles.put(sighting.trapCase().label(), FailureText.of(e));
      }
      sites.add(site);
      zones.addAll(texts.zones(site));
    }
    dns.add(zones);
    sites.forEach(this::faults);
    LabToken ticket =
        new LabToken(token, zone, sightings, troubles, () -> end(token, zone, resources));
    tickets.put(token, ticket);
    return ticket;
  }

  private void end(String token, String zone, TokenResources resources) throws IOException {
    if (tickets.remove(token) != null) {
      dns.remove(zone);
      resources.end().close();
    }
  }

  private LiveSite openSite(Sighting sighting, String zone, SiteZones texts) {
    String origin = sighting.trapCase().label() + "." + zone;
    return new LiveSite(
        origin,
        sighting.trapCase().site(),
        sighting,
        authority,
        clock,
        settings,
        new LiveSite.DroppedMail(origin),
        site -> siteChanged(site, texts));
  }

  private void siteChanged(LiveSite site, SiteZones texts) {
    dns.replace(texts.zones(site));
    faults(site);
  }

  private void faults(LiveSite site) {
    for (Site.NameFault fault : site.now().faults()) {
      String name =
          fault.label().equals("@") ? site.origin() : fault.label() + "." + site.hostOrigin();
      if (fault.type().isEmpty()) {
        dns.fault(name, fault.fault());
      } else {
        dns.fault(name, fault.type(), fault.fault());
      }
    }
  }

  /** Opens the listeners of a site that has its addresses. */
  void open(LiveSite site, TokenListeners listeners) throws IOException {
    for (LiveSite.LiveHost host : site.hosts()) {
      TrapHost.HostReachability reachability = host.now().reachability();
      if (reachability == TrapHost.HostReachability.REFUSED
          || reachability == TrapHost.HostReachability.LOOP) {
        continue;
      }
      if (host.addresses().isEmpty()) {
        throw new IOException("no IPv6 address for " + host.name());
      }
      List<InetAddress> listening =
          reachability == TrapHost.HostReachability.DEAD_V6
              ? host.addresses().subList(0, 1)
              : host.addresses();
      for (InetAddress address : listening) {
        listeners.open(
            address, settings.smtpPort(), wire -> new TrapSession(wire, site, host, clock).run());
      }
    }
    if (!site.policyAddresses().isEmpty()) {
      StsPolicyHandler handler = new StsPolicyHandler(site, clock);
      listeners.open(
          site.policyName(),
          site.policyAddresses(),
          settings.httpsPort(),
          wire -> policy(wire, site, handler));
    }
  }

  private static void policy(Wire wire, LiveSite site, StsPolicyHandler handler) {
    StsPublication now = site.now().policy();
    OddTlsServer tls = site.policyTls().orElse(null);
    if (now == null || now.answer() == StsPublication.PolicyHostBehaviour.DOWN || tls == null) {
      handler.connectionFailed("the policy host is down");
      try {
        wire.close();
      } catch (IOException e) {
        // It was to be down.
      }
      return;
    }
    PolicyHostServer.serve(wire, tls, handler);
  }

  private void asked(ZoneServer.ReceivedQuery query) {
    String suffix = "." + settings.zone();
    if (!query.name().endsWith(suffix)) {
      return;
    }
    String rest = query.name().substring(0, query.name().length() - suffix.length());
    int dot = rest.lastIndexOf('.');
    if (dot < 0) {
      return;
    }
    LabToken token = tickets.get(rest.substring(dot + 1));
    if (token == null) {
      return;
    }
    String below = rest.substring(0, dot);
    String label = below.substring(below.lastIndexOf('.') + 1);
    token
        .find(label.endsWith("-mx") ? label.substring(0, label.length() - 3) : label)
        .ifPresent(
            sighting ->
                sighting.add(
                    new TrapEvent.DnsQueried(
                        clock.now(),
                        query.name(),
                        query.type(),
                        query.dnssecOk(),
                        query.checkingDisabled(),
                        query.from())));
  }
}
