package org.sealwax.router.queue;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;

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

  /** As the store keeps it. */
  RecipientBatch stored(
      QueueId message, BatchState state, @Nullable Instant due, String hop, String why) {
    return new RecipientBatch(
        new BatchKey(message, number()),
        state,
        due,
        hop,
        sender.toString(),
        why,
        QueueRecordCodec.GROUP.write(this));
  }

  RecipientGroup with(List<Recipient> others) {
    return new RecipientGroup(sender, deliveredTo, rounds, others);
  }
}
