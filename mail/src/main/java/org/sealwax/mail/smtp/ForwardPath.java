package org.sealwax.mail.smtp;

import org.sealwax.mail.address.Mailbox;

/** The forward-path of RCPT (RFC 5321 4.1.1.3). */
public sealed interface ForwardPath {
  /** {@code <Postmaster>} without a domain: the admin of this server. */
  record LocalPostmaster() implements ForwardPath {
    @Override
    public String toString() {
      return "postmaster";
    }
  }

  /**
   * A mailbox.
   *
   * @param mailbox the mailbox
   */
  record ToMailbox(Mailbox mailbox) implements ForwardPath {
    @Override
    public String toString() {
      return mailbox.toString();
    }
  }
}
