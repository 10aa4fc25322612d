package org.sealwax.lab.site;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.PublishedTlsa;
import org.sealwax.lab.traps.Site;
import org.sealwax.lab.traps.StsPublication;
import org.sealwax.lab.traps.TrapHost;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.testkit.tls.CertificateSpec;
import org.sealwax.testkit.tls.IssuedCertificate;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/**
 * The router's own domain in the lab: signed, with TLSA records for its key and for the next one,
 * an MTA-STS policy, a TLSRPT record, and a key that signs its mail by DKIM. The lab serves its DNS
 * and its policy host; at its mail host's address the router itself must listen, with this
 * certificate.
 *
 * @param domain its name
 * @param host the name of its one mail host
 * @param address address of that host, without a listener yet
 * @param chainPem the certificate, by the lab's authority, and its intermediate
 * @param keyPem its key (PKCS#8); valid in this lab only, and no longer than it
 * @param dkimKeyPem the key for DKIM (RSA, PKCS#8), published at {@link #SELECTOR}
 */
public record RouterDomain(
    String domain,
    String host,
    InetAddress address,
    String chainPem,
    String keyPem,
    String dkimKeyPem) {
  /** The DKIM selector of the router's key. */
  public static final String SELECTOR = "lab";

  private static final int SMTP = 25;

  /** Bytes of a string of a TXT record, at most 255 (RFC 1035 section 3.3). */
  private static final String STRING = ".{200}";

  /** Without the key. */
  @Override
  public String toString() {
    return "Home[" + domain + " at " + address.getHostAddress() + "]";
  }

  /** A domain, and its DNS records and those of its mail host's address. */
  record RouterDomainZone(RouterDomain routerDomain, List<Zone> zones) {}

  /**
   * Sets one up.
   *
   * @param reports the mail domain that takes reports about it
   * @param listeners behind which its policy host stands
   * @throws IOException when an address is not available
   */
  static RouterDomainZone build(
      SiteSetup setup, String domain, String reports, TokenListeners listeners) throws IOException {
    // A host that refuses is one with an address, and without a listener of the lab.
    Site site =
        Site.of(PolicyContext.DANE)
            .eachHost(h -> h.with(TrapHost.HostReachability.REFUSED))
            .withPolicy(StsPublication.good("enforce"));
    // No mail comes: no host of it has a listener of the lab.
    LiveSite place = ReturnSite.openSite(setup, domain, site, new LiveSite.DroppedMail(domain));
    place.assignAddresses(setup.settings().addresses());
    setup.open(place, listeners);
    LiveSite.LiveHost host = place.hosts().getFirst();
    String dkimKeyPem =
        setup
            .authority()
            .issue(CertificateSpec.of(domain).with(CertificateSpec.CertificateKeyType.RSA_2048))
            .keyPem();
    RouterDomain routerDomain =
        new RouterDomain(
            domain,
            host.name(),
            host.addresses().getFirst(),
            host.leaf().chainPem(),
            host.leaf().keyPem(),
            dkimKeyPem);
    Zone reverse =
        new Zone(
            ReverseName.of(routerDomain.address()).name(),
            "$TTL 60\n@ PTR " + host.name() + ".\n",
            ZoneSigning.VALID);
    Zone own =
        new Zone(domain, zone(setup, place, host, reports) + dkim(routerDomain), ZoneSigning.VALID);
    return new RouterDomainZone(routerDomain, List.of(own, reverse));
  }

  private static String dkim(RouterDomain routerDomain) throws IOException {
    try {
      DkimSigningKey key =
          DkimSigningKey.parse(
              Domain.of(routerDomain.domain), Domain.of(SELECTOR), routerDomain.dkimKeyPem);
      return key.recordName() + ". TXT \"" + key.record().replaceAll(STRING, "$0\" \"") + "\"\n";
    } catch (DkimSigningKey.InvalidKey e) {
      throw new IOException(e);
    }
  }

  private static String zone(
      SiteSetup setup, LiveSite site, LiveSite.LiveHost host, String reports) {
    // A key that is known already for the day of the change: here it is of another kind.
    String next =
        setup
            .authority()
            .issue(CertificateSpec.of(host.name()).with(CertificateSpec.CertificateKeyType.ED25519))
            .association(
                IssuedCertificate.ChainPosition.LEAF,
                IssuedCertificate.TlsaSelector.KEY,
                IssuedCertificate.TlsaMatching.SHA_256);
    StringBuilder out = new StringBuilder("$TTL 60\n@ MX 10 " + host.name() + ".\n");
    host.addresses().forEach(a -> out.append(host.name() + ". " + SiteZones.address(a)));
    int port = setup.settings().smtpPort();
    for (int each : port == SMTP ? List.of(SMTP) : List.of(SMTP, port)) {
      String owner = "_" + each + "._tcp." + host.name() + ". TLSA ";
      out.append(owner + PublishedTlsa.good().record(host.leaf()) + "\n");
      out.append(owner + "3 1 1 " + next + "\n");
    }
    SiteZones.policy(site, out);
    out.append("@ TXT \"v=spf1 mx -all\"\n" + host.name() + ". TXT \"v=spf1 a -all\"\n");
    out.append("_dmarc TXT \"v=DMARC1; p=reject\"\n");
    return out.append("_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:home@" + reports + "\"\n")
        .toString();
  }
}
