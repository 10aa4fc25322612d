/**
 * Incoming TLS reports (RFC 8460): about our domains, by mail to {@link
 * org.sealwax.router.reports.received.TlsReportReader} or by POST to {@link
 * org.sealwax.router.reports.received.ReportListener}, checked by {@link
 * org.sealwax.router.reports.received.ReportIntake}, stored in {@link
 * org.sealwax.router.reports.received.ReceivedReportStore}, summed up in {@link
 * org.sealwax.router.reports.received.ReportSummary}.
 *
 * <p>Invariants: what clients send costs bounded memory, disk and look-ups, and ends in a named
 * outcome; nothing is answered by mail, so that no client can have us write to another; a report by
 * mail counts only with a DKIM signature of the reporting domain (section 3); what is not a report
 * is kept where the admin can read it. Nothing here is believed: a report is a claim of its sender.
 */
@NullMarked
package org.sealwax.router.reports.received;

import org.jspecify.annotations.NullMarked;
