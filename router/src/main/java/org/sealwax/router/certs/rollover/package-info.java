/**
 * Replaces the key of this server's certificate while senders verify it by DANE (RFC 7671 section
 * 8.1, RFC 7672 section 2.1.1): the record of the next key is published first and seen everywhere
 * before the key is used, and the old key goes last.
 *
 * <p>{@link org.sealwax.router.certs.rollover.RolloverMachine} decides, as a pure function of a
 * {@link org.sealwax.router.certs.rollover.RolloverState}, of what was seen, and of the time.
 *
 * <p>Invariants: the state is on stable storage before what it decided is done, so that every step
 * can be done again after a crash; a server that does not answer has not shown a record; a wait
 * begins again when what it waits for was not seen all the time; only records of keys that we made
 * are added or removed, and only under the condition that the others are those that were seen.
 */
@NullMarked
package org.sealwax.router.certs.rollover;

import org.jspecify.annotations.NullMarked;
