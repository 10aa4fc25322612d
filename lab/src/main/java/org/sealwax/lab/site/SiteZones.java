package org.sealwax.lab.site;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.lab.traps.PublishedTlsa;
import org.sealwax.lab.traps.StsPublication;
import org.sealwax.lab.traps.TrapHost;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/** Writes the zones of a place. */
public final class SiteZones {
  /** Seconds: what a trap changes must be seen at the next try. */
  private static final String TTL = "$TTL 1\n";

  private final Set<Integer> ports = new LinkedHashSet<>(List.of(25));
  private static final int HTTPS = 443;

  private final String reports;
  private final String post;

  /**
   * @param settings whose SMTP port has TLSA names in addition to port 25, and whose HTTPS port
   *     stands in the addresses of reports
   * @param reports the host that takes TLS reports
   */
  SiteZones(LabSettings settings, String reports) {
    ports.add(settings.smtpPort());
    this.reports = reports;
    this.post = settings.httpsPort() == HTTPS ? "" : ":" + settings.httpsPort();
  }

  /** Type and data of an address record, to the end of the line. */
  public static String address(InetAddress address) {
    return (address instanceof Inet6Address ? "AAAA " : "A ") + address.getHostAddress() + "\n";
  }

  /** Writes the records of a site's policy, if it has one. */
  static void policy(LiveSite place, StringBuilder out) {
    StsPublication policy = place.now().policy();
    if (policy != null) {
      policy.txt().forEach(t -> out.append("_mta-sts TXT \"" + t + "\"\n"));
      place.policyAddresses().forEach(a -> out.append("mta-sts " + address(a)));
    }
  }

  List<Zone> zones(LiveSite place) {
    StringBuilder site = new StringBuilder(TTL);
    StringBuilder below = new StringBuilder(TTL);
    ZoneSigning hostSigning = place.now().hostSigning();
    StringBuilder hosts = hostSigning == null ? site : below;
    String label = place.sighting().trapCase().label();
    for (LiveSite.LiveHost live : place.hosts()) {
      TrapHost host = live.now();
      host.preference().ifPresent(p -> site.append("@ MX " + p + " " + live.name() + ".\n"));
      for (InetAddress address : live.addresses()) {
        hosts.append(live.name() + ". " + address(address));
      }
      for (PublishedTlsa shown : host.tlsa()) {
        for (int port : ports) {
          hosts.append(
              "_" + port + "._tcp." + live.name() + ". TLSA " + shown.record(live.leaf()) + "\n");
        }
      }
    }
    policy(place, site);
    site.append(
        "_smtp._tls TXT \"v=TLSRPTv1; rua=https://"
            + (reports + post + "/" + label + ",mailto:" + label + "@" + reports)
            + "\"\n");
    for (String line : place.now().records()) {
      String text = line.replace("{site}", place.origin() + ".");
      if (text.contains("{good}")) {
        text = text.replace("{good}", PublishedTlsa.good().record(place.hosts().getFirst().leaf()));
      }
      text = text.replace("{wrong}", PublishedTlsa.wrong(3).text());
      String whole = text;
      (line.contains("_25.") ? ports : Set.of(25))
          .forEach(port -> site.append(whole.replace("_25.", "_" + port + ".") + "\n"));
    }
    List<Zone> all = new ArrayList<>();
    all.add(
        new Zone(place.origin(), site.toString(), place.now().signing(), place.now().algorithm()));
    if (hostSigning != null) {
      all.add(new Zone(place.hostOrigin(), below.toString(), hostSigning));
    }
    return all;
  }
}
