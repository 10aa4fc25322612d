package org.sealwax.router.spool;

import java.time.Instant;

/**
 * A due batch without its content: small enough to hold a window of them.
 *
 * @param key identifies it
 * @param state QUEUED or DEFERRED
 * @param due when it was due
 * @param hop the next hop's key as stored
 * @param sender the reverse-path's text
 */
public record DueBatch(BatchKey key, BatchState state, Instant due, String hop, String sender) {}
