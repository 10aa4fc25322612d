package org.sealwax.router.queue;

import java.util.List;
import org.sealwax.mail.address.Mailbox;

/** Resolves a target to its next hop, by the configuration in force now. */
@FunctionalInterface
public interface Routing {
  /** The next hop; never fails: what no row covers goes by MX. */
  NextHop nextHopFor(DeliveryTarget target);

  /**
   * Where our own messages to an address go: to the targets of an alias of this host, whose MX
   * would lead back here; any other address is its own target. Never empty; asks no other server.
   */
  default List<DeliveryTarget> targetsOf(Mailbox mailbox) {
    return List.of(new DeliveryTarget.Remote(mailbox));
  }
}
