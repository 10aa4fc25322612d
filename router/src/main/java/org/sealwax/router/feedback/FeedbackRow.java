package org.sealwax.router.feedback;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * {@code [feedback]}.
 *
 * @param addresses mail to these is read as reports
 * @param keep how long counts are kept
 */
@SettingTable(
    name = "feedback",
    purpose =
        "Reports of others about our mail: abuse reports (ARF, RFC 5965), DMARC aggregate reports (RFC 9990), and bounces to rewritten senders; sealwax feedback sums them up.")
public record FeedbackRow(
    @Setting(
            example = "feedback@project.example",
            doc =
                "Addresses whose mail is read as abuse reports and DMARC aggregate reports: give one to the feedback loops of large receivers and publish one as rua=mailto: in DMARC records. They take precedence over the alias file; mail without a report is put aside in the state folder, so do not use an address that people write to.")
        List<Mailbox> addresses,
    @Setting(
            fallback = "90d",
            least = "2d",
            most = "731d",
            doc = "Retention of the counts after the day that they are about.")
        Duration keep) {
  /** Copies. */
  public FeedbackRow {
    addresses = List.copyOf(addresses);
  }

  /** Whether mail to an address is read as reports; its local part has no case. */
  public boolean reads(Mailbox address) {
    return addresses.stream()
        .anyMatch(
            a ->
                a.domain().equals(address.domain())
                    && LocalPart.folded(a.localPart())
                        .equals(LocalPart.folded(address.localPart())));
  }
}
