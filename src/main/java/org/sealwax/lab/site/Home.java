package org.sealwax.lab.site;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.sealwax.lab.traps.Context;
import org.sealwax.lab.traps.Host;
import org.sealwax.lab.traps.PolicySite;
import org.sealwax.lab.traps.Shown;
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.Trap;
import org.sealwax.testkit.tls.LeafPlan;
import org.sealwax.testkit.tls.Minted;

/**
 * A domain of the small world that is the router's own: signed, with TLSA records for its key and
 * for the next one, an MTA-STS policy and a wish for TLS reports. The lab serves its DNS and its
 * policy host; at its mail host's address the router itself must listen, with this certificate.
 *
 * @param domain its name
 * @param host the name of its one mail host
 * @param address where that is: nobody listens there yet
 * @param chainPem the certificate, by the lab's authority, and its intermediate
 * @param keyPem its key (PKCS#8); good in this world only, and no longer than it
 */
public record Home(
    String domain, String host, InetAddress address, String chainPem, String keyPem) {
  private static final int SMTP = 25;

  /** Without the key. */
  @Override
  public String toString() {
    return "Home[" + domain + " at " + address.getHostAddress() + "]";
  }

  /** The lab takes no mail for it. */
  private static final Place.Correspondence NOBODY =
      new Place.Correspondence() {
        @Override
        public boolean takes(String domain) {
          return false;
        }

        @Override
        public Place.Scan scan(java.util.Collection<String> domains) {
          throw new IllegalStateException("mail that was not taken");
        }
      };

  /** A home, and what the DNS says of it. */
  record Built(Home home, String zone) {}

  /**
   * Sets one up.
   *
   * @param reports the mail domain that takes reports about it
   * @param doors behind which its policy host stands
   * @throws IOException when an address is not to be had
   */
  static Built build(Setup setup, String domain, String reports, Doors doors) throws IOException {
    // A host that refuses is one with an address, and without a door of ours.
    Site site =
        Site.of(Context.DANE)
            .eachHost(h -> h.with(Host.Reach.REFUSED))
            .withPolicy(PolicySite.good("enforce"));
    Place place =
        new Place(
            domain,
            site,
            new Sighting(new Trap.Case(OwnPost.TRAP, Context.DANE)),
            setup.mint(),
            setup.clock(),
            setup.settings(),
            NOBODY,
            () -> {});
    place.settle(setup.settings().addresses());
    setup.open(place, doors);
    Place.LiveHost host = place.hosts().getFirst();
    Home home =
        new Home(
            domain,
            host.name(),
            host.addresses().getFirst(),
            host.leaf().chainPem(),
            host.leaf().keyPem());
    return new Built(home, zone(setup, place, host, reports));
  }

  private static String zone(Setup setup, Place place, Place.LiveHost host, String reports) {
    // A key that is known already for the day of the change: here it is of another kind.
    String next =
        setup
            .mint()
            .make(LeafPlan.of(host.name()).with(LeafPlan.KeyKind.ED25519))
            .association(Minted.Which.LEAF, Minted.Selector.KEY, Minted.Matching.SHA_256);
    StringBuilder out = new StringBuilder("$TTL 60\n@ MX 10 " + host.name() + ".\n");
    host.addresses().forEach(a -> out.append(host.name() + ". " + ZoneTexts.address(a)));
    int port = setup.settings().smtpPort();
    for (int each : port == SMTP ? List.of(SMTP) : List.of(SMTP, port)) {
      String owner = "_" + each + "._tcp." + host.name() + ". TLSA ";
      out.append(owner + Shown.good().record(host.leaf()) + "\n");
      out.append(owner + "3 1 1 " + next + "\n");
    }
    PolicySite policy = place.now().policy();
    if (policy != null) {
      policy.txt().forEach(t -> out.append("_mta-sts TXT \"" + t + "\"\n"));
      place.policyAddresses().forEach(a -> out.append("mta-sts " + ZoneTexts.address(a)));
    }
    return out.append("_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:home@" + reports + "\"\n")
        .toString();
  }
}
