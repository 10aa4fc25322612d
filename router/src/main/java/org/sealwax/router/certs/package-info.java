/**
 * The certificates of this server: where each pair of chain and key comes from ({@link
 * org.sealwax.router.certs.PairSource}), and which pair is in force for which server name ({@link
 * org.sealwax.router.certs.ServerCertificates}). The guard ({@link
 * org.sealwax.router.certs.CertificateGuard}) refuses a pair that senders would reject, where they
 * accept the one in force; {@link org.sealwax.router.certs.LoadDecision} is its rule.
 *
 * <p>Invariants: chain and key are one value, an {@link org.sealwax.mail.tls.Identity}, and are
 * never separated; a pair that cannot be used leaves the former one in force; a pair takes effect
 * with the next handshake, without a restart; no start and no handshake waits for the DNS. DANE:
 * RFC 6698, 7671, 7672; MTA-STS: RFC 8461.
 */
@NullMarked
package org.sealwax.router.certs;

import org.jspecify.annotations.NullMarked;
