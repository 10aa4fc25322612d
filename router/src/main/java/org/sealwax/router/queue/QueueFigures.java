package org.sealwax.router.queue;

/**
 * Counters of the queue since its start, for metrics.
 *
 * @param accepted messages taken in
 * @param delivered recipients delivered
 * @param deferred recipients deferred, once for each round
 * @param bounced recipients given up
 * @param held recipients that are held
 * @param notified notifications queued
 * @param rounds begun
 * @param running rounds now
 * @param ready batches in line in memory
 * @param inMemory batches in memory in all
 * @param fresh batches accepted and not yet through their first round
 * @param loadedBytes contents in memory
 * @param nextHops known now
 * @param deadSites left alone now
 */
public record QueueFigures(
    long accepted,
    long delivered,
    long deferred,
    long bounced,
    long held,
    long notified,
    long rounds,
    int running,
    int ready,
    int inMemory,
    int fresh,
    long loadedBytes,
    int nextHops,
    int deadSites) {}
