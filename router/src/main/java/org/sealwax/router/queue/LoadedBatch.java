package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.queue.KnownNextHops.SchedulingKey;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.StoredMessage;

/**
 * A batch with all that a step or a round needs of its message. That of the first round is kept
 * from the moment of arrival, so that the store need not be read.
 *
 * @param hop the {@link SchedulingKey} that it waits in
 * @param content the whole content, or null when it has to be read
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, never compared
record LoadedBatch(
    BatchKey key,
    String hop,
    Envelope envelope,
    RecipientGroup group,
    Instant arrived,
    long size,
    byte @Nullable [] content) {
  /**
   * Reads what the store has of its message.
   *
   * @throws SpoolException DAMAGED also when that is missing
   */
  static LoadedBatch of(Spool spool, RecipientBatch batch) throws IOException {
    StoredMessage message =
        spool
            .message(batch.key().message())
            .orElseThrow(
                () -> new SpoolException(SpoolException.Kind.DAMAGED, "its message is missing"));
    return new LoadedBatch(
        batch.key(),
        batch.hop(),
        QueueRecordCodec.ENVELOPE.read(message.envelope()),
        QueueRecordCodec.GROUP.read(batch.recipients()),
        message.arrived(),
        message.size(),
        null);
  }

  /**
   * Reads what a round needs; null when there is nothing to do any more. What cannot be read is set
   * aside.
   */
  static @Nullable LoadedBatch load(Spool spool, BatchKey key) throws IOException {
    try {
      Optional<RecipientBatch> batch = spool.batch(key);
      return batch.isEmpty() ? null : of(spool, batch.get());
    } catch (IOException e) {
      if (e instanceof SpoolException s && s.kind() != SpoolException.Kind.DAMAGED) {
        throw e;
      }
      spool.setAside(key, FailureText.of(e));
      return null;
    }
  }

  /** Identifies the message. */
  QueueId id() {
    return key.message();
  }

  /** The same for some of its recipients. */
  LoadedBatch with(RecipientGroup some) {
    return new LoadedBatch(key, hop, envelope, some, arrived, size, content);
  }

  LoadedBatch withoutContent() {
    return new LoadedBatch(key, hop, envelope, group, arrived, size, null);
  }
}
