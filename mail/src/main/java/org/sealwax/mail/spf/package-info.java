/**
 * SPF (RFC 7208): may this client send mail for this domain? {@link org.sealwax.mail.spf.SpfCheck}
 * answers with an {@link org.sealwax.mail.spf.SpfVerdict}; {@link org.sealwax.mail.spf.SpfRecord}
 * is a record as published.
 *
 * <p>Invariants: any record ends in one of the seven results; the terms that ask the DNS, the
 * look-ups without an answer, the hosts of an MX set and the names of an address are limited (RFC
 * 7208 4.6.4); a failed look-up is {@code temperror} and never a result about the sender; {@code
 * exp=} is checked for its grammar and never fetched, because what we refuse we explain in our own
 * words. Asks only the resolver: no sockets, files, threads or clock. RFC 7208, RFC 8616.
 */
@NullMarked
package org.sealwax.mail.spf;

import org.jspecify.annotations.NullMarked;
