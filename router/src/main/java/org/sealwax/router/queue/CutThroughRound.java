package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog.CutThroughEnd;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.spool.SpoolException;

/**
 * The meeting of a round of delivery and of the session that waits for it. The round ends once, and
 * the session ends the wait once; who comes second learns which was first. Each has a thread of its
 * own.
 *
 * <p>Invariants: only one of them writes what follows from the outcome. A message that was handed
 * to the queue is stored as queued before the round's outcome is written, and before the client
 * gets its 250. A message that was dropped is never sent to its end.
 */
final class CutThroughRound implements CutThrough {
  private enum Stage {
    /** The round is in progress, and the session waits. */
    IN_PROGRESS,
    /** The round ended; the session writes what follows. */
    ENDED,
    /** The session hands the message to the queue. */
    HANDING_OVER,
    /** The queue has the message: the round writes what follows, like any other. */
    QUEUED,
    /** The message is dropped: nothing follows from the outcome. */
    DROPPED
  }

  private static final Clock SYSTEM = Clock.system();

  private final Queue queue;
  private final CutThroughSteps steps;
  private final LoadedBatch loaded;
  private final RunningRound round;
  private Stage stage = Stage.IN_PROGRESS;
  private @Nullable Outcome outcome;
  private boolean endOfDataSent;

  CutThroughRound(Queue queue, LoadedBatch loaded, RunningRound round) {
    this.queue = queue;
    this.steps = new CutThroughSteps(queue);
    this.loaded = loaded;
    this.round = round;
  }

  RunningRound round() {
    return round;
  }

  LoadedBatch loaded() {
    return loaded;
  }

  private Recipient recipient() {
    return loaded.group().recipients().getFirst();
  }

  // The round's side.

  /** Whether the end of data may be sent; from then on the delivery is not given up. */
  synchronized boolean mayEndData() {
    if (stage == Stage.DROPPED) {
      return false;
    }
    endOfDataSent = true;
    return true;
  }

  /**
   * The round ended.
   *
   * @param outcomes empty when it was not tried or nothing is known
   * @return whether nothing is left to do for the round; else it writes what follows
   */
  synchronized boolean ended(Map<Long, Outcome> outcomes) {
    awaitHandOver();
    return switch (stage) {
      case IN_PROGRESS -> {
        outcome = outcomes.get(recipient().key());
        stage = Stage.ENDED;
        notifyAll();
        yield true;
      }
      case QUEUED -> false;
      case DROPPED -> {
        if (outcomes.get(recipient().key()) instanceof Outcome.Delivered late) {
          steps.deliveredAfterDrop(loaded, late);
        }
        yield true;
      }
      case ENDED, HANDING_OVER -> throw new IllegalStateException("a round ended twice");
    };
  }

  /** One commit, or its failure: also when interrupted, as it must be known who writes. */
  private synchronized void awaitHandOver() {
    boolean interrupted = false;
    while (stage == Stage.HANDING_OVER) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // The session's side.

  @Override
  public synchronized boolean await(Duration atMost) throws InterruptedException {
    long end = SYSTEM.nanoTime() + atMost.toNanos();
    while (stage == Stage.IN_PROGRESS) {
      long left = end - SYSTEM.nanoTime();
      if (left <= 0) {
        return false;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return true;
  }

  private synchronized void become(Stage next) {
    stage = next;
    notifyAll();
  }

  /** Whether the round has ended; else the message is to be handed over to the queue. */
  private synchronized boolean isOver() {
    if (stage == Stage.IN_PROGRESS) {
      stage = Stage.HANDING_OVER;
    }
    return stage == Stage.ENDED;
  }

  @Override
  public Result end(Runnable acknowledged) throws IOException {
    try {
      if (!isOver()) {
        steps.queuedInFlight(loaded, acknowledged);
        queue.state.joinsQueue(round);
        become(Stage.QUEUED);
        report(CutThroughEnd.QUEUED, "in flight");
        return new Result.Accepted();
      }
      CutThroughDecision decision = CutThroughDecision.of(outcome);
      return switch (decision) {
        case CutThroughDecision.Delivered(Outcome.Delivered d) -> {
          steps.delivered(loaded, d, acknowledged);
          report(CutThroughEnd.DELIVERED, "");
          yield new Result.Accepted();
        }
        case CutThroughDecision.Queued(Outcome tried) -> {
          steps.queued(loaded, tried, acknowledged);
          report(CutThroughEnd.QUEUED, tried == null ? "not tried" : "deferred or held");
          yield new Result.Accepted();
        }
        case CutThroughDecision.Refused refused -> {
          steps.refused(loaded, refused);
          report(
              CutThroughEnd.REFUSED,
              refused.status() + " " + refused.text() + ": " + refused.cause().text());
          yield new Result.Refused(refused.status(), refused.text());
        }
      };
    } catch (SpoolException e) {
      discard();
      throw e;
    }
  }

  @Override
  public void drop() {
    boolean isSent;
    Outcome late;
    synchronized (this) {
      isSent = endOfDataSent;
      late = outcome;
    }
    discard();
    if (late instanceof Outcome.Delivered delivered) {
      steps.deliveredAfterDrop(loaded, delivered);
    }
    report(
        CutThroughEnd.DROPPED,
        "the client disconnected " + (isSent ? "after" : "before") + " the end of data was sent");
  }

  /** The client keeps the message, so it must not stay here; also when the store failed. */
  private void discard() {
    become(Stage.DROPPED);
    steps.removed(loaded);
  }

  private void report(CutThroughEnd end, String detail) {
    queue.log.cutThrough(loaded.id().text(), recipient().target().toString(), end, detail);
  }
}
