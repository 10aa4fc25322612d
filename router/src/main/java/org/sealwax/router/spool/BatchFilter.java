package org.sealwax.router.spool;

import java.util.Optional;

/**
 * The filter of batches in a view; empty fields do not restrict.
 *
 * @param message of this message
 * @param state in this state
 * @param reason waiting for this reason
 * @param sender with exactly this reverse-path (compared without case); empty text is the null path
 * @param contains whose recipients' record contains this text (a prefilter; the queue checks again)
 */
public record BatchFilter(
    Optional<QueueId> message,
    Optional<BatchState> state,
    Optional<String> reason,
    Optional<String> sender,
    Optional<String> contains) {
  /** Every batch. */
  public static final BatchFilter ALL =
      new BatchFilter(
          Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
}
