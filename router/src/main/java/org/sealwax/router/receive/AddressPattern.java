package org.sealwax.router.receive;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.settings.SettingValue;
import org.sealwax.mail.smtp.MailboxParser;

/** The pattern of senders or recipients in a reject row. */
@SettingValue(
    name = "address pattern",
    form =
        "\"user@example.org\", \"example.org\", \".example.org\" (everything below it), \"*\" or \"<>\" for the null sender")
public sealed interface AddressPattern {
  /** The null sender. */
  record NullSender() implements AddressPattern {}

  /** One mailbox, compared as {@link LocalPart#folded} specifies. */
  record OneMailbox(Mailbox mailbox) implements AddressPattern {}

  /** All addresses at the domains of a pattern. */
  record AtDomains(DomainPattern domains) implements AddressPattern {}

  /** Reads {@code <>}, {@code user@domain}, or a {@link DomainPattern}. */
  static Optional<AddressPattern> parse(String text) {
    if (text.equals("<>")) {
      return Optional.of(new NullSender());
    }
    if (text.indexOf('@') >= 0) {
      return MailboxParser.parse(text).map(OneMailbox::new);
    }
    return DomainPattern.parse(text).map(AtDomains::new);
  }

  /** Whether a sender is meant. */
  default boolean matches(ReversePath path) {
    return matches(path.mailboxIfAny().orElse(null), false);
  }

  /** Whether a recipient is meant; with an extension behind {@code delimiter}, or without. */
  default boolean matches(Mailbox recipient, RecipientDelimiter delimiter, boolean caseSensitive) {
    int end = delimiter.endOfName(recipient.localPart());
    return matches(recipient, caseSensitive)
        || (end > 0
            && matches(
                new Mailbox(recipient.localPart().substring(0, end), recipient.domain()),
                caseSensitive));
  }

  /** Whether a mailbox, or the null sender, is meant. */
  private boolean matches(@Nullable Mailbox mailbox, boolean caseSensitive) {
    return switch (this) {
      case NullSender e -> mailbox == null;
      case OneMailbox one ->
          mailbox != null
              && one.mailbox().domain().equals(mailbox.domain())
              && form(one.mailbox(), caseSensitive).equals(form(mailbox, caseSensitive));
      case AtDomains at ->
          mailbox != null
              && switch (mailbox.domain()) {
                case Domain d -> at.domains().matches(d);
                case AddressLiteral l -> false;
              };
    };
  }

  private static String form(Mailbox mailbox, boolean caseSensitive) {
    return caseSensitive
        ? LocalPart.composed(mailbox.localPart())
        : LocalPart.folded(mailbox.localPart());
  }
}
