/**
 * Floor 3: the queue: when is which recipient tried, and what follows from the outcome. Decides by
 * the pure {@code QueueStep}; owns the interfaces {@link org.sealwax.queue.Intake} (mail comes in),
 * {@link org.sealwax.queue.Delivery} (mail goes out) and {@link org.sealwax.queue.Routing} (where
 * to).
 *
 * <p>Invariants: every recipient ends delivered, bounced with a DSN, held, or deleted by a person;
 * only a named cause bounces; the null sender is never answered. RFC 5321 4.5.4, 3461, 3464.
 */
@NullMarked
package org.sealwax.queue;

import org.jspecify.annotations.NullMarked;
