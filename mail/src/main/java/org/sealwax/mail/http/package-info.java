/**
 * HTTPS, one exchange at a time, as mail needs it: an MTA-STS policy is fetched (RFC 8461 3.3), a
 * TLS report is sent (RFC 8460 5.4). {@link org.sealwax.mail.http.HttpsClient} uses our own
 * resolver, dialer and TLS, so that our rules about addresses, certificates and time apply
 * (docs/adr/0043).
 *
 * <p>Invariants: no redirect is followed, nothing is cached, no cookie or credential exists; one
 * total time covers everything from the first question to the last byte; everything is bounded;
 * whatever the peer does ends in a named {@link org.sealwax.mail.http.HttpsFailure}, never in an
 * exception. RFC 9110, RFC 9112.
 */
@NullMarked
package org.sealwax.mail.http;

import org.jspecify.annotations.NullMarked;
