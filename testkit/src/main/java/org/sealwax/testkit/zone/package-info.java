/**
 * A small DNS for signed test zones: for tests, the simulation's real-network scenarios and the
 * lab.
 *
 * <p>{@link org.sealwax.testkit.zone.Zone} is a zone as text with a way of being signed, good or
 * broken. Two servers serve a set of them over UDP and TCP, and a {@link
 * org.sealwax.testkit.zone.DnsFault} makes a name misbehave: {@link
 * org.sealwax.testkit.zone.LoopbackResolver} serves a small DNS tree under a signed root of its own
 * and answers as a recursive resolver does (CNAME and DNAME followed across zones, denial with
 * proofs); {@link org.sealwax.testkit.zone.AuthoritativeServer} is a plain authority for one
 * delegated zone on the open Internet, with the rate limits and cookies that this requires.
 *
 * <p>Invariants: LoopbackResolver's root key is made at start and never leaves the process, so its
 * answers cannot validate anywhere else; AuthoritativeServer answers for its zone only, and no
 * source more than its share. RFC 1034, 1035, 4034, 4035, 4592, 5155, 6672, 6891, 7873, 8482, 9018.
 */
@NullMarked
package org.sealwax.testkit.zone;

import org.jspecify.annotations.NullMarked;
