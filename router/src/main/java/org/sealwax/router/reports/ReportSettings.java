package org.sealwax.router.reports;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dkim.DkimSigningKey;

/**
 * Settings of outgoing reports.
 *
 * @param organization name of the reporting organization in the report
 * @param contact sender of the reports, and the contact for questions
 * @param submitter our name
 * @param folder where counts and unsent reports are kept
 * @param period a day (RFC 8460 section 4.1), counted from midnight UTC; shorter for tests of other
 *     sites' reporting; {@link #LEAST_PERIOD} at least
 * @param spread reports of one period leave within this time after its end, so that a large site
 *     does not get all reports at midnight (RFC 8460 section 4.1); zero or more
 * @param signer keys that sign mail at a time; none: reports then go by HTTPS only (RFC 8460
 *     section 5.3 asks for a signature)
 * @param domains counted in one period at most; at least 1
 */
public record ReportSettings(
    String organization,
    Mailbox contact,
    Domain submitter,
    Path folder,
    Duration period,
    Duration spread,
    Function<Instant, List<DkimSigningKey>> signer,
    int domains) {
  /** Shorter ones would make the reports heavier than the mail. */
  public static final Duration LEAST_PERIOD = Duration.ofSeconds(10);

  /** A day, as RFC 8460 section 4.1 requires. */
  public static final Duration DAY = Duration.ofDays(1);

  /** The RFC's advice: some hours. */
  public static final Duration SPREAD = Duration.ofHours(4);

  /** Domains of a day: some hundred bytes each. */
  public static final int DOMAINS = 20_000;

  /** Checks ranges. */
  public ReportSettings {
    if (period.compareTo(LEAST_PERIOD) < 0 || spread.isNegative() || domains < 1) {
      throw new IllegalArgumentException("a period of at least " + LEAST_PERIOD);
    }
  }
}
