package org.sealwax.router.spool;

import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The recipients of one message that travel together: one next hop, one reverse-path, one round
 * count. The unit of scheduling, and one row of the store.
 *
 * @param key identifies it
 * @param state where it stands
 * @param due when to try it; null when FRESH or HELD
 * @param hop the next hop's key, by which batches are grouped
 * @param sender the reverse-path's text, for fairness and for search
 * @param reason the queue's word for why it waits, empty when it was never tried
 * @param recipients what the queue wrote; opaque to the store, guarded by a checksum
 */
@SuppressWarnings("ArrayRecordComponent") // equality is spelled out below
public record RecipientBatch(
    BatchKey key,
    BatchState state,
    @Nullable Instant due,
    String hop,
    String sender,
    String reason,
    byte[] recipients) {
  /** Checks that exactly the states that wait for a time have one. */
  public RecipientBatch {
    if (state.isTimed() != (due != null)) {
      throw new IllegalArgumentException("state " + state + " with due " + due);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RecipientBatch s
        && key.equals(s.key)
        && state == s.state
        && java.util.Objects.equals(due, s.due)
        && hop.equals(s.hop)
        && sender.equals(s.sender)
        && reason.equals(s.reason)
        && Arrays.equals(recipients, s.recipients);
  }

  @Override
  public int hashCode() {
    return key.hashCode();
  }

  @Override
  public String toString() {
    return key + " " + state + " " + hop;
  }
}
