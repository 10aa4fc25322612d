package org.sealwax.assess;

import java.net.InetAddress;

/** Delays a visit until a slot is free. */
public interface VisitLimiter {
  /** Waits for a slot for an address; closed when the visit is over. */
  VisitPermit enter(InetAddress address) throws InterruptedException;

  /** Always open. */
  static VisitLimiter open() {
    return address -> () -> {};
  }

  /** The right to visit an address. */
  interface VisitPermit extends AutoCloseable {
    @Override
    void close();
  }
}
