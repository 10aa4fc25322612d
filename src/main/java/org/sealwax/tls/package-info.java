/**
 * Floor 1: TLS for mail. The only room that knows the TLS engines (BoringSSL by netty-tcnative
 * first, JSSE second). A {@link org.sealwax.tls.TlsServer} and a {@link org.sealwax.tls.TlsClient}
 * turn a clear {@link org.sealwax.world.Wire} into a {@link org.sealwax.tls.TlsWire}; every
 * handshake, whatever the level, yields a {@link org.sealwax.tls.Handshake} with a {@link
 * org.sealwax.tls.Verdict}.
 *
 * <p>Invariants: verification never ends a handshake (the decision does); a verdict of a resumed
 * session is computed anew from the stored chain; credentials and decisions elsewhere use only the
 * verdict, never the engine. RFC 8446, 5246, 6125, 9325, 3207, 8314.
 */
@NullMarked
package org.sealwax.tls;

import org.jspecify.annotations.NullMarked;
