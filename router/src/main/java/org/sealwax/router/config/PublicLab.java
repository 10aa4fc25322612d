package org.sealwax.router.config;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Cidr;

/**
 * The table {@code [lab]} as it was read; the router does not use it.
 *
 * @param zone the zone that is delegated to the lab; its pages are at this name
 * @param nameServers name servers of the zone as the parent has them, at least one
 * @param addresses addresses of this machine for DNS, pages, policy hosts, bounces and reports
 * @param trapsV4 IPv4 networks of this machine for the traps
 * @param trapsV6 IPv6 network of this machine for the traps
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
public record PublicLab(
    String zone,
    List<String> nameServers,
    List<InetAddress> addresses,
    List<Cidr> trapsV4,
    Optional<Cidr> trapsV6,
    int dnsPort,
    int smtpPort,
    int httpsPort,
    int scale,
    int tokens,
    int tokensEach,
    Duration life,
    int connections,
    int connectionsPerMinute,
    int dnsRate) {
  /** Copies. */
  public PublicLab {
    nameServers = List.copyOf(nameServers);
    addresses = List.copyOf(addresses);
    trapsV4 = List.copyOf(trapsV4);
  }
}
