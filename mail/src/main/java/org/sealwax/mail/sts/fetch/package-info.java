/**
 * Fetches an MTA-STS policy over HTTPS (RFC 8461 section 3.3).
 *
 * <p>Invariants: the certificate is verified by public roots; no redirect is followed; size and
 * time are limited.
 */
@NullMarked
package org.sealwax.mail.sts.fetch;

import org.jspecify.annotations.NullMarked;
