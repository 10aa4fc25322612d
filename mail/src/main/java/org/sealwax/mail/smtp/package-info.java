/**
 * SMTP as values: commands, replies, enhanced status codes, capabilities, and the readers and
 * writers that turn bytes into them and back. Parsing touches no socket, file, thread or clock.
 *
 * <p>Main types: {@link org.sealwax.mail.smtp.LineReader}, through which everything is read, {@link
 * org.sealwax.mail.smtp.CommandParser} and {@link org.sealwax.mail.smtp.Command}, {@link
 * org.sealwax.mail.smtp.ReplyReader}, {@link org.sealwax.mail.smtp.ReplyWriter}, {@link
 * org.sealwax.mail.smtp.Capabilities}, {@link org.sealwax.mail.smtp.DotReader}, {@link
 * org.sealwax.mail.smtp.BdatReader}, {@link org.sealwax.mail.smtp.DotWriter}, {@link
 * org.sealwax.mail.smtp.MailboxParser}.
 *
 * <p>Invariants: only CRLF ends a line, in both directions; every reader has a limit ({@link
 * org.sealwax.mail.smtp.SmtpLimits}); {@link org.sealwax.mail.smtp.LineReader#buffered()} counts
 * everything that was read ahead; what RCPT, an alias file and a DSN take for an address is the
 * same.
 *
 * <p>RFC 5321, 1870, 2034, 2920, 3030, 3207, 3461, 3463, 4954, 6152, 6531, 6533, 9422.
 */
@NullMarked
package org.sealwax.mail.smtp;

import org.jspecify.annotations.NullMarked;
