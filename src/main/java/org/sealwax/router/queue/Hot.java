package org.sealwax.router.queue;

import java.io.IOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.KeptMessage;
import org.sealwax.router.spool.Share;
import org.sealwax.router.spool.ShareKey;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolTrouble;

/**
 * What the first round needs, kept from the moment of arrival so that the store need not be read.
 *
 * @param content the whole content, or null when it has to be read
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, never compared
record Hot(
    Envelope envelope,
    RecipientGroup group,
    Instant arrived,
    long size,
    byte @Nullable [] content) {
  /**
   * Reads what a round needs; null when there is nothing to do any more. What cannot be read is set
   * aside.
   */
  static @Nullable Hot load(Spool spool, ShareKey key) throws IOException {
    try {
      Optional<Share> share = spool.share(key);
      if (share.isEmpty()) {
        return null;
      }
      Optional<KeptMessage> message = spool.message(key.message());
      if (message.isEmpty()) {
        spool.setAside(key, "its message is missing");
        return null;
      }
      RecipientGroup group = RecordForm.group(share.get().recipients());
      Envelope envelope = RecordForm.envelope(message.get().envelope());
      return new Hot(envelope, group, message.get().arrived(), message.get().size(), null);
    } catch (SpoolTrouble e) {
      if (e.kind() != SpoolTrouble.Kind.DAMAGED) {
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
