/**
 * The values of TLS for mail, without an engine. A {@link org.sealwax.mail.tls.verdict.Handshake}
 * holds the facts of one handshake, with the {@link org.sealwax.mail.tls.verdict.Verdict} about the
 * peer's certificate and the {@link org.sealwax.mail.tls.verdict.Proof} for it; a {@link
 * org.sealwax.mail.tls.verdict.TlsException} gives the reason when there was none. {@link
 * org.sealwax.mail.tls.verdict.ReferenceIdentity} (names, {@link
 * org.sealwax.mail.tls.verdict.Pin}s, {@link org.sealwax.mail.tls.verdict.TrustRoots}, TLSA {@link
 * org.sealwax.mail.tls.verdict.TlsaAssociations}) is what a peer is compared with; {@link
 * org.sealwax.mail.tls.verdict.NameCheck} compares names. {@link
 * org.sealwax.mail.tls.verdict.TlsVersion} and {@link org.sealwax.mail.tls.verdict.TlsFloor} are
 * the limits of a requirement.
 *
 * <p>Invariants: all types are immutable; the package imports only {@code address} and the JDK: no
 * TLS engine, no socket, no file, no clock. Policy, the ledger, reports and header fields import
 * TLS only from here. RFC 6125, 6698, 7672, 9525, 8996.
 */
@NullMarked
package org.sealwax.mail.tls.verdict;

import org.jspecify.annotations.NullMarked;
