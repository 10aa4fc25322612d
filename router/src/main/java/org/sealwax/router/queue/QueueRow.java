package org.sealwax.router.queue;

import java.time.Instant;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.router.queue.KnownNextHops.SchedulingKey;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;

/**
 * One recipient as the queue lists it.
 *
 * @param batch that it is in; what is in its first round is FRESH
 * @param rounds done so far
 * @param recipient itself
 * @param arrived when its message was accepted
 * @param size bytes of the content
 */
public record QueueRow(
    RecipientBatch batch, int rounds, Recipient recipient, Instant arrived, long size) {
  /** The message. */
  public QueueId id() {
    return batch.key().message();
  }

  /** The next hop as it is shown. */
  public String nextHop() {
    return AddressLiteral.shortened(SchedulingKey.hop(batch.hop()));
  }
}
