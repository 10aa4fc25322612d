/**
 * The scan of one address: how a receiving router handles STARTTLS, what of TLS it accepts, and
 * which of the known flaws it has. {@link org.sealwax.assess.receiver.ReceiverScan} is the probe;
 * it asks by raw ClientHellos ({@code tls.wire}), each of which offers everything that is still
 * unknown, so that each answer removes one suite, group and signature scheme at once, and by a real
 * engine ({@code assess.tlsclient}) where something must be decrypted.
 *
 * <p>Invariants: one connection at a time; none beyond the connection budget; ends before DATA;
 * waits for slow servers and backs off from busy ones; what could not be seen is {@code
 * INCONCLUSIVE}, what did not fit is {@code NOT_TESTED}, neither is ever a pass. Flaws are tested
 * in forms that do no harm: Heartbleed reads one byte over, nothing is relayed, no state is left
 * behind. RFC 3207, 5321, 8446, 5246.
 */
@NullMarked
package org.sealwax.assess.receiver;

import org.jspecify.annotations.NullMarked;
