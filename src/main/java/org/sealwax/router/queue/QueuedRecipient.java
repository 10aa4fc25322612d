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
 * @param wish DSN parameters
 * @param delayTold the sender knows that it is late
 * @param last why it waits, or null before the first round
 */
public record QueuedRecipient(
    long key,
    Target target,
    Mailbox original,
    boolean holdOnRefusal,
    DsnWish wish,
    boolean delayTold,
    @Nullable Cause last) {
  QueuedRecipient waitingFor(Cause cause, boolean told) {
    return new QueuedRecipient(key, target, original, holdOnRefusal, wish, told, cause);
  }

  Addressee addressee() {
    return new Addressee(key, target, wish);
  }
}
