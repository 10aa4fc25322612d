/**
 * TLS for mail. The only package that uses the TLS engines (BoringSSL by netty-tcnative first, JSSE
 * second). A {@link org.sealwax.mail.tls.TlsServer} and a {@link org.sealwax.mail.tls.TlsClient}
 * turn an unencrypted {@link org.sealwax.mail.net.Wire} into a {@link
 * org.sealwax.mail.tls.TlsWire}; every handshake, whatever the level, yields a {@link
 * org.sealwax.mail.tls.verdict.Handshake} with a {@link org.sealwax.mail.tls.verdict.Verdict}.
 *
 * <p>The entry point is {@link org.sealwax.mail.tls.TlsFactory}. Certificates and keys live in
 * {@link org.sealwax.mail.tls.IdentityStore}, trust roots are read by {@link
 * org.sealwax.mail.tls.RootStore}, verdicts come from {@link org.sealwax.mail.tls.PeerVerifier}.
 * The values (facts, verdicts, pins, versions) are in {@link org.sealwax.mail.tls.verdict}, which
 * does not know this package. Inside, {@code EngineWire} drives an {@code SSLEngine} with records
 * that {@code RecordReader} cuts, {@code EngineFactory} hides which implementation it is, and
 * {@code Buffers} lends memory to wires that have bytes in transit.
 *
 * <p>Invariants: verification never ends a handshake (the decision does); a verdict of a resumed
 * session is computed again from the stored chain; credentials and decisions elsewhere use only the
 * verdict, never the engine; an engine is released exactly once, by the last of its users; a
 * waiting connection holds no record buffer; group and resumption are read on the wire, the same
 * way for each engine. RFC 8446, 5246, 6125, 9525, 5280, 9325, 3207, 8314.
 */
@NullMarked
package org.sealwax.mail.tls;

import org.jspecify.annotations.NullMarked;
