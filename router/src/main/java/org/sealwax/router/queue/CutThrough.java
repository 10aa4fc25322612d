package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Duration;
import org.sealwax.mail.smtp.EnhancedStatus;

/**
 * A message that is delivered while its client waits for our reply. It is stored as provisional;
 * nothing was acknowledged yet. Owned by the thread of the session, which calls {@link #end} or
 * {@link #drop} once.
 */
public interface CutThrough {
  /** What to reply to the client. */
  sealed interface Result {
    /** 250: the next hop has the message, or the queue. */
    record Accepted() implements Result {}

    /**
     * 550: the next hop refused the message or its recipient, and we do not have it any more.
     *
     * @param status the next hop's own, or the one of the class of its refusal
     * @param text our sentence
     */
    record Refused(EnhancedStatus status, String text) implements Result {}
  }

  /**
   * Waits until the delivery has ended.
   *
   * @return false when that takes longer than {@code atMost}
   */
  boolean await(Duration atMost) throws InterruptedException;

  /**
   * Commits what follows from the delivery; from a delivery that has not ended follows that the
   * message is in the queue, and that the delivery goes on as its first round.
   *
   * @param acknowledged called right after the commit when the client will get a 250
   * @throws IOException when it is not known to be committed: the client must try again
   */
  Result end(Runnable acknowledged) throws IOException;

  /**
   * The client is gone: the message is dropped. A delivery whose end of data was sent goes on and
   * may reach the recipient, any other ends before that.
   */
  void drop();
}
