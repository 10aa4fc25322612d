/**
 * The checks that run after every address was scanned: names and addresses, hosts against each
 * other, DNSSEC, certificates, DANE, MTA-STS, reporting. Each {@link org.sealwax.assess.Review} is
 * one subject; {@link org.sealwax.assess.review.ReviewList} has them in the order of their
 * dependencies. {@link org.sealwax.assess.review.CertificateProbe} is the one that connects: under
 * TLS 1.3 only an engine sees certificates.
 *
 * <p>Invariants: a failed look-up is never "no such record"; every MX, every address and every type
 * of certificate is judged; no SMTP beyond EHLO. RFC 5321, 7505, 4035, 9276, 6698, 7671, 7672,
 * 8461, 8460, 5280, 9525, 8659.
 */
@NullMarked
package org.sealwax.assess.review;

import org.jspecify.annotations.NullMarked;
