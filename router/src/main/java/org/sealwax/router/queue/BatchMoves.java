package org.sealwax.router.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchMove;
import org.sealwax.router.spool.BatchState;

/**
 * Batches that found no place in memory or lost it, and go back to the store.
 *
 * @param list with the time and state of each
 * @param crowded next hops that had no place for some of them: during the move these batches are in
 *     hand, a query by next hop finds nothing new, and concludes that the store has no more. So it
 *     is reported again afterwards, or they would wait {@link #RETRY_WHEN_FULL} next to an idle
 *     next hop.
 */
record BatchMoves(List<BatchMove> list, Set<String> crowded) {
  /** When a batch that found no place looks again, if it is not fetched before. */
  static final Duration RETRY_WHEN_FULL = Duration.ofMinutes(10);

  static final BatchMoves NONE = new BatchMoves(List.of(), Set.of());

  BatchMoves() {
    this(new ArrayList<>(0), new HashSet<>(0));
  }

  /** It waits until then. */
  void queued(BatchKey key, Instant due) {
    list.add(new BatchMove(key, BatchState.QUEUED, due, null));
  }

  /** There was no place for it. */
  void crowded(BatchKey key, String hop, Instant now, RandomSource random) {
    queued(key, now.plus(RETRY_WHEN_FULL).plusMillis(random.below(60_000)));
    crowded.add(hop);
  }

  /**
   * It waits for the end of a pause.
   *
   * @param chance from 0.0 to 1.0, for its place within the spread; 0 for the first
   */
  void paused(BatchKey key, Admission.Paused pause, double chance) {
    list.add(new BatchMove(key, BatchState.QUEUED, pause.due(chance), pause.cause().reason()));
  }
}
