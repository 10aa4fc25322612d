package org.sealwax.lab.site;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.sealwax.lab.traps.Context;
import org.sealwax.lab.traps.Shown;
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.Trap;
import org.sealwax.testkit.tls.LeafPlan;
import org.sealwax.testkit.tls.Minted;
import org.sealwax.testkit.tls.OddServer;
import org.sealwax.testkit.tls.OddTls;

/** A good host that takes bounces and reports, and the HTTPS desk for reports. */
public final class OwnPost {
  /** What stands in the place of a trap. */
  public static final Trap TRAP =
      new Trap(
          "A0",
          "the lab's own post office",
          "deliver",
          "RFC 3464",
          Set.of(Context.DANE),
          site -> site);

  private OwnPost() {}

  /** A place of its own below a zone; it has no addresses yet. */
  public static Place place(
      Setup setup, String zone, Place.Correspondence mail, Sighting sighting) {
    return new Place(
        zone,
        Site.of(Context.DANE),
        sighting,
        setup.mint(),
        setup.clock(),
        setup.settings(),
        mail,
        () -> {});
  }

  /**
   * Opens the desk that takes reports by HTTPS for one token.
   *
   * @throws IOException when an address is not to be had
   */
  public static void desk(
      Setup setup, PostOffice office, String zone, List<InetAddress> at, Doors doors)
      throws IOException {
    Minted leaf = setup.mint().make(LeafPlan.of("report." + zone));
    OddServer tls = new OddServer(OddTls.good(), name -> leaf);
    doors.open(
        "report." + zone,
        at,
        setup.settings().httpsPort(),
        wire -> HttpsHost.serve(wire, tls, office.desk((path, what) -> {})));
  }

  /** The whole of it for a lab of one's own; the text of the token's zone. */
  static String open(Setup setup, PostOffice office, String zone, Addresses addresses, Doors doors)
      throws IOException {
    Place place = place(setup, zone, office, new Sighting(new Trap.Case(TRAP, Context.DANE)));
    place.settle(addresses);
    setup.open(place, doors);
    Place.LiveHost host = place.hosts().getFirst();
    List<InetAddress> reports = addresses.web();
    desk(setup, office, zone, reports, doors);
    StringBuilder text = new StringBuilder("$TTL 60\n");
    host.addresses().forEach(a -> text.append("mx " + ZoneTexts.address(a)));
    text.append("bounce MX 10 mx\nreport MX 10 mx\n");
    reports.forEach(a -> text.append("report " + ZoneTexts.address(a)));
    text.append("_25._tcp.mx TLSA " + Shown.good().record(host.leaf()) + "\n");
    return text.toString();
  }
}
