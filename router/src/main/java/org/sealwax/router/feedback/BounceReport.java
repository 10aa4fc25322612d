package org.sealwax.router.feedback;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.smtp.EnhancedStatus;

/**
 * A delivery status notification of another server (RFC 3464).
 *
 * @param reporter host that wrote it, by its own name; empty where that is not a domain
 * @param recipients at least one
 * @param aliases as in {@link StatusReport}
 */
record BounceReport(
    Optional<Domain> reporter, List<BouncedRecipient> recipients, List<Mailbox> aliases) {
  private static final List<String> TYPES =
      List.of("message/delivery-status", "message/global-delivery-status");

  private static final Set<String> ACTIONS =
      Set.of("failed", "delayed", "delivered", "relayed", "expanded");

  BounceReport {
    recipients = List.copyOf(recipients);
    aliases = List.copyOf(aliases);
  }

  /**
   * The result of one recipient.
   *
   * @param address Final-Recipient; empty where it is not a mailbox
   * @param action in lower case: one of five words
   * @param status enhanced status code
   */
  record BouncedRecipient(Optional<Mailbox> address, String action, EnhancedStatus status) {}

  /** Reads a message. */
  static ReportParse<BounceReport> in(InputStream message) {
    return switch (StatusReport.in(message, TYPES)) {
      case ReportParse.Unreadable<StatusReport>(String why) -> new ReportParse.Unreadable<>(why);
      case ReportParse.Report<StatusReport>(StatusReport report) -> of(report);
    };
  }

  private static ReportParse<BounceReport> of(StatusReport report) {
    HeaderSection first = report.groups().getFirst();
    List<BouncedRecipient> recipients = new ArrayList<>();
    for (HeaderSection group : report.groups().subList(1, report.groups().size())) {
      Optional<String> action =
          StatusReport.field(group, "Action")
              .map(text -> text.toLowerCase(Locale.ROOT))
              .filter(ACTIONS::contains);
      // Comments may follow it: "5.1.1 (bad destination mailbox address)".
      Optional<EnhancedStatus> status =
          StatusReport.field(group, "Status")
              .flatMap(text -> EnhancedStatus.parse(text.split("[ \t(]", 2)[0]));
      if (action.isEmpty() || status.isEmpty()) {
        return new ReportParse.Unreadable<>("a recipient without Action or Status");
      }
      recipients.add(
          new BouncedRecipient(
              StatusReport.typed(group, "Final-Recipient").flatMap(StatusReport::mailbox),
              action.get(),
              status.get()));
    }
    return recipients.isEmpty()
        ? new ReportParse.Unreadable<>("no recipient in it")
        : new ReportParse.Report<>(
            new BounceReport(
                StatusReport.typed(first, "Reporting-MTA").flatMap(Domain::parse),
                recipients,
                report.aliases()));
  }
}
