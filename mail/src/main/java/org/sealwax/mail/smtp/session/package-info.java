/**
 * SMTP sessions without mail. {@link org.sealwax.mail.smtp.session.ServerLoop} is the server side:
 * a loop for lines, limits, timeouts, groups and TLS, which passes each command to {@link
 * org.sealwax.mail.smtp.session.CommandHandler}. {@link org.sealwax.mail.smtp.session.Greeting} is
 * the client side: banner, EHLO, STARTTLS, EHLO; it yields an observation and an open {@link
 * org.sealwax.mail.smtp.session.ClientSession}, and cannot send mail.
 *
 * <p>Invariants: input read before TLS is discarded; only the capabilities of the last EHLO count;
 * a server session ends with a reply unless the peer or the network ended it. RFC 5321 3.1, 3.2,
 * 4.5.3.2; RFC 2920; RFC 3207 4.2.
 */
@NullMarked
package org.sealwax.mail.smtp.session;

import org.jspecify.annotations.NullMarked;
