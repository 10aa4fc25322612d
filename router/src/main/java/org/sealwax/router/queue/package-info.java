/**
 * The queue: the time of each recipient's next delivery, and the consequence of each outcome.
 * {@link org.sealwax.router.queue.QueueStep} decides, pure; {@link org.sealwax.router.queue.Queue}
 * runs; {@link org.sealwax.router.queue.QueueView} shows and {@link
 * org.sealwax.router.queue.QueueControl} takes orders. Owns the interfaces {@link
 * org.sealwax.router.queue.Intake} (mail comes in), {@link org.sealwax.router.queue.DeliveryAgent}
 * (mail goes out) and {@link org.sealwax.router.queue.Routing} (where to).
 *
 * <p>Invariants: every recipient ends delivered, bounced with a DSN (unless the sender wanted
 * none), held, or deleted by an admin; only a named cause bounces; the null sender is never
 * answered; no state in memory for mail that waits. RFC 5321 4.5.4, 3461, 3464.
 */
@NullMarked
package org.sealwax.router.queue;

import org.jspecify.annotations.NullMarked;
