package org.sealwax.router.queue;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.DueBatch;

/**
 * Batches that lost their place in memory, and go back to the store.
 *
 * @param batches those
 * @param pause until when, and why; null exactly when there are none
 * @param probe which of them is to come first, or null
 */
public record ReturnedBatches(
    List<DueBatch> batches, Admission.@Nullable Paused pause, @Nullable BatchKey probe) {
  static final ReturnedBatches NONE = new ReturnedBatches(List.of(), null, null);

  static ReturnedBatches of(
      List<DueBatch> batches, Admission.@Nullable Paused pause, @Nullable BatchKey probe) {
    return batches.isEmpty() ? NONE : new ReturnedBatches(batches, pause, probe);
  }
}
