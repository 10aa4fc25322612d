package org.sealwax.router.reports;

import java.io.IOException;
import java.util.Set;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.tlsrpt.ReportAddress;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;

/** Hands a report to the queue. */
final class ReportQueueing {
  private ReportQueueing() {}

  /** The queue identifier; the message is on stable storage. */
  static String queue(Intake intake, Mailbox from, ReportAddress.ByMail address, byte[] message)
      throws IOException {
    ReversePath sender = ReversePath.of(from);
    // RFC 8460 §3: broken TLS at the domain must not keep the report about it from arriving, and
    // the sessions that carry it are not counted for the next one.
    MailOptions options =
        new MailOptions(
            MailOptions.BodyType.SEVEN_BIT,
            false,
            null,
            ReturnParameter.HEADERS,
            MailOptions.TlsOption.REPORT);
    try (Intake.IncomingMessage entry = intake.open()) {
      entry.content().write(message);
      entry.commit(
          Envelope.own(sender, options, "tlsrpt"),
          intake.ownRecipients(address.mailbox(), sender, new DsnRequest(Set.of(), true, null)));
      return entry.id().toString();
    }
  }
}
