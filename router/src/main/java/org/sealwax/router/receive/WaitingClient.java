package org.sealwax.router.receive;

import java.io.IOException;
import java.time.Duration;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.CommandHandler.WaitingSession;
import org.sealwax.router.queue.CutThrough;

/**
 * A client that waits for the reply to its message while the message is delivered.
 *
 * @param ended when the end of data came, by the clock's measured time
 */
record WaitingClient(WaitingSession session, Clock clock, long ended) {
  /**
   * Since the end of data, with the checks, the filters and connecting. RFC 5321 4.5.3.2.6 gives 10
   * minutes; many clients wait for less.
   */
  static final Duration MOST = Duration.ofSeconds(60);

  /** Time between two looks at whether the client is still there. */
  private static final Duration LOOK = Duration.ofMillis(500);

  private Duration left() {
    return MOST.minusNanos(clock.nanoTime() - ended);
  }

  /** Whether the wait is over before it began. */
  boolean isOver() {
    return !left().isPositive();
  }

  /**
   * Waits for the delivery, and ends it.
   *
   * @param accepted the reply when the message is delivered or queued
   * @param acknowledged is run before that reply
   * @throws IOException when it is not known to be stored what follows
   */
  Reply reply(CutThrough delivery, Reply accepted, Runnable acknowledged) throws IOException {
    boolean ends = false;
    boolean looked = false;
    try {
      while (!ends) {
        Duration left = left();
        ends =
            delivery.await(left.compareTo(LOOK) < 0 ? left : LOOK)
                || isOver()
                || session.isEnding();
        if (looked || !ends) {
          looked = true;
          if (session.isClientGone()) {
            delivery.drop();
            return Reply.of("451 4.4.2 the connection was lost before the reply");
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return switch (delivery.end(acknowledged)) {
      case CutThrough.Result.Accepted _ -> accepted;
      case CutThrough.Result.Refused(var status, var text) ->
          Reply.of("550 " + status + " " + text);
    };
  }
}
