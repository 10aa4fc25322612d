package org.sealwax.mail.tlsrpt;

import java.time.Instant;
import java.util.List;
import org.sealwax.mail.address.Domain;

/**
 * One report about one domain (RFC 8460 section 4.4).
 *
 * @param organization our organisation's name
 * @param contact a mailbox or another way to reach us
 * @param id unique among our reports
 * @param domain the domain that the report is about
 * @param begin first second of the period
 * @param end last second of the period
 * @param sums per policy
 */
public record TlsReport(
    String organization,
    String contact,
    String id,
    Domain domain,
    Instant begin,
    Instant end,
    List<SessionCounts.PolicySummary> sums) {
  /** Copies. */
  public TlsReport {
    sums = List.copyOf(sums);
  }

  /**
   * {@return the file's name (RFC 8460 section 5.1): submitter, domain, period, and the identifier}
   *
   * @param submitter the domain that sends the report
   */
  public String fileName(Domain submitter) {
    return submitter
        + "!"
        + domain
        + "!"
        + begin.getEpochSecond()
        + "!"
        + end.getEpochSecond()
        + "!"
        + id.replaceAll("[^A-Za-z0-9.-]", "-")
        + ".json.gz";
  }
}
