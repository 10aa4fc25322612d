package org.sealwax.router.spool;

import java.time.Duration;

/**
 * Counters of the store since it was opened.
 *
 * @param accepted messages committed
 * @param changes changes committed
 * @param batches transactions
 * @param syncs transactions that waited for the disk
 * @param syncTime spent in those
 * @param failures transactions that failed
 */
public record SpoolFigures(
    long accepted, long changes, long batches, long syncs, Duration syncTime, long failures) {}
