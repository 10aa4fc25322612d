package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.TraceEntry.RecipientEvent;
import org.sealwax.router.queue.TraceEntry.RecipientTrace;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchMove;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;

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

  /** An operation. */
  public enum Order {
    /** Holds recipients, whatever they waited for before. */
    HOLD,
    /** Releases held recipients at once. */
    RELEASE,
    /** Tries waiting recipients at once, also where the next hop was found dead. */
    RETRY,
    /** Gives recipients up with a notification to the sender. */
    BOUNCE,
    /** Deletes recipients without a notification to the sender. */
    DELETE;

    private boolean applies(BatchState state) {
      return switch (this) {
        case HOLD -> state != BatchState.HELD;
        case RELEASE -> state == BatchState.HELD;
        case RETRY -> state == BatchState.DEFERRED || state == BatchState.QUEUED;
        case BOUNCE, DELETE -> true;
      };
    }
  }

  /** Carries out a command for the recipients that a filter means. */
  public OperationResult order(Order order, QueueFilter filter) throws IOException {
    return new RunningOrder(order, filter).run();
  }

  private void settle() throws IOException {
    if (!queue.steps.settle(PATIENCE)) {
      throw new IOException("the change is not stored yet; it will be when the store works again");
    }
  }

  /** A running order. */
  private final class RunningOrder {
    private final Order order;
    private final QueueFilter filter;
    private int done;
    private int later;
    private int skipped;

    RunningOrder(Order order, QueueFilter filter) {
      this.order = order;
      this.filter = filter;
    }

    OperationResult run() throws IOException {
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
          int meant = meant(batch);
          if (meant > 0 && !order.applies(batch.state())) {
            skipped += meant;
          } else if (meant > 0 && !queue.steps.take(batch, null, this::carryOut)) {
            inHand.add(batch);
          }
        }
        if (!inHand.isEmpty()) {
          // Most that are in hand only wait for their commit. What is left then is in a round.
          settle();
        }
        for (RecipientBatch batch : inHand) {
          if (!queue.steps.take(batch, () -> afterwards(batch.key()), this::carryOut)) {
            later += meant(batch);
          }
        }
      }
      if (done > 0) {
        settle();
      }
      return new OperationResult(done, later, skipped);
    }

    private int meant(RecipientBatch batch) throws IOException {
      RecipientGroup group = QueueRecordCodec.GROUP.read(batch.recipients());
      return (int) group.recipients().stream().filter(filter::matches).count();
    }

    private void afterwards(BatchKey key) {
      boolean setsGoing = order == Order.RELEASE || order == Order.RETRY;
      try {
        if (!setsGoing && !filter.isAboutProgress()) {
          // The round may have parted the recipients: all batches of the message are checked.
          order(order, filter.within(key.message()));
          return;
        }
        // Only this one: two batches of a message would call for each other's retry without end,
        // and a
        // reason from before the round does not apply to the message's other batches.
        Optional<RecipientBatch> batch = spool.batch(key);
        if (batch.isPresent() && order.applies(batch.get().state())) {
          queue.steps.take(batch.get(), () -> afterwards(key), this::carryOut);
        }
      } catch (IOException e) {
        queue.log.storeTrouble("a command for " + key.message() + " could not be carried out", e);
      }
    }

    private boolean carryOut(RecipientBatch batch, RecipientGroup group) throws IOException {
      List<Recipient> meant = group.recipients().stream().filter(filter::matches).toList();
      if (meant.isEmpty() || !order.applies(batch.state())) {
        return false;
      }
      List<Recipient> others = group.recipients().stream().filter(r -> !filter.matches(r)).toList();
      List<RecipientBatch> rest = new ArrayList<>();
      if (!others.isEmpty()) {
        rest.add(rescheduled(batch, group.with(others)));
      }
      carryOut(batch, group.with(meant), rest);
      done += meant.size();
      return true;
    }

    private void carryOut(RecipientBatch batch, RecipientGroup meant, List<RecipientBatch> put)
        throws IOException {
      QueueId id = batch.key().message();
      Instant now = queue.clock.now();
      switch (order) {
        case HOLD -> {
          put.add(meant.stored(id, BatchState.HELD, null, batch.hop(), QueueStep.HELD_BY_ADMIN));
          replace(batch, put, meant, RecipientEvent.HELD);
        }
        case RELEASE -> {
          put.add(meant.stored(id, BatchState.QUEUED, now, batch.hop(), ""));
          replace(batch, put, meant, RecipientEvent.RELEASED);
        }
        case RETRY -> {
          queue.state.wakeHop(batch.hop());
          queue.steps.change(
              batch.key(),
              SpoolChange.moves(List.of(new BatchMove(batch.key(), BatchState.QUEUED, now, null))));
        }
        case DELETE -> replace(batch, put, meant, RecipientEvent.DELETED);
        case BOUNCE ->
            queue.steps.apply(
                LoadedBatch.of(spool, batch).with(meant),
                new QueueStep.Event.GivenUpByAdmin("the postmaster"),
                put);
      }
    }

    private RecipientBatch rescheduled(RecipientBatch batch, RecipientGroup group) {
      // What was FRESH is not any more: its round was taken from it.
      boolean isFresh = batch.state() == BatchState.FRESH;
      QueueId id = batch.key().message();
      return group.stored(
          id,
          isFresh ? BatchState.QUEUED : batch.state(),
          isFresh ? id.time() : batch.due(),
          batch.hop(),
          batch.reason());
    }

    private void replace(
        RecipientBatch batch,
        List<RecipientBatch> put,
        RecipientGroup meant,
        RecipientEvent event) {
      String status = EnhancedStatus.of("2.0.0").toString();
      queue.steps.replace(
          batch,
          put,
          meant.recipients(),
          to -> RecipientTrace.of(to, event, QueueStep.HELD_BY_ADMIN, status, ""));
    }
  }
}
