package org.sealwax.router.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * The table {@code [lab]} as it was read; the router does not use it.
 *
 * @param zone the zone that is delegated to the lab; its pages are at this name
 * @param nameServers name servers of the zone as the parent has them; empty: ns1 below the zone
 * @param addresses addresses of this machine for DNS, pages, policy hosts, bounces and reports
 * @param traps networks of this machine for the traps, one of IPv6 at most
 * @param dnsPort UDP and TCP port of the name server
 * @param smtpPort TCP port of the traps
 * @param httpsPort TCP port of the pages and the policy hosts
 * @param scale number by which long times are divided
 * @param tokens greatest number of tokens at once
 * @param tokensEach greatest number of tokens at once of one network
 * @param life life of a token
 * @param connections greatest number of connections at once of one source
 * @param connectionsPerMinute greatest number of connections of one source in a minute
 * @param dnsRate DNS answers a second over UDP to one network without a cookie
 */
@SettingTable(
    name = "lab",
    purpose =
        "The public lab of sealwax lab serve, a process of its own; the router does not look at"
            + " this. Its pages have the certificate of [identity], its keys are in the folder lab of"
            + " the state folder.")
public record PublicLab(
    @Setting(
            example = "lab.example",
            required = true,
            doc = "The zone that is delegated to this machine. The pages are at this name.")
        Domain zone,
    @Setting(
            example = "ns1.lab.example",
            doc =
                "The name servers of the zone as the parent has them; those within the zone get"
                    + " the addresses below. Left out: ns1 below the zone.")
        List<Domain> nameServers,
    @Setting(
            example = {"192.0.2.53", "2001:db8::53"},
            required = true,
            doc =
                "Addresses of this machine for DNS, the pages, the policy hosts, and for"
                    + " bounces and reports that come back.")
        List<InetAddress> addresses,
    @Setting(
            example = {"2001:db8:25::/64", "192.0.2.64/28"},
            required = true,
            doc =
                "Networks that are routed to this machine, for the traps, which have an address"
                    + " each: one of IPv6 (a /64), and as many IPv4 addresses as there are."
                    + " Nothing else may be at them.")
        List<Cidr> traps,
    @Setting(
            fallback = "53",
            max = 65_535,
            doc = "The port of DNS; another one is for trying things out.")
        int dnsPort,
    @Setting(
            fallback = "25",
            max = 65_535,
            doc = "The port of SMTP; another one is for trying things out.")
        int smtpPort,
    @Setting(
            fallback = "443",
            max = 65_535,
            doc = "The port of HTTPS; another one is for trying things out.")
        int httpsPort,
    @Setting(
            fallback = "5",
            max = 1_000,
            doc = "By how much long times are divided: five minutes of greylisting are one with 5.")
        int scale,
    @Setting(
            fallback = "40",
            max = 400,
            doc = "Tokens at once. Each has some 300 sockets and up to 6 MB of evidence.")
        int tokens,
    @Setting(
            name = "tokens_per_network",
            fallback = "3",
            max = 100,
            doc = "Of these, for one network (/24, or /56 of IPv6).")
        int tokensEach,
    @Setting(
            name = "token_life",
            fallback = "4h",
            least = "1s",
            doc = "How long a token lives; then all that was seen is gone.")
        Duration life,
    @Setting(
            name = "connections_per_source",
            fallback = "300",
            max = 4_000,
            doc = "Connections at once from one address (/64 of IPv6), mail and HTTPS together.")
        int connections,
    @Setting(fallback = "1200", doc = "Connections from one address (/64 of IPv6) in a minute.")
        int connectionsPerMinute,
    @Setting(
            fallback = "100",
            max = 100_000,
            doc =
                "DNS answers a second over UDP to one network (/24, or /56 of IPv6) that shows"
                    + " no cookie; ten times as many to one that does, and by TCP.")
        int dnsRate) {
  /** The names of the name servers, at least one. */
  public List<String> nameServerNames() {
    return nameServers.isEmpty()
        ? List.of("ns1." + zone.name())
        : nameServers.stream().map(Domain::name).toList();
  }

  /** The IPv4 networks for the traps. */
  public List<Cidr> trapsV4() {
    return traps.stream().filter(PublicLab::isV4).toList();
  }

  /** The IPv6 network for the traps. */
  public Optional<Cidr> trapsV6() {
    return traps.stream().filter(n -> !isV4(n)).findFirst();
  }

  static boolean isV4(Cidr network) {
    return network.network() instanceof Inet4Address;
  }
}
