/**
 * Floor 1: the message as far as a router looks at it: header fields to add or read, trace hops to
 * count, delivery status notifications to make. No sockets, files, threads or clock.
 *
 * <p>RFC 5322, 5321 section 4.4, 3461, 3464, 6522, 6533.
 */
@NullMarked
package org.sealwax.message;

import org.jspecify.annotations.NullMarked;
