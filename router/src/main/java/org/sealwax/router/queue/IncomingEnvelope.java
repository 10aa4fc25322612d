package org.sealwax.router.queue;

import java.util.List;
import org.sealwax.mail.address.ReversePath;

/**
 * The envelope with which a message is committed to the queue.
 *
 * @param sender as the client gave it; DSNs about unforwarded recipients go there
 * @param options MAIL parameters
 * @param recipients at least one
 * @param origin the client that submitted it, for {@code queue show} and {@code trace}: {@code
 *     mail.example.org[192.0.2.1]}
 * @param session the SMTP session, for the log; empty for our own messages
 * @param tls TLS facts of the incoming hop in one line, empty when it came unencrypted
 */
public record IncomingEnvelope(
    ReversePath sender,
    MailOptions options,
    List<Recipient> recipients,
    String origin,
    String session,
    String tls) {
  /** Copies. */
  public IncomingEnvelope {
    recipients = List.copyOf(recipients);
    if (recipients.isEmpty()) {
      throw new IllegalArgumentException("no recipients");
    }
  }
}
