package org.sealwax.router.receive;

import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.smtp.Reply;

/**
 * A row of the configuration that refuses mail.
 *
 * @param on the mail that is refused
 * @param text text of the reply; without line breaks
 */
public record RejectRow(RejectMatch on, String text) {
  /** The mail that a row refuses. */
  public sealed interface RejectMatch {
    /** A client's address. */
    record Client(Cidr network) implements RejectMatch {}

    /** Clients without a verified name in the DNS; needs names to be looked up. */
    record UnnamedClient() implements RejectMatch {}

    /** The reverse-path. */
    record Sender(AddressPattern pattern) implements RejectMatch {}

    /**
     * The recipient.
     *
     * @param delimiter between a name and its extension, as the directory reads it; a row for a
     *     name is a row for the name with any extension
     * @param caseSensitive the directory distinguishes names by case there
     */
    record Recipient(AddressPattern pattern, RecipientDelimiter delimiter, boolean caseSensitive)
        implements RejectMatch {}
  }

  /** Checks that the text is one line. */
  public RejectRow {
    checkText(text);
  }

  static void checkText(String text) {
    InvalidSetting.because("control character in the text of a reject entry")
        .of("text")
        .help("write one plain line")
        .throwIf(text.chars().anyMatch(c -> c < ' ' || c == 0x7f));
  }

  /** The reply to the client. */
  public Reply reply() {
    return Reply.of("550 5.7.1 " + text);
  }
}
