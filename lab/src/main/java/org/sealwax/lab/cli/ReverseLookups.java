package org.sealwax.lab.cli;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.lab.judge.PtrNames;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.TrapEvent;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;

/**
 * Looks up the reverse names of the clients that connected to the lab, and whether they lead back.
 */
final class ReverseLookups {
  /** Addresses asked about: a sender has one or two, a large one some dozens. */
  static final int MAX_ADDRESSES = 8;

  /** Maximum number of names checked per address: with more, none of them identifies the host. */
  static final int MAX_NAMES = 4;

  private ReverseLookups() {}

  /** The DNS names of the clients that connected; at most nine questions for each. */
  static List<PtrNames> of(Resolver resolver, Collection<Sighting> sightings) {
    Set<InetAddress> from = new LinkedHashSet<>();
    for (Sighting sighting : sightings) {
      for (TrapEvent event : sighting.events()) {
        if (event instanceof TrapEvent.HostConnected c && from.size() < MAX_ADDRESSES) {
          from.add(c.from());
        }
      }
    }
    return from.stream().map(address -> lookUp(resolver, address)).toList();
  }

  /** The reverse names of one address. */
  static PtrNames lookUp(Resolver resolver, InetAddress address) {
    DnsAnswer<Domain> answer = resolver.reverse(address);
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return new PtrNames(address, List.of(), List.of(), answer.reason());
    }
    List<Domain> confirmed = new ArrayList<>();
    for (Domain name : answer.records().stream().limit(MAX_NAMES).toList()) {
      for (Resolver.AddressFamily family : Resolver.AddressFamily.values()) {
        if (!confirmed.contains(name)
            && resolver.addresses(name, family).records().contains(address)) {
          confirmed.add(name);
        }
      }
    }
    return new PtrNames(address, answer.records(), confirmed, "");
  }
}
