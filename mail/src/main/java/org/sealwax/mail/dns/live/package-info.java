/**
 * Asks recursive resolvers, validates their answers, and caches them.
 *
 * <p>{@link org.sealwax.mail.dns.live.CachingResolver} is the entry point. It uses a cache of
 * answers with single flight; {@code LookupLimits}, the limits of one question with everything it
 * needs; {@code MessageFetcher}, the messages of one look-up; {@code Upstream}, which exchanges
 * messages over UDP and TCP with blocking sockets; the validator of {@code dns.validate} judges
 * them.
 *
 * <p>Invariants: no question throws; what was not validated is never SECURE; a validation that
 * could not be finished is FAILED or BOGUS and never INSECURE, because an attacker who can drop a
 * packet could then remove DANE. RFC 1035, 2308, 4035, 5452, 6761, 6840, 6891, 8914.
 */
@NullMarked
package org.sealwax.mail.dns.live;

import org.jspecify.annotations.NullMarked;
