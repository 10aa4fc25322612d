package org.sealwax.assess;

import java.net.InetAddress;

/** Holds a visit back until its turn. */
public interface VisitLimiter {
  /** Waits for the turn of an address; closed when the visit is over. */
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
