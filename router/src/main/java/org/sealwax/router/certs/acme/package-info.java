/**
 * Certificates by ACME (RFC 8555): ordered, renewed by the authority's renewal information (RFC
 * 9773) or at two thirds of the lifetime, and offered to {@link org.sealwax.router.certs} as
 * sources of pairs.
 *
 * <p>Each name has its own certificate, key, file and {@link
 * org.sealwax.router.certs.acme.RenewalState}; orders do not wait for each other, and the host name
 * does not share the limits of the others. {@link org.sealwax.router.certs.acme.RenewalRules}
 * decides, as pure functions. {@link org.sealwax.router.certs.acme.AcmeClient} is the only class
 * that knows acme4j; it speaks through {@link org.sealwax.mail.http.HttpsClient}, so that sizes,
 * time, addresses and certificates have our limits. It is loaded with the first order.
 *
 * <p>Invariants: an authority is not trusted; a certificate that is not for our key and our name is
 * never stored. A failure changes nothing that is in force. Key and chain are one file, replaced
 * whole.
 */
@NullMarked
package org.sealwax.router.certs.acme;

import org.jspecify.annotations.NullMarked;
