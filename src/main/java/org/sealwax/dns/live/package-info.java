/**
 * Floor 1: asks recursive resolvers, validates what they say, and remembers it.
 *
 * <p>{@link org.sealwax.dns.live.LiveResolver} is the whole door. Behind it: a cache of answers
 * with single flight; {@code Inquiry}, one question with everything it needs and the bound on that;
 * {@code Upstream}, which exchanges messages over UDP and TCP with blocking sockets on the thread
 * that asks; the validator of the DNS library between the two, run on that same thread.
 *
 * <p>Invariants: no question throws; what was not validated is never SECURE; a validation that
 * could not be finished (a key that could not be fetched, a validator that stumbled) is FAILED or
 * BOGUS and never INSECURE, because whoever can drop a packet could then remove DANE from the
 * world. RFC 1035, 2308, 4035, 5452, 6761, 6840, 6891, 8914.
 */
@NullMarked
package org.sealwax.dns.live;

import org.jspecify.annotations.NullMarked;
