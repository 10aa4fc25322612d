package org.sealwax.forward;

import org.sealwax.address.Mailbox;
import org.sealwax.address.ReversePath;

/** Knows our domains. Thread-safe; swapped whole on reload. */
public interface Directory {
  /** What {@code recipient} is to us; may probe a next hop, and blocks then (cached, bounded). */
  Resolution resolve(Mailbox recipient);

  /**
   * The reverse-path for a message that is forwarded on behalf of {@code sender}: rewritten (SRS)
   * when the sender's domain is not ours and rewriting is on; the null path stays null.
   */
  ReversePath senderForForward(ReversePath sender);
}
