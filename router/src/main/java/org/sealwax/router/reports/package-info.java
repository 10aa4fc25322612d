/**
 * Outgoing TLS reports (RFC 8460): {@link org.sealwax.router.reports.TlsReporter} counts sessions
 * by domain, keeps the counts over restarts, and after each period sends reports to the domains
 * that ask for them, by HTTPS or through the queue as DKIM-signed mail.
 *
 * <p>Invariants: bounded by a number of domains and by what a {@link
 * org.sealwax.mail.tlsrpt.SessionCounts} keeps; a report is removed only when it was handed over or
 * is too old to be wanted; reports about the delivery of reports are not made (RFC 8460 section 3:
 * they would never end). Nothing about senders, recipients or messages is written. The other
 * direction is {@code received}.
 */
@NullMarked
package org.sealwax.router.reports;

import org.jspecify.annotations.NullMarked;
