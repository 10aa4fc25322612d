package org.sealwax.router.spool;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Something for the writer. */
sealed interface WriterJob {
  /** The messages that are marked while the writer is at it. */
  Set<QueueId> messages();

  /**
   * A job whose caller waits for the disk.
   *
   * @param accepted the message to be stored, or null for another call
   * @param messages those that it is about; none when it is about no single ones
   * @param body runs inside the transaction
   * @param outcome the failure, or empty when it is on stable storage
   */
  record Urgent(
      @Nullable NewMessage accepted,
      Set<QueueId> messages,
      Body body,
      CompletableFuture<Optional<SpoolException>> outcome)
      implements WriterJob {
    /** What is done in the transaction. */
    interface Body {
      void run(WriterConnection connection) throws SQLException;
    }

    static Urgent accept(NewMessage message) {
      return new Urgent(
          message, Set.of(message.id()), c -> c.accept(message, false), new CompletableFuture<>());
    }

    static Urgent call(Body body) {
      return new Urgent(null, Set.of(), body, new CompletableFuture<>());
    }

    /** A change that removes nothing. */
    static Urgent change(SpoolChange change) {
      if (!change.removed().isEmpty()) {
        throw new IllegalArgumentException("a removal");
      }
      return new Urgent(
          null, Change.messages(change), c -> c.change(change), new CompletableFuture<>());
    }
  }

  /**
   * A change on its way.
   *
   * @param isHold whether it stands for one that could not be stored
   */
  record Change(SpoolChange change, CommitListener listener, boolean isHold, Set<QueueId> messages)
      implements WriterJob {
    static Change of(SpoolChange change, CommitListener listener) {
      return new Change(change, listener, false, messages(change));
    }

    private static Set<QueueId> messages(SpoolChange change) {
      Set<QueueId> messages = new LinkedHashSet<>();
      keys(change).forEach(key -> messages.add(key.message()));
      return messages;
    }

    /** The batches that are in the store and change. */
    private static Set<BatchKey> keys(SpoolChange change) {
      Set<BatchKey> keys = new LinkedHashSet<>(change.removed());
      change.put().forEach(batch -> keys.add(batch.key()));
      change.moved().forEach(move -> keys.add(move.key()));
      return keys;
    }

    /** A change that cannot be stored must not be tried without end: its batches are held. */
    Change held(Runnable isHeld) {
      List<BatchMove> moves = new ArrayList<>();
      for (BatchKey key : keys(change)) {
        moves.add(new BatchMove(key, BatchState.HELD, null, CommitListener.NOT_STORED));
      }
      CommitListener then =
          gone -> {
            isHeld.run();
            listener.heldInstead();
          };
      return new Change(SpoolChange.moves(moves), then, true, messages);
    }
  }
}
