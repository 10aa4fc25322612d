package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchMove;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.StoredMessage;

/**
 * What a person may order. Thread-safe. Each order works through the store page by page and returns
 * when the store has committed it, so that the next order finds what this one left; an order about
 * a share whose round is running is carried out when that round has ended.
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
   * What an order came to.
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

  /** Lets recipients wait for a person, whatever they waited for before. */
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

  /** Deletes recipients without telling anybody. */
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
      List<RecipientBatch> shares = spool.list(filter.forStore(), at, QueueView.READ, damaged::add);
      more = shares.size() + damaged.size() >= QueueView.READ;
      for (BatchKey key : damaged) {
        spool.setAside(key, "the record of the recipients is damaged");
      }
      List<RecipientBatch> inHand = new ArrayList<>();
      for (RecipientBatch share : shares) {
        at = share.key();
        int meant = meant(share, filter);
        if (meant == 0) {
          continue;
        }
        if (!applies(order, share.state())) {
          skipped += meant;
        } else if (queue.takeForOperation(share)) {
          done += carryOut(share.key(), filter, order);
        } else {
          inHand.add(share);
        }
      }
      if (!inHand.isEmpty()) {
        // Most that are in hand only wait for their commit. What is left then is in a round.
        settle();
      }
      for (RecipientBatch share : inHand) {
        if (queue.takeForOperation(share, () -> afterwards(share.key(), filter, order))) {
          done += carryOut(share.key(), filter, order);
        } else {
          later += meant(share, filter);
        }
      }
    }
    if (done > 0) {
      settle();
    }
    return new OperationResult(done, later, skipped);
  }

  private static int meant(RecipientBatch share, QueueFilter filter) throws IOException {
    RecipientGroup group = QueueRecordCodec.group(share.recipients());
    return (int) group.recipients().stream().filter(filter::matches).count();
  }

  private void settle() throws IOException {
    if (!queue.settle(PATIENCE)) {
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
        // The round may have parted the recipients: all shares of the message are looked at.
        order(filter.within(key.message()), order);
        return;
      }
      // Only this one: two shares of a message would call for each other's retry for ever, and a
      // reason that was meant before the round says nothing about the message's other shares.
      Optional<RecipientBatch> share = spool.batch(key);
      if (share.isPresent()
          && applies(order, share.get().state())
          && queue.takeForOperation(share.get(), () -> afterwards(key, filter, order))) {
        carryOut(key, filter, order);
      }
    } catch (IOException e) {
      queue.log.storeTrouble("an order on " + key.message() + " could not be carried out", e);
    }
  }

  /** Works on a seized share, which is given back whatever happens. */
  private int carryOut(BatchKey key, QueueFilter filter, Order order) throws IOException {
    boolean handed = false;
    try {
      // Read again: it is ours only now, and may have changed since the page was read.
      Optional<RecipientBatch> share = spool.batch(key);
      if (share.isEmpty() || !applies(order, share.get().state())) {
        return 0;
      }
      RecipientGroup group = QueueRecordCodec.group(share.get().recipients());
      List<QueuedRecipient> meant = group.recipients().stream().filter(filter::matches).toList();
      if (meant.isEmpty()) {
        return 0;
      }
      List<QueuedRecipient> others =
          group.recipients().stream().filter(r -> !filter.matches(r)).toList();
      carryOut(share.get(), group, meant, others, order);
      handed = true;
      return meant.size();
    } catch (SpoolException e) {
      if (e.kind() != SpoolException.Kind.DAMAGED) {
        throw e;
      }
      spool.setAside(key, String.valueOf(e.getMessage()));
      return 0;
    } finally {
      if (!handed) {
        queue.release(key);
      }
    }
  }

  private void carryOut(
      RecipientBatch share,
      RecipientGroup group,
      List<QueuedRecipient> meant,
      List<QueuedRecipient> others,
      Order order)
      throws IOException {
    Instant now = queue.clock.now();
    switch (order) {
      case HOLD ->
          part(
              share,
              group,
              meant,
              others,
              BatchState.HELD,
              null,
              QueueStep.HELD_BY_ADMIN,
              TraceEntry.RecipientEvent.HELD);
      case RELEASE ->
          part(
              share,
              group,
              meant,
              others,
              BatchState.QUEUED,
              now,
              "",
              TraceEntry.RecipientEvent.RELEASED);
      case RETRY -> {
        queue.wakeHop(share.hop());
        queue.changeTaken(
            List.of(share.key()),
            SpoolChange.moves(List.of(new BatchMove(share.key(), BatchState.QUEUED, now, null))));
      }
      case DELETE -> {
        List<RecipientBatch> rest =
            others.isEmpty()
                ? List.of()
                : List.of(again(share, group.with(others), share.state(), share.due()));
        change(share, rest, meant, TraceEntry.RecipientEvent.DELETED, now);
      }
      case BOUNCE -> bounce(share, group, meant, others);
    }
  }

  private void bounce(
      RecipientBatch share,
      RecipientGroup group,
      List<QueuedRecipient> meant,
      List<QueuedRecipient> others)
      throws IOException {
    Optional<StoredMessage> message = spool.message(share.key().message());
    if (message.isEmpty()) {
      throw new SpoolException(SpoolException.Kind.DAMAGED, "its message is missing");
    }
    LoadedBatch hot =
        new LoadedBatch(
            QueueRecordCodec.envelope(message.get().envelope()),
            group.with(meant),
            message.get().arrived(),
            message.get().size(),
            null);
    List<RecipientBatch> rest =
        others.isEmpty()
            ? List.of()
            : List.of(again(share, group.with(others), share.state(), share.due()));
    queue.consequences.apply(
        share.key(),
        share.hop(),
        hot,
        new QueueStep.Event.GivenUpByAdmin("the postmaster"),
        0,
        rest);
  }

  private static RecipientBatch again(
      RecipientBatch share, RecipientGroup group, BatchState state, @Nullable Instant due) {
    // What was FRESH is not any more: its round was taken from it.
    BatchState now = state == BatchState.FRESH ? BatchState.QUEUED : state;
    Instant time = state == BatchState.FRESH ? share.key().message().time() : due;
    return StepApplier.stored(share.key().message(), group, now, time, share.hop(), share.reason());
  }

  private void part(
      RecipientBatch share,
      RecipientGroup group,
      List<QueuedRecipient> meant,
      List<QueuedRecipient> others,
      BatchState state,
      @Nullable Instant due,
      String reason,
      TraceEntry.RecipientEvent what) {
    List<RecipientBatch> put = new ArrayList<>();
    put.add(
        StepApplier.stored(
            share.key().message(), group.with(meant), state, due, share.hop(), reason));
    if (!others.isEmpty()) {
      put.add(again(share, group.with(others), share.state(), share.due()));
    }
    change(share, put, meant, what, queue.clock.now());
  }

  private void change(
      RecipientBatch share,
      List<RecipientBatch> put,
      List<QueuedRecipient> meant,
      TraceEntry.RecipientEvent what,
      Instant now) {
    List<TraceEntry.RecipientTrace> lines = new ArrayList<>();
    for (QueuedRecipient r : meant) {
      lines.add(
          new TraceEntry.RecipientTrace(
              r.target().toString(),
              what,
              QueueStep.HELD_BY_ADMIN,
              EnhancedStatus.of(2, 0, 0).toString(),
              "",
              "",
              "",
              ""));
    }
    boolean stays = put.stream().anyMatch(s -> s.key().equals(share.key()));
    queue.changeTaken(
        List.of(share.key()),
        new SpoolChange(
            stays ? List.of() : List.of(share.key()),
            put,
            List.of(),
            List.of(),
            List.of(
                queue.consequences.trace(
                    share.key().message(), new TraceEntry(now, 0, null, lines)))));
  }
}
