package org.sealwax.router.hosting;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.hosting.HostingFacts.ModeSetting;

/**
 * {@code [[mta_sts_host]]}: domains whose policy this server offers.
 *
 * @param domains policy domains
 * @param mode of their policies
 * @param mx hosts that will be MX hosts
 * @param maxAge for how long senders keep the policy
 */
@SettingTable(
    name = "mta_sts_host",
    rows = true,
    purpose =
        "MTA-STS policies (RFC 8461) that this server offers for its own domains at https://mta-sts.DOMAIN/.well-known/mta-sts.txt; sealwax status shows the TXT record to publish.")
public record HostedDomainRow(
    @Setting(
            example = {"project.example", "project.example.net"},
            required = true,
            filled = true,
            doc =
                "Domains. The policy lists the hosts in their MX records and those of new_mx. Each name mta-sts.DOMAIN needs an address of this server and a certificate: by [acme], or by [[identity_for]].")
        List<Domain> domains,
    @Setting(
            fallback = "auto",
            doc =
                "Mode of the policy. auto: testing at first; enforce after 14 days with TLS reports from two reporters, 100 successful sessions and no failure, and two assessments with grade A a week apart; it never goes back by itself. testing, enforce: fixed. none: the policy is being removed.")
        ModeSetting mode,
    @Setting(
            example = "mx2.project.example",
            name = "new_mx",
            doc =
                "Hosts that the policy lists before they are MX hosts. Remove a host here after its MX record is published, or when it will not be.")
        List<Domain> mx,
    @Setting(
            fallback = "14d",
            least = "1d",
            most = "365d",
            doc = "Time for which senders keep the policy (max_age).")
        Duration maxAge) {
  /** Domains of all rows. */
  public static final int MAX_DOMAINS = 1_000;

  /** Copies, and checks the names. */
  public HostedDomainRow {
    domains = List.copyOf(domains);
    mx = List.copyOf(mx);
    for (int i = 0; i < domains.size(); i++) {
      Domain domain = domains.get(i);
      InvalidSetting.because("the name mta-sts." + domain + " is not a host name")
          .of("domains")
          .help("the policy of a domain is served by a host whose name is at most 253 bytes long")
          .throwIf(StsRecord.hostFor(domain).filter(PolicyText::isListable).isEmpty());
    }
    for (int i = 0; i < mx.size(); i++) {
      InvalidSetting.because(mx.get(i) + " is not a host name")
          .of("new_mx")
          .throwIf(!PolicyText.isListable(mx.get(i)));
    }
    InvalidSetting.because("more than " + PolicyText.MAX_HOSTS + " hosts")
        .of("new_mx")
        .throwIf(mx.size() > PolicyText.MAX_HOSTS);
  }

  /** {@return the row of a domain} */
  static Optional<HostedDomainRow> of(List<HostedDomainRow> rows, Domain domain) {
    return rows.stream().filter(row -> row.domains().contains(domain)).findFirst();
  }

  /** {@return the names {@code mta-sts.DOMAIN} of all rows} */
  public static List<Domain> hostNames(List<HostedDomainRow> rows) {
    return rows.stream()
        .flatMap(row -> row.domains().stream())
        .map(StsRecord::hostFor)
        .flatMap(Optional::stream)
        .distinct()
        .toList();
  }
}
