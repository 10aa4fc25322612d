/**
 * HTTP/1.1 (RFC 9110, RFC 9112), one exchange for each connection. {@link
 * org.sealwax.mail.http.HttpReader} reads requests and responses. The client side fetches an
 * MTA-STS policy (RFC 8461 3.3) and sends a TLS report (RFC 8460 5.4): {@link
 * org.sealwax.mail.http.HttpsClient} uses our own resolver, dialer and TLS, so that our rules about
 * addresses, certificates and time apply (docs/adr/0043). The server side is for our own endpoints:
 * {@link org.sealwax.mail.http.HttpService} serves one connection (docs/adr/0098); it is loaded
 * with the first endpoint.
 *
 * <p>Invariants: what can be read in two ways is refused; everything is bounded, and one total time
 * covers everything to the last byte. Client: no redirect is followed, nothing is cached, no cookie
 * or credential exists; whatever the peer does ends in a named {@link
 * org.sealwax.mail.http.HttpsFailure}, never in an exception. Server: a handler sees only requests
 * with one host and a path; a connection ends after its response.
 */
@NullMarked
package org.sealwax.mail.http;

import org.jspecify.annotations.NullMarked;
