/**
 * The DNSSEC validator (RFC 4035 section 5). Pure: messages in, verdict out; the time, the trust
 * anchors, the zones known so far and the source of messages are parameters. The DNS library is
 * used for wire format and records only.
 *
 * <p>{@link org.sealwax.mail.dns.validate.DnssecValidator} walks down from the trust anchor to the
 * name that was asked. For each name on the way it establishes a signed DS, a proven absence of DS
 * ({@link org.sealwax.mail.dns.validate.DenialOfExistence}), or a failure. It judges an answer with
 * the keys of the zone that the walk ends in. A message may suggest by its signer names where to
 * begin; it never decides which zone a name is in.
 *
 * <p>Invariants: INSECURE needs a validated denial of DS, or a DS set with unsupported algorithms
 * or digests only, at the name or an ancestor, or a configured exception; an answer that cannot be
 * judged within the bounds of {@link org.sealwax.mail.dns.validate.Verifier} is FAILED; the order
 * of records does not matter. RFC 4034, 4035, 4509, 5155, 5702, 6605, 6672, 6840, 7646, 8080, 9276.
 */
@NullMarked
package org.sealwax.mail.dns.validate;

import org.jspecify.annotations.NullMarked;
