package org.sealwax.router.spool;

import java.util.Set;

/**
 * A listener that is called once when a change has been committed. Must be quick: it runs in the
 * store's own thread.
 */
@FunctionalInterface
public interface CommitListener {
  /**
   * The change is in the store.
   *
   * @param gone messages of which nothing is left
   */
  void settled(Set<QueueId> gone);

  /**
   * The change could not be stored, by a fault that is not the disk's. The batches in it are held
   * instead, with the reason {@link #NOT_STORED}.
   */
  default void heldInstead() {}

  /** Reason of batches that are held because a change of them could not be stored. */
  String NOT_STORED = "change-not-stored";

  /** The same, and what follows when the batches are held instead. */
  default CommitListener orHeld(Runnable then) {
    CommitListener done = this;
    return new CommitListener() {
      @Override
      public void settled(Set<QueueId> gone) {
        done.settled(gone);
      }

      @Override
      public void heldInstead() {
        then.run();
      }
    };
  }
}
