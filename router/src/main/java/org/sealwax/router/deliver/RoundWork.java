package org.sealwax.router.deliver;

import org.sealwax.router.deliver.HostOrder.Tried;
import org.sealwax.router.queue.FailureCause;

/** The work of a round on its connections: to carry a consignment, or to verify a recipient. */
interface RoundWork {
  /** The result of one connection. */
  enum ConnectionResult {
    /** All is done that could be done here; the connection may be used again. */
    REUSABLE,
    /** All is done that could be done here; the connection is of no more use. */
    CLOSED,
    /** Another address or host may do better. */
    NEXT_HOST,
    /** The host refused our IPv6 address, and has an IPv4 address too. */
    OVER_IPV4,
    /** The connection has had its share of transactions; there is more to do at this host. */
    MORE,
    /** The connection, used before, was closed; nothing was sent that matters. */
    STALE
  }

  /** Without connections: nothing is sent, and what stands in the way is in the preview itself. */
  RoundWork NONE =
      new RoundWork() {
        @Override
        public ConnectionResult runOn(HostConnection connection) {
          throw new IllegalStateException("a probe sends no message");
        }

        @Override
        public boolean isDone() {
          return false;
        }

        @Override
        public void hostSkipped(FailureCause cause) {}

        @Override
        public void noHosts(FailureMeaning meaning) {}
      };

  /**
   * Does what can be done with {@code connection}, for which the policy decided to proceed; the
   * round then keeps it or ends it.
   */
  ConnectionResult runOn(HostConnection connection);

  /** Whether nothing is left to do. */
  boolean isDone();

  /** Whether anything is left that a cleartext fallback may carry. */
  default boolean mayUsePlaintext() {
    return true;
  }

  /** What earlier deliveries of the same mail have tried without success. */
  default Tried triedBefore() {
    return Tried.NOTHING;
  }

  /** What has been tried after this one; called once, at its end. */
  default void tried(HostOrder order) {}

  /** The round comes to a host of this preference. */
  default void reachedPreference(int preference) {}

  /** Whether hosts are left for another round, when this one is through with its own. */
  default void hostsLeft(boolean left) {}

  /** A host could not be used. */
  void hostSkipped(FailureCause cause);

  /** There is no host to go to. */
  void noHosts(FailureMeaning meaning);
}
