/**
 * Floor 1: a small DNS of our own, served on loopback: for tests, the simulation's real-network
 * scenarios and the lab.
 *
 * <p>{@link org.sealwax.dns.zone.Zone} is a zone as text with a way of being signed, good or
 * broken; {@link org.sealwax.dns.zone.ZoneServer} serves a set of them under a signed root of its
 * own, over UDP and TCP, answering as a recursive resolver does (CNAME and DNAME followed across
 * zones, denial with NSEC proofs); a {@link org.sealwax.dns.zone.Fault} makes a name misbehave.
 *
 * <p>Invariants: listens on loopback only; the root key is made at start and never leaves the
 * process, so nothing this server says can validate anywhere else. RFC 1034, 1035, 4034, 4035,
 * 4592, 6672, 6891.
 */
@NullMarked
package org.sealwax.dns.zone;

import org.jspecify.annotations.NullMarked;
