package org.sealwax.mail.smtp;

import java.util.Optional;
import org.sealwax.mail.address.Mailbox;

/** Reads {@code local@domain} wherever one stands alone: configuration, alias files, commands. */
public final class MailboxParser {
  private MailboxParser() {}

  /**
   * {@return the mailbox that is the whole of {@code text}, without brackets (RFC 5321 4.1.2, with
   * RFC 6531 local parts and U-labels); quoted local parts lose their quotes}
   *
   * @param text the text to read
   */
  public static Optional<Mailbox> parse(String text) {
    PathParser parser = new PathParser(text, 0);
    Mailbox mailbox = parser.mailbox();
    return mailbox != null && parser.atEnd() ? Optional.of(mailbox) : Optional.empty();
  }
}
