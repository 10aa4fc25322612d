package org.sealwax.router.records;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.SenderRow;
import org.sealwax.router.route.ForwardSettings;

/**
 * The domains of a configuration, each once.
 *
 * @param hostname the name in EHLO
 * @param senders domains in From or in the reverse-path of our mail, the host name first
 * @param receivers domains whose mail comes here, or through here
 * @param rewriting the domain of rewritten reverse-paths (SRS), when there is one
 */
public record SiteDomains(
    Domain hostname, List<Domain> senders, List<Domain> receivers, Optional<Domain> rewriting) {
  /** Copies. */
  public SiteDomains {
    senders = List.copyOf(senders);
    receivers = List.copyOf(receivers);
  }

  /**
   * {@return the domains of a configuration}
   *
   * @param hostname the host name
   * @param forward our domains and routes
   * @param users users and clients with the domains that they may use
   * @param keys that sign
   */
  public static SiteDomains of(
      Domain hostname, ForwardSettings forward, List<SenderRow> users, List<DkimRow> keys) {
    Optional<Domain> rewriting =
        Optional.ofNullable(forward.sender()).map(ForwardSettings.SenderRewriting::domain);
    List<Domain> aliases = forward.aliasDomains().stream().map(d -> d.domain()).toList();
    List<Domain> relayed = forward.relayDomains().stream().map(d -> d.domain()).toList();
    // Notifications are from postmaster at the name of the host.
    Set<Domain> senders = new LinkedHashSet<>(List.of(hostname));
    senders.addAll(aliases);
    users.forEach(row -> senders.addAll(row.exactDomains()));
    keys.forEach(row -> senders.add(row.domain()));
    rewriting.ifPresent(senders::add);
    Set<Domain> receivers = new LinkedHashSet<>(aliases);
    rewriting.ifPresent(receivers::add);
    receivers.addAll(relayed);
    return new SiteDomains(hostname, List.copyOf(senders), List.copyOf(receivers), rewriting);
  }

  /** {@return whether a name is one of these domains, or below one of them} */
  public boolean contains(Domain name) {
    return name.equals(hostname)
        || name.isBelow(hostname)
        || Stream.concat(senders.stream(), receivers.stream())
            .anyMatch(domain -> name.equals(domain) || name.isBelow(domain));
  }
}
