/**
 * DANE for SMTP (RFC 6698, 7671, 7672) as pure functions of DNS answers. {@link
 * org.sealwax.mail.dane.TlsaSet} picks the usable records out of a set; {@link
 * org.sealwax.mail.dane.TlsaBaseDomain} gives the names at which to look one up; {@link
 * org.sealwax.mail.dane.TlsaAnswer} interprets the answer there; {@link
 * org.sealwax.mail.dane.DaneReferenceNames} are the names that a certificate below a DANE anchor
 * may have. {@code mail.client.DaneLookup} asks the DNS; {@code mail.tls.PeerVerifier} matches
 * certificates.
 *
 * <p>Invariants: no answer that failed or does not validate is ever "no TLSA" (RFC 7672 2.1.1,
 * 2.2); a record that we cannot use still means TLS; no TLSA query is sent for names below a name
 * whose addresses are unsigned (RFC 7672 2.2.2). No sockets, files, threads or clock.
 */
@NullMarked
package org.sealwax.mail.dane;

import org.jspecify.annotations.NullMarked;
