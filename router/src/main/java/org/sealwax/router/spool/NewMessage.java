package org.sealwax.router.spool;

import java.time.Instant;
import java.util.List;

/**
 * A message as it enters the store.
 *
 * @param draft its content, written to its end; the identifier is the draft's
 * @param arrived when it was accepted
 * @param envelope what the queue wrote; opaque to the store, guarded by a checksum
 * @param batches at least one
 */
@SuppressWarnings("ArrayRecordComponent") // written once, never compared
public record NewMessage(
    Draft draft, Instant arrived, byte[] envelope, List<RecipientBatch> batches) {
  /** Copies the list. */
  public NewMessage {
    batches = List.copyOf(batches);
    if (batches.isEmpty()) {
      throw new IllegalArgumentException("no batches");
    }
  }

  /** The identifier. */
  public QueueId id() {
    return draft.id();
  }

  /** Whether the content is in a file of its own. */
  boolean hasFile() {
    return draft.small() == null;
  }
}
