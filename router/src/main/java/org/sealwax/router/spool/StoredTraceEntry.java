package org.sealwax.router.spool;

import java.time.Instant;

/**
 * One entry of a message's trace; kept for some time after the message is gone.
 *
 * @param message the message
 * @param order rising within the message; two entries with equal order are one
 * @param at when
 * @param facts what the queue wrote; opaque to the store
 */
@SuppressWarnings("ArrayRecordComponent") // written once, never compared
public record StoredTraceEntry(QueueId message, long order, Instant at, byte[] facts) {}
