package org.sealwax.router.spool;

import java.time.Instant;

/**
 * A share whose time has come, without its content: little enough to hold a window of them.
 *
 * @param key identifies it
 * @param state QUEUED or DEFERRED
 * @param due when it was due
 * @param hop the next hop's key as stored
 * @param sender the reverse-path's text
 */
public record DueBatch(BatchKey key, BatchState state, Instant due, String hop, String sender) {}
