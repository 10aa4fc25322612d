package org.sealwax.spool;

import java.util.Set;

/** Told once when a change has been committed. Must be quick: it runs in the store's own thread. */
@FunctionalInterface
public interface Settled {
  /**
   * The change is in the store.
   *
   * @param gone messages of which nothing is left
   */
  void settled(Set<QueueId> gone);
}
