package org.sealwax.router.queue;

/**
 * One recipient of a consignment.
 *
 * @param key identifies it within the queue
 * @param target where it goes
 * @param dsn DSN parameters to pass on
 */
public record ConsignmentRecipient(long key, DeliveryTarget target, DsnRequest dsn) {}
