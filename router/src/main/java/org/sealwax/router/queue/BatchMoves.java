package org.sealwax.router.queue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.router.spool.BatchMove;

/**
 * Batches that found no place in memory or lost it, and go back to the store.
 *
 * @param list with the time and state of each
 * @param crowded next hops that had no place for some of them: while the move is under way these
 *     batches are in hand, a query by next hop finds nothing new, and concludes that the store has
 *     no more. So it is reported again afterwards, or they would wait {@link
 *     Scheduler#RETRY_WHEN_FULL} next to an idle next hop.
 */
record BatchMoves(List<BatchMove> list, Set<String> crowded) {
  static final BatchMoves NONE = new BatchMoves(List.of(), Set.of());

  BatchMoves() {
    this(new ArrayList<>(0), new HashSet<>(0));
  }

  void add(BatchMove move) {
    list.add(move);
  }
}
