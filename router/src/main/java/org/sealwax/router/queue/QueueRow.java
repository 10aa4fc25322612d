package org.sealwax.router.queue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;

/**
 * One recipient as the queue lists it.
 *
 * @param id the message
 * @param arrived when
 * @param size bytes of content
 * @param sender reverse-path, empty for the null path
 * @param recipient where it goes
 * @param original the address in the client's RCPT
 * @param nextHop key of the next hop
 * @param state where it stands; what is in its first round is FRESH
 * @param due when it is tried, or null
 * @param rounds done so far
 * @param last why it waits, or null when it was never tried
 */
public record QueueRow(
    QueueId id,
    Instant arrived,
    long size,
    String sender,
    String recipient,
    String original,
    String nextHop,
    BatchState state,
    @Nullable Instant due,
    int rounds,
    @Nullable FailureCause last) {}
