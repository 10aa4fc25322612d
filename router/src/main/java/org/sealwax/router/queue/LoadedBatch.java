package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.StoredMessage;

/**
 * What the first round needs, kept from the moment of arrival so that the store need not be read.
 *
 * @param content the whole content, or null when it has to be read
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, never compared
record LoadedBatch(
    Envelope envelope,
    RecipientGroup group,
    Instant arrived,
    long size,
    byte @Nullable [] content) {
  /**
   * Reads what a round needs; null when there is nothing to do any more. What cannot be read is set
   * aside.
   */
  static @Nullable LoadedBatch load(Spool spool, BatchKey key) throws IOException {
    try {
      Optional<RecipientBatch> batch = spool.batch(key);
      if (batch.isEmpty()) {
        return null;
      }
      Optional<StoredMessage> message = spool.message(key.message());
      if (message.isEmpty()) {
        spool.setAside(key, "its message is missing");
        return null;
      }
      RecipientGroup group = QueueRecordCodec.group(batch.get().recipients());
      Envelope envelope = QueueRecordCodec.envelope(message.get().envelope());
      return new LoadedBatch(envelope, group, message.get().arrived(), message.get().size(), null);
    } catch (SpoolException e) {
      if (e.kind() != SpoolException.Kind.DAMAGED) {
        throw e;
      }
      spool.setAside(key, String.valueOf(e.getMessage()));
      return null;
    } catch (IOException e) {
      spool.setAside(key, String.valueOf(e.getMessage()));
      return null;
    }
  }
}
