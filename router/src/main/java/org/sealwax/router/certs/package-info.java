/**
 * The certificates of this server: where each pair of chain and key comes from ({@link
 * org.sealwax.router.certs.PairSource}), and which pair is in force for which server name ({@link
 * org.sealwax.router.certs.ServerCertificates}).
 *
 * <p>Invariants: chain and key are one value, an {@link org.sealwax.mail.tls.Identity}, and are
 * never separated; a pair that cannot be used leaves the former one in force; a pair takes effect
 * with the next handshake, without a restart. DANE: RFC 6698, 7671, 7672; MTA-STS: RFC 8461.
 */
@NullMarked
package org.sealwax.router.certs;

import org.jspecify.annotations.NullMarked;
