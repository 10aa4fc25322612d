package org.sealwax.router.route;

import java.util.List;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.router.queue.DeliveryTarget;

/** Resolves recipients in our domains. Thread-safe; replaced as a whole on reload. */
public interface RecipientDirectory {
  /** Resolves {@code recipient}; may probe a next hop, and blocks then (cached, bounded). */
  AddressResolution resolve(Mailbox recipient);

  /** Where the bare {@code <Postmaster>} leads (RFC 5321 4.5.1): Forwarded or NotNow. */
  default AddressResolution postmaster() {
    return new AddressResolution.TemporaryFailure("no postmaster is configured");
  }

  /**
   * Where our own messages to an address go: to the targets of an alias or of a rewritten sender;
   * any other address is its own target. Asks no next hop.
   */
  default List<DeliveryTarget> targetsOf(Mailbox mailbox) {
    return List.of(new DeliveryTarget.Remote(mailbox));
  }

  /** Checks the files for changes, when it is time. Call it every few seconds. */
  default void reloadIfChanged() {}

  /**
   * The reverse-path for a message that is forwarded on behalf of {@code sender}: rewritten (SRS)
   * when the sender's domain is not ours and rewriting is on; the null path stays null.
   */
  ForwardSender senderForForward(ReversePath sender);

  /**
   * Whether {@code sender} is an address that we made by sender rewriting, with a good hash and in
   * time: then the client got it in mail that we forwarded, and a DSN to it is not backscatter. For
   * the senders of all other forwards a refusal is held, unless the client is trusted.
   */
  default boolean isValidRewrittenSender(ReversePath sender) {
    return false;
  }
}
