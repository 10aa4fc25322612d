package org.sealwax.router.route;

import org.sealwax.mail.address.Mailbox;

/**
 * A short name for a sender whose rewritten address would be too long; {@link SrsTokenStore} has
 * the address for it.
 *
 * @param text 16 characters of base32 in lower case
 * @param original where a bounce goes
 * @param day of the address that it stands in, counted from 1970-01-01
 */
record SrsToken(String text, Mailbox original, long day) {}
