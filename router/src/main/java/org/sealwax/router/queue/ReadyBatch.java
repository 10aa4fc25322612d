package org.sealwax.router.queue;

import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;

/** A batch that waits for a slot. */
public final class ReadyBatch {
  final BatchKey key;
  final String hop;
  final String sender;
  final BatchState state;
  @Nullable LoadedBatch loaded;

  /**
   * A batch.
   *
   * @param sender the reverse-path's text; empty for the null sender
   * @param state FRESH when it was accepted just now, else where it stood in the store
   */
  public ReadyBatch(BatchKey key, String hop, String sender, BatchState state) {
    this.key = key;
    this.hop = hop;
    this.sender = sender;
    this.state = state;
  }

  /** Identifies it. */
  public BatchKey key() {
    return key;
  }

  /** The key of its next hop. */
  public String hop() {
    return hop;
  }

  boolean hasNullSender() {
    return sender.isEmpty();
  }
}
