/**
 * TLS and certificates that no normal server has: for the lab's traps and the scan.
 *
 * <p>{@link org.sealwax.testkit.tls.LabCertificateAuthority} is a certificate authority of the
 * lab's own that makes good certificates, and each kind of bad one, from a {@link
 * org.sealwax.testkit.tls.CertificateSpec}; {@link org.sealwax.testkit.tls.OddTlsServer} makes
 * handshakes as an {@link org.sealwax.testkit.tls.OddTlsBehaviour} states: only these versions,
 * suites and groups, with this request for a client certificate, and with that one thing done
 * wrong.
 *
 * <p>For tests there are also {@link org.sealwax.testkit.tls.TestCa}, an authority whose
 * certificates are {@link org.sealwax.mail.tls.Identity identities} of the library, {@link
 * org.sealwax.testkit.tls.TlsConnectionPair}, both ends of a connection on loopback, {@link
 * org.sealwax.testkit.tls.OpenSslServer}, the TLS of OpenSSL, and {@link
 * org.sealwax.testkit.tls.FakeTls}, a handshake without encryption.
 *
 * <p>Invariants: the authority's keys are made at start and never leave the process, so nothing it
 * signs is trusted anywhere else; a server here ends every handshake in a {@link
 * org.sealwax.testkit.tls.OddTlsWire} or a {@link org.sealwax.mail.tls.verdict.TlsException}. RFC
 * 5280, 5246, 8446.
 */
@NullMarked
package org.sealwax.testkit.tls;

import org.jspecify.annotations.NullMarked;
