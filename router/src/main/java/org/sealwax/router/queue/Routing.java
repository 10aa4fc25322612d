package org.sealwax.router.queue;

/** Resolves a target to its next hop, by the configuration in force now. */
@FunctionalInterface
public interface Routing {
  /** The next hop; never fails: what no row covers goes by MX. */
  NextHop nextHopFor(DeliveryTarget target);
}
