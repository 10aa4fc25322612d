package org.sealwax.router.feedback;

import java.time.LocalDate;

/**
 * How often something was reported.
 *
 * @param day in UTC: of a DMARC report, on which its period begins; else on which the report came
 * @param kind of report
 * @param about the alias and its target, where the configuration has them; of a DMARC report the
 *     domain, and the domain that signed the report or {@link ReportSource#UNSIGNED}
 * @param source who reports: the domain that signed the report; of a bounce the domain of the host
 *     that wrote it, by its own name; of a DMARC report the address of the client that it reports
 * @param detail what is reported, in words from small sets
 * @param times reports; of DMARC reports the messages
 */
public record FeedbackCount(
    LocalDate day,
    FeedbackKind kind,
    AliasTarget about,
    ReportSource source,
    String detail,
    long times) {
  /** Of a DMARC report: whether DMARC passed. */
  public boolean passes() {
    return detail.contains("dkim=pass") || detail.contains("spf=pass");
  }
}
