package org.sealwax.router.deliver;

import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.Outcome;

/**
 * What a failure means.
 *
 * @param course what to do
 * @param cause for queue, log and DSN
 */
record Meaning(Course course, Cause cause) {
  /** What to do. */
  enum Course {
    /** Give up, by a named cause. */
    REFUSE,
    /** Try again later. */
    DEFER,
    /** Try the next host now, and later again if there is none. */
    NEXT_HOST
  }

  /** The outcome when nothing more is tried in this round. */
  Outcome outcome() {
    return switch (course) {
      case REFUSE -> new Outcome.Refused(cause);
      case DEFER, NEXT_HOST -> new Outcome.Deferred(cause);
    };
  }
}
