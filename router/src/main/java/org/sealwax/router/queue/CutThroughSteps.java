package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.StepApplier.PreparedStep;
import org.sealwax.router.queue.TraceEntry.RecipientEvent;
import org.sealwax.router.queue.TraceEntry.RecipientTrace;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;

/**
 * Writes the result of a provisional message. What makes it ours (queued) is on stable storage on
 * return; where nothing of it stays (delivered, refused), a commit is enough: after a power failure
 * the start drops it as well.
 */
final class CutThroughSteps {
  private final Queue queue;

  CutThroughSteps(Queue queue) {
    this.queue = queue;
  }

  private void acknowledge(Runnable acknowledged) {
    queue.state.acknowledged();
    acknowledged.run();
  }

  /** The next hop has it: provisional becomes delivered. */
  void delivered(LoadedBatch loaded, Outcome.Delivered outcome, Runnable acknowledged)
      throws IOException {
    PreparedStep step = step(loaded, outcome);
    Set<QueueId> gone = new CopyOnWriteArraySet<>();
    queue.spool.commit(step.change(), gone::addAll);
    acknowledge(acknowledged);
    step.report().run();
    step.stored().settled(gone);
  }

  private PreparedStep step(LoadedBatch loaded, Outcome outcome) throws IOException {
    long key = loaded.group().recipients().getFirst().key();
    return queue.steps.prepare(
        loaded, new QueueStep.Event.RoundEnded(Map.of(key, outcome)), List.of());
  }

  /**
   * It waits for its next round, or for an admin: provisional becomes queued.
   *
   * @param outcome of its first round; null when it was not tried
   */
  void queued(LoadedBatch loaded, @Nullable Outcome outcome, Runnable acknowledged)
      throws IOException {
    if (outcome == null) {
      put(loaded, BatchState.QUEUED, queue.clock.now());
      acknowledge(acknowledged);
      queue.state.letGo(loaded.key());
      queue.state.signal();
      return;
    }
    PreparedStep step = step(loaded, outcome);
    queue.spool.commitSynced(step.change());
    acknowledge(acknowledged);
    step.report().run();
    step.stored().settled(Set.of());
  }

  /** Its delivery goes on, now as a round of the queue. */
  void queuedInFlight(LoadedBatch loaded, Runnable acknowledged) throws SpoolException {
    put(loaded, BatchState.FRESH, null);
    acknowledge(acknowledged);
  }

  private void put(LoadedBatch loaded, BatchState state, @Nullable Instant due)
      throws SpoolException {
    RecipientBatch batch = loaded.group().stored(loaded.id(), state, due, loaded.hop(), "");
    queue.spool.commitSynced(
        new SpoolChange(List.of(), List.of(batch), List.of(), List.of(), List.of()));
  }

  /** Its client gets a 550: provisional becomes deleted. */
  void refused(LoadedBatch loaded, CutThroughDecision.Refused refused) throws SpoolException {
    Recipient recipient = loaded.group().recipients().getFirst();
    String to = recipient.target().toString();
    FailureCause cause = refused.cause();
    Reply reply = cause.reply();
    String host = cause.host();
    RecipientTrace line =
        new RecipientTrace(
            to,
            RecipientEvent.REFUSED,
            refused.refusal().word(),
            refused.status().toString(),
            cause.text(),
            host == null ? "" : host,
            "",
            reply == null ? "" : reply.toString());
    BatchKey key = loaded.key();
    queue.spool.commit(
        new SpoolChange(
            List.of(key),
            List.of(),
            List.of(),
            List.of(),
            List.of(queue.steps.entry(loaded, List.of(line), List.of(), 1, queue.clock.now()))),
        gone -> {});
    queue.state.letGo(key);
    if (reply != null) {
      queue.log.refusedByHost(refused.refusal().word());
      queue.refusals.add(recipient, loaded.envelope().sender(), host, reply);
      if (recipient.forwarded()) {
        queue.replies.refused(recipient, reply);
      }
    }
  }

  /** Nothing of it stays; the caller does not wait for that. */
  void removed(LoadedBatch loaded) {
    BatchKey key = loaded.key();
    try {
      queue.spool.change(
          new SpoolChange(List.of(key), List.of(), List.of(), List.of(), List.of()),
          gone -> queue.state.letGo(key));
    } catch (IllegalStateException e) {
      // The spool is closed: the next start drops it.
    }
  }

  /** Its client was gone when the next hop took it. */
  void deliveredAfterDrop(LoadedBatch loaded, Outcome.Delivered outcome) {
    try {
      PreparedStep step = step(loaded, outcome);
      step.report().run();
      queue.spool.change(
          new SpoolChange(
              List.of(), List.of(), List.of(), List.of(), new ArrayList<>(step.change().trace())),
          gone -> {});
    } catch (IOException | IllegalStateException e) {
      queue.log.note("queue", loaded.id() + " was delivered after its client had disconnected");
    }
  }
}
