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
 * @param tokens greatest number of concurrent tokens
 * @param tokensEach greatest number of concurrent tokens of one network
 * @param life life of a token
 * @param connections greatest number of concurrent connections of one source
 * @param connectionsPerMinute greatest number of connections of one source in a minute
 * @param dnsRate DNS answers a second over UDP to one network without a cookie
 */
@SettingTable(
    name = "lab",
    purpose =
        "Public lab of the command sealwax lab serve; the router ignores this table. The pages use the certificate of [identity]; the keys are in the folder lab of the state folder.")
public record PublicLab(
    @Setting(
            example = "lab.example",
            required = true,
            doc = "Zone that is delegated to this machine, and name of the pages.")
        Domain zone,
    @Setting(
            example = "ns1.lab.example",
            doc =
                "Name servers of the zone as in the parent zone; those within the zone have the addresses below. Default: ns1 below the zone.")
        List<Domain> nameServers,
    @Setting(
            example = {"192.0.2.53", "2001:db8::53"},
            required = true,
            filled = true,
            doc =
                "Addresses of this machine for DNS, the pages, the policy hosts, and for"
                    + " bounces and reports that come back.")
        List<InetAddress> addresses,
    @Setting(
            example = {"2001:db8:25::/64", "192.0.2.64/28"},
            required = true,
            filled = true,
            doc =
                "Networks that are routed to this machine, for the traps (one address each): one IPv6 network (a /64), and any number of IPv4 addresses. No other service may use them.")
        List<Cidr> traps,
    @Setting(fallback = "53", max = 65_535, doc = "Port of DNS; other than 53 in tests only.")
        int dnsPort,
    @Setting(fallback = "25", max = 65_535, doc = "Port of SMTP; other than 25 in tests only.")
        int smtpPort,
    @Setting(fallback = "443", max = 65_535, doc = "Port of HTTPS; other than 443 in tests only.")
        int httpsPort,
    @Setting(
            fallback = "5",
            max = 1_000,
            doc = "Divisor of long times: with 5, five minutes of greylisting take one minute.")
        int scale,
    @Setting(
            fallback = "40",
            max = 400,
            doc = "Maximum number of tokens. Each has some 300 sockets and up to 6 MB of evidence.")
        int tokens,
    @Setting(
            name = "tokens_per_network",
            fallback = "3",
            max = 100,
            doc = "Maximum number of tokens for one network (/24, or /56 of IPv6).")
        int tokensEach,
    @Setting(
            name = "token_life",
            fallback = "4h",
            least = "1s",
            doc = "Lifetime of a token; then its results are deleted.")
        Duration life,
    @Setting(
            name = "connections_per_source",
            fallback = "300",
            max = 4_000,
            doc =
                "Maximum number of concurrent connections from one address (/64 of IPv6), mail and HTTPS together.")
        int connections,
    @Setting(
            fallback = "1200",
            doc = "Maximum number of connections from one address (/64 of IPv6) per minute.")
        int connectionsPerMinute,
    @Setting(
            fallback = "100",
            max = 100_000,
            doc =
                "Maximum number of DNS answers per second over UDP to one network (/24, or /56 of IPv6) without a cookie; ten times as many with a cookie.")
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
