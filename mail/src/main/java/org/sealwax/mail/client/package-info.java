/**
 * Everything that a program needs to decide how mail for a domain must be protected and to open one
 * verified connection. {@link org.sealwax.mail.client.SmtpClient} is the entry point; {@link
 * org.sealwax.mail.client.DaneLookup} and {@link org.sealwax.mail.client.StsPolicyLookup} find the
 * evidence that domains publish.
 *
 * <p>Invariants: a session is returned only when the requirement is met; a lookup that failed is
 * never "not published"; nothing is stored on disk. RFC 5321, RFC 7672, RFC 8461.
 */
@NullMarked
package org.sealwax.mail.client;

import org.jspecify.annotations.NullMarked;
