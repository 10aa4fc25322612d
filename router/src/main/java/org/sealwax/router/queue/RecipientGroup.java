package org.sealwax.router.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;

/**
 * Recipients of one message that are delivered together; the content of a stored batch.
 *
 * @param sender reverse-path for MAIL
 * @param deliveredTo for a Delivered-To field, or null
 * @param rounds done so far
 * @param recipients at least one
 */
public record RecipientGroup(
    ReversePath sender, @Nullable String deliveredTo, int rounds, List<Recipient> recipients) {
  /** Copies. */
  public RecipientGroup {
    recipients = List.copyOf(recipients);
    if (recipients.isEmpty()) {
      throw new IllegalArgumentException("no recipients");
    }
  }

  /** The lowest key, which numbers the batch. */
  long number() {
    long lowest = Long.MAX_VALUE;
    for (Recipient r : recipients) {
      lowest = Math.min(lowest, r.key());
    }
    return lowest;
  }

  /** Why it waits, for the queue's list: the first recipient's word. */
  String reason() {
    FailureCause last = recipients.getFirst().last();
    return last == null ? "" : last.reason();
  }

  RecipientGroup with(List<Recipient> others) {
    return new RecipientGroup(sender, deliveredTo, rounds, others);
  }
}
