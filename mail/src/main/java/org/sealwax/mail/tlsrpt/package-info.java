/**
 * SMTP TLS reporting (RFC 8460), the part without files and sockets. {@link
 * org.sealwax.mail.tlsrpt.ReportingPolicy} reads the TLSRPT record of a domain, {@link
 * org.sealwax.mail.tlsrpt.SessionDiagnosis} returns the result of one connection for each policy
 * that applied, {@link org.sealwax.mail.tlsrpt.SessionCounts} adds up a day, {@link
 * org.sealwax.mail.tlsrpt.TlsReportJson} writes the report.
 *
 * <p>Invariants: a domain can make us keep at most a stated number of different failures; what is
 * reported is what was seen, also where a policy in {@code testing} let the mail pass; nothing in a
 * report names a sender, a recipient or a message. RFC 8460, 8461 section 5, 7672.
 */
@NullMarked
package org.sealwax.mail.tlsrpt;

import org.jspecify.annotations.NullMarked;
