package org.sealwax.router.log;

import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pins;

/**
 * A handshake as the log shows it.
 *
 * @param trust Postfix's word: Anonymous, Untrusted, Trusted, Verified
 * @param verdict POLICY.md's form: {@code untrusted(self-signed)}
 * @param version {@code TLSv1.3}
 * @param suite {@code TLS_AES_256_GCM_SHA384}
 * @param bits key bits
 * @param group key exchange group, or null when not known
 * @param resumed a former session
 * @param peerName subject of the peer's leaf certificate, or null
 * @param peerKey SHA-256 of the peer's public key in hex, or null
 * @param serverName SNI, or null
 */
public record TlsLogFields(
    String trust,
    String verdict,
    String version,
    String suite,
    int bits,
    @Nullable String group,
    boolean resumed,
    @Nullable String peerName,
    @Nullable String peerKey,
    @Nullable String serverName) {
  /** The fields of a handshake. */
  public static TlsLogFields of(Handshake h) {
    X509Certificate leaf = h.peerChain().isEmpty() ? null : h.peerChain().getFirst();
    return new TlsLogFields(
        h.verdict().postfixWord(),
        h.verdict().text(),
        h.version().label(),
        h.suite(),
        h.bits(),
        h.group(),
        h.resumed(),
        leaf == null ? null : leaf.getSubjectX500Principal().getName(),
        leaf == null ? null : Pins.of(leaf).hex(),
        h.serverName());
  }
}
