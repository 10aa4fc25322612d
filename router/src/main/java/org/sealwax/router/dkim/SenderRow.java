package org.sealwax.router.dkim;

import java.util.List;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [[sender]]}: who may use which domains.
 *
 * @param users names of AUTH
 * @param networks networks of clients that may relay
 * @param certificates pins and names of client certificates that may relay
 * @param local whether programs of this machine are meant, too
 * @param domains that they may use in the From field and as the envelope sender
 */
@SettingTable(
    name = "sender",
    rows = true,
    purpose =
        "Users and clients that may relay, and the domains that they may use: their mail from these domains is signed by DKIM.")
public record SenderRow(
    @Setting(example = "ann", doc = "User names of AUTH.") List<String> users,
    @Setting(example = "192.0.2.0/24", doc = "Networks, which must be in [trust] networks.")
        List<Cidr> networks,
    @Setting(
            example = "tracker.project.example",
            doc = "Pins and names of [[trusted_client]] entries.")
        List<String> certificates,
    @Setting(
            fallback = "false",
            doc = "Programs of this machine that submit mail by sealwax sendmail.")
        boolean local,
    @Setting(
            example = "project.example",
            required = true,
            doc =
                "Domains that they may use in the From field and as the envelope sender; both must match.")
        List<DomainPattern> domains) {
  /** Copies. */
  public SenderRow {
    users = List.copyOf(users);
    networks = List.copyOf(networks);
    certificates = List.copyOf(certificates);
    domains = List.copyOf(domains);
    if (users.isEmpty() && networks.isEmpty() && certificates.isEmpty() && !local) {
      throw new IllegalArgumentException(
          "a sender row needs users, networks, certificates or local");
    }
  }

  /** {@return the domains that are named, without patterns} */
  public List<Domain> exactDomains() {
    return domains.stream()
        .filter(DomainPattern.Exact.class::isInstance)
        .map(DomainPattern.Exact.class::cast)
        .map(DomainPattern.Exact::domain)
        .toList();
  }
}
