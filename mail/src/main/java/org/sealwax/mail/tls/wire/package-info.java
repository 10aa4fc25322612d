/**
 * The raw bytes of TLS as far as a mail router, a scan and a lab must see them without an engine:
 * records, the ClientHello before an engine exists, and the unencrypted part of the server's
 * answer; and for scan and lab the other way round: {@link
 * org.sealwax.mail.tls.wire.ClientHelloBuilder} and {@link org.sealwax.mail.tls.wire.ServerWriter}
 * build what no engine would, {@link org.sealwax.mail.tls.wire.ServerReader} and {@link
 * org.sealwax.mail.tls.wire.Ssl2} read it. {@link org.sealwax.mail.tls.wire.TlsSuite}, {@link
 * org.sealwax.mail.tls.wire.NamedGroup} and {@link org.sealwax.mail.tls.wire.SignatureScheme} are
 * the registers, as data with rules.
 *
 * <p>Invariants: pure (no sockets, no clock), every length is checked before it is used, every
 * structure has a limit, and no input throws: what does not parse is a result. RFC 8446, 5246,
 * 6066, 8422, 8701, 7685; SSL 2.0 only to find it.
 */
@NullMarked
package org.sealwax.mail.tls.wire;

import org.jspecify.annotations.NullMarked;
