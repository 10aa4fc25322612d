package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The durable store of messages, of the batches of their recipients, and of their traces.
 * Thread-safe. Reads may run while writes wait.
 */
public interface Spool extends Closeable {
  /**
   * Begins a message; nothing is durable yet.
   *
   * @throws SpoolException FULL or BROKEN when the store would not take it
   */
  Draft draft() throws SpoolException;

  /**
   * Begins a notification; taken also below the minimum of free space, because it replaces mail
   * that is already here.
   */
  Draft notificationDraft() throws SpoolException;

  /**
   * Stores a message; when this returns, it is on stable storage.
   *
   * @throws SpoolException when it is not stored: FULL or BROKEN
   */
  void accept(NewMessage message) throws SpoolException;

  /**
   * Hands in a change. It is committed soon, in order, with others; until {@code listener} is
   * called, the store may still show the former state, and a crash brings it back. When the store
   * fails, changes are kept and applied after it works again. Blocks while too many wait.
   */
  void change(SpoolChange change, CommitListener listener);

  /**
   * As {@link #change}, and waits until it is committed; a power failure within a second may still
   * bring the former state back.
   *
   * @throws SpoolException BROKEN when that takes too long, or when the batches are held instead:
   *     the listener is called later then, as by {@link #change}
   */
  void commit(SpoolChange change, CommitListener listener) throws SpoolException;

  /**
   * Carries out a change that removes nothing; when this returns, it is on stable storage.
   *
   * @throws SpoolException when it is not known to be: FULL or BROKEN
   */
  void commitSynced(SpoolChange change) throws SpoolException;

  /** Batches that are due, the longest due first, at most {@code limit}. */
  List<DueBatch> due(Instant until, int limit) throws SpoolException;

  /** QUEUED batches for one next hop, whatever their time, at most {@code limit}. */
  List<DueBatch> queuedFor(String hop, int limit) throws SpoolException;

  /** The earliest time after {@code after} at which a batch is due, or null. */
  @Nullable Instant nextDue(Instant after) throws SpoolException;

  /**
   * One batch, or empty when it is gone.
   *
   * @throws SpoolException DAMAGED when its record is not what was written
   */
  Optional<RecipientBatch> batch(BatchKey key) throws SpoolException;

  /**
   * One message, or empty when it is gone.
   *
   * @throws SpoolException DAMAGED when its record is not what was written
   */
  Optional<StoredMessage> message(QueueId id) throws SpoolException;

  /**
   * The content from its first byte. A stream whose content is not what was written throws {@link
   * SpoolException} DAMAGED at its end at the latest, so that it is never passed off as whole.
   */
  InputStream content(QueueId id) throws IOException;

  /**
   * Sets a damaged batch aside: it leaves the queue, its record is kept for the admin, and the
   * message's content stays.
   */
  void setAside(BatchKey key, String why) throws SpoolException;

  /** Batches by state and reason, without FRESH ones. */
  List<BatchCount> counts() throws SpoolException;

  /** Bytes of the contents of all messages with a HELD batch. */
  long heldBytes() throws SpoolException;

  /**
   * A page of batches in order of message and number.
   *
   * @param after where the last page ended, or null
   * @param damaged called with the key of each record that is not what was written; it is not in
   *     the page
   */
  List<RecipientBatch> list(
      BatchFilter filter, @Nullable BatchKey after, int limit, Consumer<BatchKey> damaged)
      throws SpoolException;

  /** What is remembered of one message, in order. */
  List<StoredTraceEntry> trace(QueueId id) throws SpoolException;

  /** Reports that no batch below this message is FRESH any more, which makes recovery quick. */
  void noFreshBefore(QueueId id);

  /**
   * Copies the whole store, as of one moment, into a folder that does not exist yet or is empty,
   * while mail goes on. To restore, put the copy in the place of the store's folder.
   *
   * @param others makes the copies of other stores, when that of this one is whole and before it
   *     counts as a backup: what a message of the copy needs is in them
   */
  void backup(Path folder, BackupPart others) throws IOException;

  /** Other files of a backup. */
  @FunctionalInterface
  interface BackupPart {
    /** Copies them into the folder; they are on stable storage on return. */
    void copyInto(Path folder) throws IOException;
  }

  /** Applies what was handed in, syncs, and closes; afterwards everything is BROKEN. */
  @Override
  void close() throws IOException;
}
