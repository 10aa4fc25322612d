package org.sealwax.app.doctor;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;

/**
 * Whether port 25 of others can be reached from here: many providers block it. Connects to an MX
 * host of a domain and ends the connection before any command.
 *
 * @param domain elsewhere, or empty when the configuration names none
 * @param port of MX hosts
 */
record OutboundPortReview(
    Optional<Domain> domain, Resolver resolver, Dialer dialer, RandomSource random, int port)
    implements SiteReview {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** Addresses that are tried. */
  private static final int TRIES = 4;

  @Override
  public List<SiteFinding> findings() {
    if (domain.isEmpty()) {
      return List.of(
          SiteFinding.SiteCheck.OUTBOUND
              .of("port " + port)
              .unknown(
                  "not tested: --reach DOMAIN names a domain elsewhere whose MX host is tried"));
    }
    SiteFinding.Checked outbound = SiteFinding.SiteCheck.OUTBOUND.of(domain.get().name());
    MxSet route = MxSet.of(domain.get(), resolver.mx(domain.get()), Set.of(), random);
    if (!(route instanceof MxSet.Hosts hosts)) {
      return List.of(outbound.unknown("the domain has no MX host to try"));
    }
    List<InetAddress> addresses = new ArrayList<>();
    for (MxSet.MxHost host : hosts.targets()) {
      for (AddressFamily family : AddressFamily.values()) {
        addresses.addAll(resolver.addresses(host.host(), family).records());
      }
    }
    if (addresses.isEmpty()) {
      return List.of(outbound.unknown("its MX hosts have no address"));
    }
    String failure = "";
    for (InetAddress address : addresses.subList(0, Math.min(TRIES, addresses.size()))) {
      try (Wire _ = dialer.connect(new InetSocketAddress(address, port), null, TIMEOUT)) {
        return List.of(outbound.ok("an MX host answers at port " + port));
      } catch (IOException e) {
        failure = FailureText.of(e);
      }
    }
    return List.of(
        outbound.error(
            "no MX host can be reached at port " + port + ": " + failure,
            "ask your provider to open outgoing port 25, or send through a smart host:",
            "[[transport]] domain = \"*\" with its next_hop"));
  }
}
