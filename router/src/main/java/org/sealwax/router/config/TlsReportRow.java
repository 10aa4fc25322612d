package org.sealwax.router.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;

/**
 * The {@code [tlsrpt]} table, when reports are made.
 *
 * @param organization name of the reporting organization
 * @param contact the From of reports
 * @param period what one report covers
 * @param spread how long reports of one period may take to leave
 * @param dkim how mail is signed; empty: reports go by HTTPS only
 */
public record TlsReportRow(
    String organization,
    Mailbox contact,
    Duration period,
    Duration spread,
    Optional<DkimKey> dkim) {
  /**
   * A key for signing.
   *
   * @param domain signing domain
   * @param selector below {@code _domainkey}
   * @param file the key
   */
  public record DkimKey(Domain domain, Domain selector, Path file) {}
}
