/**
 * Asks recursive resolvers, validates what they say, and remembers it.
 *
 * <p>{@link org.sealwax.mail.dns.live.CachingResolver} is the entry point. Behind it: a cache of
 * answers with single flight; {@code Inquiry}, the bound on one question with everything it needs;
 * {@code Messages}, the messages of one inquiry; {@code Upstream}, which exchanges messages over
 * UDP and TCP with blocking sockets; the validator of {@code dns.validate} judges them.
 *
 * <p>Invariants: no question throws; what was not validated is never SECURE; a validation that
 * could not be finished is FAILED or BOGUS and never INSECURE, because an attacker who can drop a
 * packet could then remove DANE. RFC 1035, 2308, 4035, 5452, 6761, 6840, 6891, 8914.
 */
@NullMarked
package org.sealwax.mail.dns.live;

import org.jspecify.annotations.NullMarked;
