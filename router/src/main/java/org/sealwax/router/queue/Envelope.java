package org.sealwax.router.queue;

import org.sealwax.mail.address.ReversePath;

/**
 * The envelope of a message without its recipients.
 *
 * @param sender as the client gave it; DSNs about unforwarded recipients go there
 * @param options MAIL parameters
 * @param origin the client that submitted it, for {@code queue show} and {@code trace}: {@code
 *     mail.example.org[192.0.2.1]}
 * @param session the SMTP session, for the log; empty for our own messages
 * @param tls TLS facts of the incoming hop in one line, empty when it came unencrypted
 * @param checks results of SPF, DKIM and DMARC in one line, empty when the sender was not checked:
 *     {@code spf=pass dkim=none dmarc=fail}
 * @param recipients how many it had on arrival; 0 until it is committed
 */
public record Envelope(
    ReversePath sender,
    MailOptions options,
    String origin,
    String session,
    String tls,
    String checks,
    int recipients)
    implements IncomingHop {
  /**
   * The envelope of a message that we make ourselves.
   *
   * @param origin what made it
   */
  public static Envelope own(ReversePath sender, MailOptions options, String origin) {
    return new Envelope(sender, options, origin, "", "");
  }

  /** The envelope of a message that is being accepted and whose sender was not checked. */
  public Envelope(
      ReversePath sender, MailOptions options, String origin, String session, String tls) {
    this(sender, options, origin, session, tls, "", 0);
  }

  /**
   * The same with results of the checks of the sender.
   *
   * @param line as in {@link #checks}
   */
  public Envelope withChecks(String line) {
    return new Envelope(sender, options, origin, session, tls, line, recipients);
  }

  Envelope withRecipients(int count) {
    return new Envelope(sender, options, origin, session, tls, checks, count);
  }
}
