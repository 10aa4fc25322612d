package org.sealwax.router.spool;

import java.time.Instant;

/**
 * A stored message without its content.
 *
 * @param id identifies it
 * @param arrived when it was accepted
 * @param size of the content in bytes
 * @param envelope what the queue wrote
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
public record StoredMessage(QueueId id, Instant arrived, long size, byte[] envelope) {}
