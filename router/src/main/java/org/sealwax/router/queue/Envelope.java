package org.sealwax.router.queue;

import org.sealwax.mail.address.ReversePath;

/**
 * The envelope of a message without its recipients.
 *
 * @param sender as the client gave it
 * @param options MAIL parameters
 * @param origin who handed it in
 * @param session the SMTP session, empty for messages of our own
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
