/**
 * Time and connections that a test controls.
 *
 * <p>{@link org.sealwax.testkit.net.ManualClock} stands until it is moved; {@link
 * org.sealwax.testkit.net.MemoryWire} is a connection within this process whose waits end when the
 * test advances the time.
 *
 * <p>Invariants: nothing here opens a socket, and nothing waits in real time for a timeout.
 */
@NullMarked
package org.sealwax.testkit.net;

import org.jspecify.annotations.NullMarked;
