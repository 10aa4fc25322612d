package org.sealwax.router.records;

import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.certs.acme.AcmeSettings;
import org.sealwax.router.certs.rollover.RolloverSettings;
import org.sealwax.router.reports.received.TlsReportsInRow;
import org.sealwax.router.route.ForwardSettings;

/**
 * The parts of the configuration that records depend on.
 *
 * @param domains all domains
 * @param forward routes: whether a smart host sends our mail
 * @param rollover names with TLSA records; empty: keys are not replaced
 * @param reports where TLS reports are taken; empty: not here
 * @param acme the authority of certificates
 * @param issuedNames names that certificates are ordered for
 */
public record RecordSettings(
    SiteDomains domains,
    ForwardSettings forward,
    Optional<RolloverSettings> rollover,
    Optional<TlsReportsInRow> reports,
    AcmeSettings acme,
    List<Domain> issuedNames) {
  /** Copies. */
  public RecordSettings {
    issuedNames = List.copyOf(issuedNames);
  }
}
