package org.sealwax.router.queue;

import org.sealwax.mail.address.ReversePath;

/**
 * The envelope of a message without its recipients.
 *
 * @param sender as the client gave it
 * @param options MAIL parameters
 * @param origin the client that submitted it
 * @param session the SMTP session, empty for our own messages
 * @param tls TLS facts of the incoming hop, empty when it came unencrypted
 * @param recipients how many it had on arrival
 */
public record Envelope(
    ReversePath sender,
    MailOptions options,
    String origin,
    String session,
    String tls,
    int recipients) {}
