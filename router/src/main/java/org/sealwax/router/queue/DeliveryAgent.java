package org.sealwax.router.queue;

import java.util.Map;

/**
 * The agent that delivers mail of the queue; implemented by {@code
 * router.deliver.SmtpDeliveryAgent}. Thread-safe.
 */
public interface DeliveryAgent {
  /**
   * One round: tries the hosts of the next hop for the recipients. Blocks; runs in a virtual thread
   * of its own. Every recipient's key gets exactly one outcome; a missing one, or an exception, is
   * taken as deferred for an unknown reason.
   */
  Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException;
}
