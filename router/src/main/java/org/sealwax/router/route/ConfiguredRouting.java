package org.sealwax.router.route;

import java.util.List;
import java.util.function.Supplier;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Routing;

/**
 * The routes and aliases of the configuration in force.
 *
 * @param routes in force now
 * @param directory in force now
 */
public record ConfiguredRouting(
    Supplier<TransportTable> routes, Supplier<? extends RecipientDirectory> directory)
    implements Routing {
  @Override
  public NextHop nextHopFor(DeliveryTarget target) {
    return routes.get().nextHopFor(target);
  }

  @Override
  public List<DeliveryTarget> targetsOf(Mailbox mailbox) {
    return directory.get().targetsOf(mailbox);
  }
}
