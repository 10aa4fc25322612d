package org.sealwax.router.queue;

import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.router.spool.BatchFilter;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.QueueId;

/**
 * The recipients of an operation; empty fields do not restrict, and all given fields must match.
 *
 * @param id of this message
 * @param domain of the recipient (the address it goes to)
 * @param sender reverse-path, compared without case; empty text means the null path
 * @param recipient address it goes to or was addressed to, compared without case
 * @param reason the queue's word
 * @param state where it stands
 */
public record QueueFilter(
    Optional<QueueId> id,
    Optional<Domain> domain,
    Optional<String> sender,
    Optional<String> recipient,
    Optional<String> reason,
    Optional<BatchState> state) {
  /** Everything. */
  public static QueueFilter all() {
    return new QueueFilter(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** One message. */
  public static QueueFilter of(QueueId id) {
    return all().within(id);
  }

  /** The same within one message. */
  QueueFilter within(QueueId message) {
    return new QueueFilter(Optional.of(message), domain, sender, recipient, reason, state);
  }

  /** Whether a round that ends can change what is meant. */
  boolean isAboutProgress() {
    return reason.isPresent() || state.isPresent();
  }

  /** What the store can sort out by itself. */
  BatchFilter forStore() {
    // A domain stands in a record in its canonical form; a local part in any case.
    return new BatchFilter(
        id, state, reason, sender.map(AddressLiteral::expanded), domain.map(Domain::name));
  }

  /** Whether one recipient is meant. */
  boolean matches(Recipient r) {
    Mailbox to = r.target().mailbox();
    boolean inDomain = domain.isEmpty() || to.domain().equals(domain.get());
    boolean isRecipient =
        recipient.isEmpty()
            || lower(to).equals(lower(recipient.get()))
            || lower(r.original()).equals(lower(recipient.get()));
    return inDomain && isRecipient;
  }

  private static String lower(Object text) {
    return text.toString().toLowerCase(Locale.ROOT);
  }
}
