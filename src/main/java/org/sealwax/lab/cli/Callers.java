package org.sealwax.lab.cli;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.lab.judge.CallerNames;
import org.sealwax.lab.site.Event;
import org.sealwax.lab.site.Sighting;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Resolver;

/** Asks the DNS who came to the lab: reverse names, and whether they lead back. */
final class Callers {
  /** Addresses asked about: a sender has one or two, a large one some dozens. */
  static final int MAX_ADDRESSES = 8;

  /** Names looked at of each: whoever has more does not mean one of them. */
  static final int MAX_NAMES = 4;

  private Callers() {}

  /** What the DNS says of those who connected; at most nine questions for each. */
  static List<CallerNames> of(Resolver resolver, Collection<Sighting> sightings) {
    Set<InetAddress> from = new LinkedHashSet<>();
    for (Sighting sighting : sightings) {
      for (Event event : sighting.events()) {
        if (event instanceof Event.Connected c && from.size() < MAX_ADDRESSES) {
          from.add(c.from());
        }
      }
    }
    return from.stream().map(address -> look(resolver, address)).toList();
  }

  /** What the DNS says of one. */
  static CallerNames look(Resolver resolver, InetAddress address) {
    Answer<Domain> answer = resolver.reverse(address);
    if (answer.kind() == Answer.Kind.UNKNOWN) {
      return new CallerNames(address, List.of(), List.of(), answer.reason());
    }
    List<Domain> confirmed = new ArrayList<>();
    for (Domain name : answer.records().stream().limit(MAX_NAMES).toList()) {
      for (Resolver.Family family : Resolver.Family.values()) {
        if (!confirmed.contains(name)
            && resolver.addresses(name, family).records().contains(address)) {
          confirmed.add(name);
        }
      }
    }
    return new CallerNames(address, answer.records(), confirmed, "");
  }
}
