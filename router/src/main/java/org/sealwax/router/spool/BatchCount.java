package org.sealwax.router.spool;

import java.time.Instant;

/**
 * The number of batches that wait for one reason.
 *
 * @param state where they stand
 * @param reason the queue's word, empty when never tried
 * @param batches how many
 * @param oldest arrival of the oldest message among them
 */
public record BatchCount(BatchState state, String reason, long batches, Instant oldest) {}
