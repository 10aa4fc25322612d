package org.sealwax.router.queue;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.spool.SpoolException;

/** Remembers that a content turned out to be damaged while it was read. */
final class ContentCheck {
  /** The queue's word for a message whose content is damaged. */
  static final String REASON = "damaged";

  private volatile @Nullable IOException found;

  /** The damage, once some was seen. */
  @Nullable IOException found() {
    return found;
  }

  /** The content; what is read of it is watched. */
  InputStream open(Consignment.MessageContent opener) throws IOException {
    InputStream in;
    try {
      in = opener.open();
    } catch (SpoolException e) {
      throw note(e);
    }
    return new FilterInputStream(in) {
      @Override
      public int read() throws IOException {
        try {
          return super.read();
        } catch (SpoolException e) {
          throw note(e);
        }
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        try {
          return super.read(into, offset, length);
        } catch (SpoolException e) {
          throw note(e);
        }
      }
    };
  }

  private SpoolException note(SpoolException e) {
    if (e.kind() == SpoolException.Kind.DAMAGED) {
      found = e;
    }
    return e;
  }

  /** What to hold against a round that read damage: all is held but what was delivered before. */
  Map<Long, Outcome> heldIfDamaged(RecipientGroup group, Map<Long, Outcome> outcomes) {
    FailureCause cause =
        new FailureCause(
            REASON,
            EnhancedStatus.of(5, 3, 0),
            "The stored content is damaged; it is kept as it is.",
            null,
            null,
            FailureCause.Extent.MESSAGE);
    Map<Long, Outcome> all = new HashMap<>();
    for (Recipient r : group.recipients()) {
      Outcome outcome = outcomes.get(r.key());
      all.put(r.key(), outcome instanceof Outcome.Delivered ? outcome : new Outcome.Held(cause));
    }
    return all;
  }
}
