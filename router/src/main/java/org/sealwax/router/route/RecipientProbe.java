package org.sealwax.router.route;

import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.NextHop;

/** Asks a next hop whether a recipient exists; implemented by {@code deliver}. */
@FunctionalInterface
public interface RecipientProbe {
  /** The next hop's answer. */
  sealed interface VerificationResult {
    /** 2yz to RCPT. */
    record Exists() implements VerificationResult {}

    /** 5yz to RCPT. */
    record Refused(Reply reply) implements VerificationResult {}

    /** Anything else. */
    record NotKnown(String reason) implements VerificationResult {}
  }

  /** Connects, EHLO, STARTTLS as policy specifies, MAIL from the null path, RCPT, RSET, QUIT. */
  VerificationResult probe(Mailbox recipient, NextHop nextHop);
}
