package org.sealwax.lab.site;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.PublishedTlsa;
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.Trap;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.IssuedCertificate;
import org.sealwax.testkit.tls.OddTlsBehaviour;
import org.sealwax.testkit.tls.OddTlsServer;

/** A good host that takes bounces and reports, and the HTTPS handler for reports. */
public final class ReturnSite {
  /** What stands in the place of a trap. */
  public static final Trap TRAP =
      new Trap(
          "A0",
          "the lab's own post office",
          "deliver",
          "RFC 3464",
          Set.of(PolicyContext.DANE),
          site -> site);

  private ReturnSite() {}

  /**
   * A place of its own, of which no evidence is kept; it has no addresses yet.
   *
   * @param origin its name
   */
  public static LiveSite openSite(
      SiteSetup setup, String origin, Site site, LiveSite.SiteMailHandler mail) {
    return new LiveSite(
        origin,
        site,
        new Sighting(new Trap.TrapCase(TRAP, PolicyContext.DANE), new AtomicLong(0)),
        setup.authority(),
        setup.clock(),
        setup.settings(),
        mail,
        same -> {});
  }

  /**
   * Opens the handler that receives reports by HTTPS for one token.
   *
   * @throws IOException when an address is not available
   */
  public static void openReportHandler(
      SiteSetup setup,
      ReturnMail office,
      String zone,
      List<InetAddress> at,
      TokenListeners listeners)
      throws IOException {
    IssuedCertificate leaf = setup.authority().issue(CertificateSpec.of("report." + zone));
    OddTlsServer tls = new OddTlsServer(OddTlsBehaviour.good(), name -> leaf);
    listeners.open(
        "report." + zone,
        at,
        setup.settings().httpsPort(),
        wire -> PolicyHostServer.serve(wire, tls, office::answer));
  }

  /** Sets all of it up for a private lab; returns the text of the token's zone. */
  static String open(
      SiteSetup setup,
      ReturnMail office,
      String zone,
      AddressSource addresses,
      TokenListeners listeners)
      throws IOException {
    LiveSite site = openSite(setup, zone, Site.of(PolicyContext.DANE), office);
    site.assignAddresses(addresses);
    setup.open(site, listeners);
    LiveSite.LiveHost host = site.hosts().getFirst();
    List<InetAddress> reports = addresses.web();
    openReportHandler(setup, office, zone, reports, listeners);
    StringBuilder text = new StringBuilder("$TTL 60\n");
    host.addresses().forEach(a -> text.append("mx " + SiteZones.address(a)));
    text.append("bounce MX 10 mx\nreport MX 10 mx\n");
    reports.forEach(a -> text.append("report " + SiteZones.address(a)));
    text.append("_25._tcp.mx TLSA " + PublishedTlsa.good().record(host.leaf()) + "\n");
    return text.toString();
  }
}
