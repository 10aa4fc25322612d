/**
 * Changes of zones over the network: dynamic updates (RFC 2136), signed by TSIG (RFC 8945).
 *
 * <p>{@link org.sealwax.mail.dns.update.UpdateClient} sends a {@link
 * org.sealwax.mail.dns.update.ZoneUpdate} to the primary server of a zone. The result is one of
 * {@link org.sealwax.mail.dns.update.UpdateResult}.
 *
 * <p>Invariants: only a signed answer shows that an update was applied; every update is sent over
 * TCP, signed, within a time limit, and once; single records are added and removed, never whole
 * sets or names, so that the records of others stay; every addition has the condition that its name
 * has no CNAME record, because a server ignores the addition there and reports success (RFC 2136
 * section 3.4.2.2).
 */
@NullMarked
package org.sealwax.mail.dns.update;

import org.jspecify.annotations.NullMarked;
