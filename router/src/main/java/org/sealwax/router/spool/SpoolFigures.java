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
 * @param longestSync the longest of them
 * @param failures batches that failed
 * @param setAside records found damaged and set aside
 * @param backlog jobs that wait for the writer now
 */
public record SpoolFigures(
    long accepted,
    long changes,
    long batches,
    long syncs,
    Duration syncTime,
    Duration longestSync,
    long failures,
    long setAside,
    int backlog) {}
