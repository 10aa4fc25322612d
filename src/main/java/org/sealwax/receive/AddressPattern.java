package org.sealwax.receive;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.AddressLiteral;
import org.sealwax.address.Domain;
import org.sealwax.address.DomainPattern;
import org.sealwax.address.Mailbox;
import org.sealwax.address.ReversePath;
import org.sealwax.smtp.MailboxParser;

/** How a reject row names senders or recipients. */
public sealed interface AddressPattern {
  /** The null sender. */
  record Empty() implements AddressPattern {}

  /** One mailbox; case does not count. */
  record One(Mailbox mailbox) implements AddressPattern {}

  /** Everybody at the domains of a pattern. */
  record At(DomainPattern domains) implements AddressPattern {}

  /** Reads {@code <>}, {@code user@domain}, or a {@link DomainPattern}. */
  static Optional<AddressPattern> parse(String text) {
    if (text.equals("<>")) {
      return Optional.of(new Empty());
    }
    if (text.indexOf('@') >= 0) {
      return MailboxParser.parse(text).map(One::new);
    }
    return DomainPattern.parse(text).map(At::new);
  }

  /** Whether a sender is meant. */
  default boolean matches(ReversePath path) {
    return matches(path.mailboxIfAny().orElse(null));
  }

  /** Whether a mailbox, or the null sender, is meant. */
  default boolean matches(@Nullable Mailbox mailbox) {
    return switch (this) {
      case Empty e -> mailbox == null;
      case One one ->
          mailbox != null
              && one.mailbox().domain().equals(mailbox.domain())
              && one.mailbox()
                  .localPart()
                  .toLowerCase(Locale.ROOT)
                  .equals(mailbox.localPart().toLowerCase(Locale.ROOT));
      case At at ->
          mailbox != null
              && switch (mailbox.domain()) {
                case Domain d -> at.domains().matches(d);
                case AddressLiteral l -> false;
              };
    };
  }
}
