/**
 * Names and addresses of mail as values: domains, address literals, mailboxes, reverse-paths and
 * patterns over domains. Nothing here does input or output; everything is immutable, and parsing
 * refuses rather than guesses.
 *
 * <p>Invariants: a {@link org.sealwax.mail.address.Domain} is lower-case A-label form without a
 * trailing dot; a {@link org.sealwax.mail.address.Mailbox} keeps its local part unquoted and quotes
 * it again when written. RFC 5321 section 4.1.2, RFC 5890, RFC 6531.
 */
@NullMarked
package org.sealwax.mail.address;

import org.jspecify.annotations.NullMarked;
