/**
 * The parts of a message that a router reads and writes: header fields to add or read, trace hops
 * to count, delivery status notifications to make. No sockets, files, threads or clock.
 *
 * <p>Main types: {@link org.sealwax.mail.message.ReceivedHeader} (the trace field we add), {@link
 * org.sealwax.mail.message.HeaderScanner} (the header facts of a message that passes), {@link
 * org.sealwax.mail.message.TraceHops} (the loop guards), {@link
 * org.sealwax.mail.message.HeaderBuilder} (fields in the making).
 *
 * <p>Invariant: no text of a peer's ends a comment, a line or a field that we write.
 *
 * <p>RFC 5322, 5321 section 4.4, 3848, 6531, 6532, 8689, 3461, 3464, 6522, 6533.
 */
@NullMarked
package org.sealwax.mail.message;

import org.jspecify.annotations.NullMarked;
