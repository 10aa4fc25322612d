package org.sealwax.assess.receiver;

import java.util.HashSet;
import java.util.Set;
import org.sealwax.assess.model.Place;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Chance;

/**
 * Whether a place is where the mail of a mailbox belongs. A server that takes mail for its own
 * domain relays nothing, so that the relay test needs a mailbox elsewhere.
 */
enum Custody {
  /** The place is an MX of the mailbox's domain, by name or by address. */
  HERE,
  /** Others are. */
  ELSEWHERE,
  /** Nobody is: the domain is not there, or takes no mail. */
  NOWHERE,
  /** The DNS did not say. */
  UNKNOWN;

  static Custody of(Mailbox mailbox, Place place, Resolver resolver, Chance chance) {
    if (!(mailbox.domain() instanceof Domain domain)) {
      return UNKNOWN;
    }
    return switch (MxSet.of(domain, resolver.mx(domain), Set.of(), chance)) {
      case MxSet.NullMx n -> NOWHERE;
      case MxSet.NoSuchDomain n -> NOWHERE;
      case MxSet.LoopsBack l -> HERE;
      case MxSet.Trouble t -> UNKNOWN;
      case MxSet.Hosts hosts -> among(hosts, place, resolver);
    };
  }

  private static Custody among(MxSet.Hosts hosts, Place place, Resolver resolver) {
    Set<String> reasons = new HashSet<>();
    boolean addresses = false;
    for (MxSet.Target target : hosts.targets()) {
      if (target.host().equals(place.host())) {
        return HERE;
      }
      for (Resolver.Family family : Resolver.Family.values()) {
        var answer = resolver.addresses(target.host(), family);
        if (answer.records().contains(place.address())) {
          return HERE;
        }
        addresses |= !answer.records().isEmpty();
        if (!answer.reason().isEmpty()) {
          reasons.add(answer.reason());
        }
      }
    }
    return reasons.isEmpty() ? addresses ? ELSEWHERE : NOWHERE : UNKNOWN;
  }
}
