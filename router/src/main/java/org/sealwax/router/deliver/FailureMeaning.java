package org.sealwax.router.deliver;

import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;

/**
 * The meaning of a failure.
 *
 * @param action what to do
 * @param cause for queue, log and DSN
 */
record FailureMeaning(FailureAction action, FailureCause cause) {
  /** The action after a failure. */
  enum FailureAction {
    /** Give up, by a named cause. */
    REFUSE,
    /** Try again later. */
    DEFER,
    /** Try the next host now, and later again if there is none. */
    NEXT_HOST
  }

  /** The outcome when nothing more is tried in this round. */
  Outcome outcome() {
    return switch (action) {
      case REFUSE -> new Outcome.Refused(cause);
      case DEFER, NEXT_HOST -> new Outcome.Deferred(cause);
    };
  }
}
