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
 * @param journey what is remembered
 */
public record Change(
    List<ShareKey> removed,
    List<Share> put,
    List<Move> moved,
    List<NewMessage> accepted,
    List<JourneyEntry> journey) {
  /** Copies. */
  public Change {
    removed = List.copyOf(removed);
    put = List.copyOf(put);
    moved = List.copyOf(moved);
    accepted = List.copyOf(accepted);
    journey = List.copyOf(journey);
  }

  /** Only moves. */
  public static Change moves(List<Move> moved) {
    return new Change(List.of(), List.of(), moved, List.of(), List.of());
  }
}
