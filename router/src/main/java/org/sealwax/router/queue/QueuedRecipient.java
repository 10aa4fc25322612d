package org.sealwax.router.queue;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;

/**
 * A recipient that is not done yet.
 *
 * @param key unique within the message
 * @param target where it goes
 * @param original the address in the client's RCPT
 * @param holdOnRefusal a refusal is held for the postmaster
 * @param dsn DSN parameters
 * @param delayNotified the sender knows that it is late
 * @param last why it waits, or null before the first round
 */
public record QueuedRecipient(
    long key,
    DeliveryTarget target,
    Mailbox original,
    boolean holdOnRefusal,
    DsnRequest dsn,
    boolean delayNotified,
    @Nullable FailureCause last) {
  QueuedRecipient waitingFor(FailureCause cause, boolean notified) {
    return new QueuedRecipient(key, target, original, holdOnRefusal, dsn, notified, cause);
  }

  ConsignmentRecipient addressee() {
    return new ConsignmentRecipient(key, target, dsn);
  }
}
