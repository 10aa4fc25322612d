package org.sealwax.router.queue;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;

/**
 * A recipient as it enters the queue, aliases already followed.
 *
 * @param target where it goes
 * @param sender reverse-path toward this recipient: the envelope's, or the rewritten one (SRS) of a
 *     forward
 * @param original the address in the client's RCPT
 * @param forwarded whether an alias led from {@code original} to {@code target}; a {@code
 *     Delivered-To: original} is put before the message then, which stops loops
 * @param holdOnRefusal a refusal by the target is held for the postmaster instead of answered by a
 *     DSN: forwards whose sender is neither SRS-verified nor trusted (no backscatter)
 * @param dsn DSN parameters
 */
public record NewRecipient(
    DeliveryTarget target,
    ReversePath sender,
    Mailbox original,
    boolean forwarded,
    boolean holdOnRefusal,
    DsnRequest dsn) {
  /** A recipient that goes where it was addressed. */
  public static NewRecipient direct(Mailbox mailbox, ReversePath sender, DsnRequest dsn) {
    return new NewRecipient(new DeliveryTarget.Remote(mailbox), sender, mailbox, false, false, dsn);
  }

  /** The original as it stands in Delivered-To, or null when not forwarded. */
  public @Nullable String deliveredTo() {
    return forwarded ? original.toString() : null;
  }
}
