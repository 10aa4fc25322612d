package org.sealwax.app.doctor;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * The host and its domains, as others see them.
 *
 * @param hostname the name in EHLO
 * @param sources addresses that our connections come from
 * @param senderDomains domains that stand in From or in the reverse-path of our mail
 * @param receiverDomains domains whose mail comes here, or through here
 * @param rewriting the domain of rewritten reverse-paths (SRS), when there is one
 */
record MailSite(
    Domain hostname,
    List<InetAddress> sources,
    List<Domain> senderDomains,
    List<Domain> receiverDomains,
    Optional<Domain> rewriting) {
  MailSite {
    sources = List.copyOf(sources);
    senderDomains = List.copyOf(senderDomains);
    receiverDomains = List.copyOf(receiverDomains);
  }
}
