/**
 * The queue: the time of each recipient's next delivery, and the consequence of each outcome. Owns
 * the interfaces {@link org.sealwax.router.queue.Intake} (mail comes in), {@link
 * org.sealwax.router.queue.DeliveryAgent} (mail goes out) and {@link
 * org.sealwax.router.queue.Routing} (where to).
 *
 * <ul>
 *   <li>Decisions, pure: {@link org.sealwax.router.queue.QueueStep} what an outcome means for a
 *       recipient, {@link org.sealwax.router.queue.Scheduler} with its parts whose round begins
 *       next.
 *   <li>State: {@code QueueState} has all that is in memory and the only lock of it. It never calls
 *       the store.
 *   <li>Work: {@link org.sealwax.router.queue.Queue} looks for mail that is due, {@code
 *       QueueIntake} takes mail in, {@code RoundRunner} runs a round, {@code StepApplier} writes
 *       what follows.
 *   <li>Notices: {@code NotificationWriter} to senders, {@link
 *       org.sealwax.router.queue.HeldMailSummary} to the postmaster.
 *   <li>Operations: {@link org.sealwax.router.queue.QueueControl}, {@link
 *       org.sealwax.router.queue.QueueView}, {@link org.sealwax.router.queue.HeldMail}.
 * </ul>
 *
 * <p>Invariants: every recipient ends delivered, bounced with a DSN (unless the sender wanted
 * none), held, or deleted by an admin; only a named cause bounces; the null sender is never
 * answered; no state in memory for mail that waits. RFC 5321 4.5.4, 3461, 3464.
 */
@NullMarked
package org.sealwax.router.queue;

import org.jspecify.annotations.NullMarked;
