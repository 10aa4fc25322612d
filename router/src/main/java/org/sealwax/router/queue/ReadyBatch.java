package org.sealwax.router.queue;

import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;

/**
 * A batch that waits for a slot.
 *
 * @param hop the key of its next hop
 * @param sender the reverse-path's text; empty for the null sender
 * @param state FRESH when it was accepted just now, else where it stood in the store
 * @param loaded what its first round needs, or null when that is read from the store
 */
public record ReadyBatch(
    BatchKey key, String hop, String sender, BatchState state, @Nullable LoadedBatch loaded) {
  /** A batch whose round reads the store. */
  public ReadyBatch(BatchKey key, String hop, String sender, BatchState state) {
    this(key, hop, sender, state, null);
  }

  boolean hasNullSender() {
    return sender.isEmpty();
  }
}
