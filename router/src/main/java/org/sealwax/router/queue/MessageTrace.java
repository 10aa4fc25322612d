package org.sealwax.router.queue;

import java.util.List;
import java.util.Optional;
import org.sealwax.router.spool.QueueId;

/**
 * One message's way through this router, as far as it is remembered.
 *
 * @param id the message
 * @param arrival how it came in, when that is still known
 * @param entries what happened, in order
 * @param waiting recipients that are still here
 */
public record MessageTrace(
    QueueId id,
    Optional<TraceEntry.MessageArrival> arrival,
    List<TraceEntry> entries,
    List<QueueRow> waiting) {
  /** Copies. */
  public MessageTrace {
    entries = List.copyOf(entries);
    waiting = List.copyOf(waiting);
  }

  /** Whether nothing at all is known of the message. */
  public boolean isUnknown() {
    return arrival.isEmpty() && entries.isEmpty() && waiting.isEmpty();
  }
}
