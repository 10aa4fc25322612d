package org.sealwax.assess.receiver;

import java.util.HashSet;
import java.util.Set;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.RandomSource;

/**
 * Whether a host is an MX of a mailbox's domain. A server that takes mail for its own domain relays
 * nothing, so that the relay test needs a mailbox elsewhere.
 */
enum MailboxMxCheck {
  /** The host is an MX of the mailbox's domain, by name or by address. */
  HERE,
  /** Other hosts are. */
  OTHER_HOSTS,
  /** No host is: the domain does not exist, or takes no mail. */
  NO_HOST,
  /** The DNS look-up failed. */
  UNKNOWN;

  static MailboxMxCheck of(
      Mailbox mailbox, FindingLocation location, Resolver resolver, RandomSource random) {
    if (!(mailbox.domain() instanceof Domain domain)) {
      return UNKNOWN;
    }
    return switch (MxSet.of(domain, resolver.mx(domain), Set.of(), random)) {
      case MxSet.NullMx n -> NO_HOST;
      case MxSet.NoSuchDomain n -> NO_HOST;
      case MxSet.LoopsBack l -> HERE;
      case MxSet.MxLookupFailed t -> UNKNOWN;
      case MxSet.Hosts hosts -> among(hosts, location, resolver);
    };
  }

  private static MailboxMxCheck among(
      MxSet.Hosts hosts, FindingLocation location, Resolver resolver) {
    Set<String> reasons = new HashSet<>();
    boolean addresses = false;
    for (MxSet.MxHost target : hosts.targets()) {
      if (target.host().equals(location.host())) {
        return HERE;
      }
      for (Resolver.AddressFamily family : Resolver.AddressFamily.values()) {
        var answer = resolver.addresses(target.host(), family);
        if (answer.records().contains(location.address())) {
          return HERE;
        }
        addresses |= !answer.records().isEmpty();
        if (!answer.reason().isEmpty()) {
          reasons.add(answer.reason());
        }
      }
    }
    return reasons.isEmpty() ? addresses ? OTHER_HOSTS : NO_HOST : UNKNOWN;
  }
}
