/**
 * The DNS for mail: typed questions, and answers that always have a DNSSEC status. {@link
 * org.sealwax.mail.dns.MxSet} interprets an MX answer for delivery; {@code .live} resolves and
 * caches; {@code .validate} is the DNSSEC validator, pure; only these two know the DNS library.
 *
 * <p>Invariant: SECURE, INSECURE, BOGUS and FAILED are four answers and stay four; a failed look-up
 * is never "no such record". RFC 1035, 4033 to 4035, 5155, 6698, 7672 section 2.1.
 */
@NullMarked
package org.sealwax.mail.dns;

import org.jspecify.annotations.NullMarked;
