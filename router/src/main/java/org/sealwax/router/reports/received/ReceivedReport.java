package org.sealwax.router.reports.received;

import java.time.Instant;
import org.sealwax.mail.tlsrpt.TlsReport;

/**
 * A report that was kept.
 *
 * @param at when it came
 * @param origin from where
 * @param report the report on our domains; entries about others are left out
 */
public record ReceivedReport(Instant at, ReportOrigin origin, TlsReport report) {}
