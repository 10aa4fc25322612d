package org.sealwax.mail.address;

import java.util.Optional;

/** Where bounces go: nowhere, or to one mailbox (RFC 5321 4.5.5). */
public sealed interface ReversePath {
  /** {@return the path of bounces and probes, {@code <>}: never answered} */
  static ReversePath nullPath() {
    return new Null();
  }

  /** {@code <>}. */
  record Null() implements ReversePath {
    @Override
    public String toString() {
      return "";
    }
  }

  /**
   * A sender to which bounces can be returned.
   *
   * @param mailbox the mailbox
   */
  record SenderMailbox(Mailbox mailbox) implements ReversePath {
    @Override
    public String toString() {
      return mailbox.toString();
    }
  }

  /**
   * {@return the path of one sender}
   *
   * @param mailbox the mailbox
   */
  static ReversePath of(Mailbox mailbox) {
    return new SenderMailbox(mailbox);
  }

  /** {@return the mailbox, or empty for the null path} */
  default Optional<Mailbox> mailboxIfAny() {
    return switch (this) {
      case Null n -> Optional.empty();
      case SenderMailbox s -> Optional.of(s.mailbox());
    };
  }
}
