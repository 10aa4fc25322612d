package org.sealwax.router.spool;

import java.util.List;

/**
 * One atomic change of the store by a step of the queue. A message whose last batch is removed is
 * removed with its content. Applying a change twice is the same as applying it once.
 *
 * @param removed batches that are done
 * @param put batches with new content, replacing those with the same key
 * @param moved batches whose state and time change alone
 * @param accepted our own new messages (notifications)
 * @param trace what is remembered
 */
public record SpoolChange(
    List<BatchKey> removed,
    List<RecipientBatch> put,
    List<BatchMove> moved,
    List<NewMessage> accepted,
    List<StoredTraceEntry> trace) {
  /** Copies. */
  public SpoolChange {
    removed = List.copyOf(removed);
    put = List.copyOf(put);
    moved = List.copyOf(moved);
    accepted = List.copyOf(accepted);
    trace = List.copyOf(trace);
  }

  /** Only moves. */
  public static SpoolChange moves(List<BatchMove> moved) {
    return new SpoolChange(List.of(), List.of(), moved, List.of(), List.of());
  }
}
