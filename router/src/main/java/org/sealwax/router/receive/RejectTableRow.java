package org.sealwax.router.receive;

import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.router.receive.RejectRow.RejectMatch;

/**
 * One {@code [[reject]]}, with one of the three.
 *
 * @param client network of the client
 * @param sender pattern of the reverse-path
 * @param recipient pattern of the recipient
 * @param text text of the reply; without line breaks
 */
@SettingTable(
    name = "reject",
    rows = true,
    oneOf = {"client", "sender", "recipient"},
    purpose = "Mail to reject; exactly one of client, sender, recipient.")
public record RejectTableRow(
    @Setting(example = "203.0.113.0/24", doc = "Network of the client.") Optional<Cidr> client,
    @Setting(
            example = "spam@example.net",
            doc = "Sender address, domain, or .domain for its subdomains.")
        Optional<AddressPattern> sender,
    @Setting(example = "old@project.example", doc = "Recipient address or domain.")
        Optional<AddressPattern> recipient,
    @Setting(fallback = "Refused by local rule", doc = "Text of the reply.") String text) {
  /** Checks the text. */
  public RejectTableRow {
    RejectRow.checkText(text);
  }

  /**
   * The row for a directory.
   *
   * @param delimiter of its names
   * @param caseSensitive its domains that distinguish names by case
   */
  public RejectRow row(RecipientDelimiter delimiter, Set<? extends MailHost> caseSensitive) {
    Optional<RejectMatch> ofRecipient =
        recipient.map(
            p ->
                new RejectMatch.Recipient(
                    p,
                    delimiter,
                    p instanceof AddressPattern.OneMailbox one
                        && caseSensitive.contains(one.mailbox().domain())));
    RejectMatch on =
        Stream.of(
                client.map(RejectMatch.Client::new),
                sender.map(RejectMatch.Sender::new),
                ofRecipient)
            .flatMap(Optional::<RejectMatch>stream)
            .findFirst()
            .orElseThrow();
    return new RejectRow(on, text);
  }
}
