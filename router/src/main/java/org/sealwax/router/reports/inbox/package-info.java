/**
 * Reports that come by mail: {@link org.sealwax.router.reports.inbox.ReportInbox} delivers a
 * message to a {@link org.sealwax.router.reports.inbox.ReportReader}, which finds the report in it
 * ({@link org.sealwax.router.reports.inbox.MimeParts}), unpacks it ({@link
 * org.sealwax.router.reports.inbox.UnpackedInput}) and learns who signed it ({@link
 * org.sealwax.router.reports.inbox.DkimVerification}).
 *
 * <p>Invariants: a message costs bounded memory and ends in a named outcome; nothing is answered by
 * mail, so that no client can have us write to another; what is not a report is kept where the
 * admin can read it.
 */
@NullMarked
package org.sealwax.router.reports.inbox;

import org.jspecify.annotations.NullMarked;
