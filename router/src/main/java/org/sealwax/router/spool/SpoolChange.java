package org.sealwax.router.spool;

import java.util.List;

/**
 * What one step of the queue does to the store, all or nothing. A message whose last share is
 * removed is removed with its content. Applying a change twice is the same as applying it once.
 *
 * @param removed shares that are done
 * @param put shares with new content, replacing those with the same key
 * @param moved shares that only wait otherwise
 * @param accepted new messages of our own (notifications)
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
