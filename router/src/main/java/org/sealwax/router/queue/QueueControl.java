package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchMove;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.StoredMessage;

/**
 * The operations of the admin on the queue. Thread-safe. Each order works through the store page by
 * page and returns when the store has committed it, so that the next order finds what this one
 * left; an order about a batch whose round is running is carried out when that round has ended.
 */
public final class QueueControl {
  /** How long an order waits for the store; a commit takes milliseconds, a reopening a second. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Queue queue;
  private final Spool spool;

  /** Orders to a queue. */
  public QueueControl(Queue queue) {
    this.queue = queue;
    this.spool = queue.spool;
  }

  /**
   * The result of an operation.
   *
   * @param recipients that it was carried out on
   * @param later recipients in a running round, on which it will be carried out afterwards
   * @param skipped recipients that the filter meant and the order does not apply to
   */
  public record OperationResult(int recipients, int later, int skipped) {}

  private enum Order {
    HOLD,
    RELEASE,
    RETRY,
    BOUNCE,
    DELETE
  }

  /** Holds recipients, whatever they waited for before. */
  public OperationResult hold(QueueFilter filter) throws IOException {
    return order(filter, Order.HOLD);
  }

  /** Lets held recipients go on at once. */
  public OperationResult release(QueueFilter filter) throws IOException {
    return order(filter, Order.RELEASE);
  }

  /** Tries waiting recipients at once, also where the next hop was found dead. */
  public OperationResult retry(QueueFilter filter) throws IOException {
    return order(filter, Order.RETRY);
  }

  /** Gives recipients up with a notification to the sender. */
  public OperationResult bounce(QueueFilter filter) throws IOException {
    return order(filter, Order.BOUNCE);
  }

  /** Deletes recipients without a notification to the sender. */
  public OperationResult delete(QueueFilter filter) throws IOException {
    return order(filter, Order.DELETE);
  }

  private OperationResult order(QueueFilter filter, Order order) throws IOException {
    int done = 0;
    int later = 0;
    int skipped = 0;
    BatchKey at = null;
    boolean more = true;
    while (more) {
      List<BatchKey> damaged = new ArrayList<>();
      List<RecipientBatch> batches =
          spool.list(filter.forStore(), at, QueueView.READ, damaged::add);
      more = batches.size() + damaged.size() >= QueueView.READ;
      for (BatchKey key : damaged) {
        spool.setAside(key, "the record of the recipients is damaged");
      }
      List<RecipientBatch> inHand = new ArrayList<>();
      for (RecipientBatch batch : batches) {
        at = batch.key();
        int meant = meant(batch, filter);
        if (meant == 0) {
          continue;
        }
        if (!applies(order, batch.state())) {
          skipped += meant;
        } else if (queue.state.take(batch, null)) {
          done += carryOut(batch.key(), filter, order);
        } else {
          inHand.add(batch);
        }
      }
      if (!inHand.isEmpty()) {
        // Most that are in hand only wait for their commit. What is left then is in a round.
        settle();
      }
      for (RecipientBatch batch : inHand) {
        if (queue.state.take(batch, () -> afterwards(batch.key(), filter, order))) {
          done += carryOut(batch.key(), filter, order);
        } else {
          later += meant(batch, filter);
        }
      }
    }
    if (done > 0) {
      settle();
    }
    return new OperationResult(done, later, skipped);
  }

  private static int meant(RecipientBatch batch, QueueFilter filter) throws IOException {
    RecipientGroup group = QueueRecordCodec.GROUP.read(batch.recipients());
    return (int) group.recipients().stream().filter(filter::matches).count();
  }

  private void settle() throws IOException {
    if (!queue.steps.settle(PATIENCE)) {
      throw new IOException("what was ordered is not written down yet; it will be, once it works");
    }
  }

  private static boolean applies(Order order, BatchState state) {
    return switch (order) {
      case HOLD -> state != BatchState.HELD;
      case RELEASE -> state == BatchState.HELD;
      case RETRY -> state == BatchState.DEFERRED || state == BatchState.QUEUED;
      case BOUNCE, DELETE -> true;
    };
  }

  private void afterwards(BatchKey key, QueueFilter filter, Order order) {
    boolean setsGoing = order == Order.RELEASE || order == Order.RETRY;
    try {
      if (!setsGoing && !filter.isAboutProgress()) {
        // The round may have parted the recipients: all batches of the message are checked.
        order(filter.within(key.message()), order);
        return;
      }
      // Only this one: two batches of a message would call for each other's retry for ever, and a
      // reason that was meant before the round says nothing about the message's other batches.
      Optional<RecipientBatch> batch = spool.batch(key);
      if (batch.isPresent()
          && applies(order, batch.get().state())
          && queue.state.take(batch.get(), () -> afterwards(key, filter, order))) {
        carryOut(key, filter, order);
      }
    } catch (IOException e) {
      queue.log.storeTrouble("an order on " + key.message() + " could not be carried out", e);
    }
  }

  /** Works on a seized batch, which is given back whatever happens. */
  private int carryOut(BatchKey key, QueueFilter filter, Order order) throws IOException {
    boolean handed = false;
    try {
      // Read again: it is ours only now, and may have changed since the page was read.
      Optional<RecipientBatch> batch = spool.batch(key);
      if (batch.isEmpty() || !applies(order, batch.get().state())) {
        return 0;
      }
      RecipientGroup group = QueueRecordCodec.GROUP.read(batch.get().recipients());
      List<Recipient> meant = group.recipients().stream().filter(filter::matches).toList();
      if (meant.isEmpty()) {
        return 0;
      }
      List<Recipient> others = group.recipients().stream().filter(r -> !filter.matches(r)).toList();
      List<RecipientBatch> rest =
          others.isEmpty() ? List.of() : List.of(rescheduled(batch.get(), group.with(others)));
      carryOut(batch.get(), group.with(meant), rest, order);
      handed = true;
      return meant.size();
    } catch (SpoolException e) {
      if (e.kind() != SpoolException.Kind.DAMAGED) {
        throw e;
      }
      spool.setAside(key, FailureText.of(e));
      return 0;
    } finally {
      if (!handed) {
        queue.steps.giveBack(key);
      }
    }
  }

  private void carryOut(
      RecipientBatch batch, RecipientGroup meant, List<RecipientBatch> rest, Order order)
      throws IOException {
    QueueId id = batch.key().message();
    Instant now = queue.clock.now();
    List<RecipientBatch> put = new ArrayList<>(rest);
    switch (order) {
      case HOLD -> {
        put.add(
            StepApplier.stored(
                id, meant, BatchState.HELD, null, batch.hop(), QueueStep.HELD_BY_ADMIN));
        replace(batch, put, meant, TraceEntry.RecipientEvent.HELD);
      }
      case RELEASE -> {
        put.add(StepApplier.stored(id, meant, BatchState.QUEUED, now, batch.hop(), ""));
        replace(batch, put, meant, TraceEntry.RecipientEvent.RELEASED);
      }
      case RETRY -> {
        queue.state.wakeHop(batch.hop());
        queue.steps.change(
            batch.key(),
            SpoolChange.moves(List.of(new BatchMove(batch.key(), BatchState.QUEUED, now, null))));
      }
      case DELETE -> replace(batch, put, meant, TraceEntry.RecipientEvent.DELETED);
      case BOUNCE -> {
        StoredMessage message =
            spool
                .message(id)
                .orElseThrow(
                    () ->
                        new SpoolException(SpoolException.Kind.DAMAGED, "its message is missing"));
        queue.steps.apply(
            LoadedBatch.of(batch, message).with(meant),
            new QueueStep.Event.GivenUpByAdmin("the postmaster"),
            rest);
      }
    }
  }

  private static RecipientBatch rescheduled(RecipientBatch batch, RecipientGroup group) {
    // What was FRESH is not any more: its round was taken from it.
    boolean isFresh = batch.state() == BatchState.FRESH;
    QueueId id = batch.key().message();
    return StepApplier.stored(
        id,
        group,
        isFresh ? BatchState.QUEUED : batch.state(),
        isFresh ? id.time() : batch.due(),
        batch.hop(),
        batch.reason());
  }

  private void replace(
      RecipientBatch batch,
      List<RecipientBatch> put,
      RecipientGroup meant,
      TraceEntry.RecipientEvent event) {
    String status = EnhancedStatus.of(2, 0, 0).toString();
    List<TraceEntry.RecipientTrace> traces = new ArrayList<>();
    for (Recipient r : meant.recipients()) {
      traces.add(
          TraceEntry.RecipientTrace.of(
              r.target().toString(), event, QueueStep.HELD_BY_ADMIN, status, ""));
    }
    queue.steps.replace(batch, put, traces);
  }
}
