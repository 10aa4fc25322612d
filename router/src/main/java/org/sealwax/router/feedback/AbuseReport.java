package org.sealwax.router.feedback;

import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.HeaderField;
import org.sealwax.mail.message.HeaderSection;

/**
 * A report in the Abuse Reporting Format (RFC 5965): a recipient complained about a message, or a
 * receiver reports one. Its clients, times and numbers of incidents are not read.
 *
 * @param type Feedback-Type in lower case; {@code other} where it is not registered
 * @param targets addresses in Original-Rcpt-To: often left out, for the privacy of the recipient
 * @param aliases as in {@link StatusReport}
 */
record AbuseReport(String type, List<Mailbox> targets, List<Mailbox> aliases) {
  /** The part that makes a message a report of this kind. */
  static final String PART = "message/feedback-report";

  /** Original-Rcpt-To fields that are read. */
  static final int MAX_TARGETS = 10;

  /** RFC 5965 section 7.3, RFC 6430, RFC 6591. */
  private static final Set<String> TYPES =
      Set.of("abuse", "fraud", "virus", "not-spam", "auth-failure", "opt-out", "other");

  AbuseReport {
    targets = List.copyOf(targets);
    aliases = List.copyOf(aliases);
  }

  /** Reads a message. */
  static ReportParse<AbuseReport> in(InputStream message) {
    return switch (StatusReport.in(message, List.of(PART))) {
      case ReportParse.Unreadable<StatusReport>(String why) -> new ReportParse.Unreadable<>(why);
      case ReportParse.Report<StatusReport>(StatusReport report) -> of(report);
    };
  }

  private static ReportParse<AbuseReport> of(StatusReport report) {
    HeaderSection fields = report.groups().getFirst();
    Optional<String> type =
        StatusReport.field(fields, "Feedback-Type").map(text -> text.toLowerCase(Locale.ROOT));
    // RFC 5965 section 3.1: these three once each, and nothing but one group.
    if (report.groups().size() != 1
        || type.isEmpty()
        || StatusReport.field(fields, "User-Agent").isEmpty()
        || StatusReport.field(fields, "Version").isEmpty()) {
      return new ReportParse.Unreadable<>("no Feedback-Type, User-Agent or Version");
    }
    return new ReportParse.Report<>(
        new AbuseReport(
            TYPES.contains(type.get()) ? type.get() : "other",
            fields.named("Original-Rcpt-To").stream()
                .limit(MAX_TARGETS)
                .map(HeaderField::text)
                .flatMap(text -> StatusReport.mailbox(text).stream())
                .toList(),
            report.aliases()));
  }
}
