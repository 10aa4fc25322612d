package org.sealwax.router.queue;

/**
 * One recipient of a consignment.
 *
 * @param key identifies it within the queue
 * @param target where it goes
 * @param wish DSN parameters to pass on
 */
public record Addressee(long key, Target target, DsnWish wish) {}
