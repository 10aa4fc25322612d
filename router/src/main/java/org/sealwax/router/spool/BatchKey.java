package org.sealwax.router.spool;

import org.jspecify.annotations.Nullable;

/**
 * The key of one batch of one message.
 *
 * @param message the message
 * @param number the lowest key of a recipient in the batch; unique within the message
 */
public record BatchKey(QueueId message, long number) {
  // Written out: several maps are asked for every message, and the compiler that the launcher
  // chooses for a quick start makes slow code of a record's own.

  @Override
  public int hashCode() {
    return 31 * message.hashCode() + Long.hashCode(number);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof BatchKey that
        && number == that.number
        && message.text().equals(that.message.text());
  }
}
