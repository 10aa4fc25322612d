package org.sealwax.mail.address;

import java.util.Optional;

/** Where bounces go: nowhere, or to one mailbox (RFC 5321 4.5.5). */
public sealed interface ReversePath {
  /** The path of bounces and probes, {@code <>}: never answered. */
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

  /** A sender who can be told. */
  record SenderMailbox(Mailbox mailbox) implements ReversePath {
    @Override
    public String toString() {
      return mailbox.toString();
    }
  }

  /** The path of one sender. */
  static ReversePath of(Mailbox mailbox) {
    return new SenderMailbox(mailbox);
  }

  /** The mailbox, or empty for the null path. */
  default Optional<Mailbox> mailboxIfAny() {
    return switch (this) {
      case Null n -> Optional.empty();
      case SenderMailbox s -> Optional.of(s.mailbox());
    };
  }
}
