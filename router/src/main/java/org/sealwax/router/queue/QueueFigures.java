package org.sealwax.router.queue;

/**
 * Counters of the queue since its start, for metrics.
 *
 * @param accepted messages taken in
 * @param rounds begun
 * @param running rounds now
 * @param ready batches in line in memory
 * @param inMemory batches in memory in all
 * @param fresh batches accepted and not yet through their first round
 * @param deadSites next hops left alone now
 */
public record QueueFigures(
    long accepted, long rounds, int running, int ready, int inMemory, int fresh, int deadSites) {}
