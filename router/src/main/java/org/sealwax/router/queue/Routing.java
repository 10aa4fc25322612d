package org.sealwax.router.queue;

/** Says toward which next hop a target goes, by the configuration in force now. */
@FunctionalInterface
public interface Routing {
  /** The next hop; never fails: what no row covers goes by MX. */
  NextHop nextHopFor(DeliveryTarget target);
}
