package org.sealwax.router.deliver;

import java.util.List;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.MailOptions;

/**
 * What a round is for, as far as it shapes the round: mail, a question about a recipient, or a dry
 * run.
 *
 * @param id for the log: the queue id, or what stands for it
 * @param destination the domain of the recipients, or their address literal; of several, one for
 *     which the same policy rows were written
 * @param evidence what the message itself demands or waives (RFC 8689); empty when it does neither
 * @param needsRequireTls a host that is otherwise good enough must know REQUIRETLS too. Not for the
 *     null reverse-path: a notification is not lost for it (RFC 8689 5)
 * @param updatesLedger the ledger may learn from it: senders must not choose what is learnt, so not
 *     with a null reverse-path, and not from a question
 * @param isReported its sessions are counted for TLS reports. Not those that carry one of our
 *     reports: the next one would be about the last one, for ever (RFC 8460 section 3)
 * @param connectionUse separates connections of different use: they are never used for one another.
 *     A probe's have short times and are not counted; a session that was not counted must not carry
 *     mail whose sessions count
 * @param slot the delivery slot in which it runs
 */
record RoundPurpose(
    String id,
    MailHost destination,
    List<Evidence> evidence,
    boolean needsRequireTls,
    boolean updatesLedger,
    boolean isReported,
    String connectionUse,
    DeliverySlot slot) {
  /** To deliver mail. */
  static RoundPurpose of(Consignment consignment) {
    boolean hasSender = consignment.sender().mailboxIfAny().isPresent();
    boolean reported = consignment.options().tls() != MailOptions.TlsOption.REPORT;
    return new RoundPurpose(
        consignment.id().text(),
        consignment.recipients().getFirst().target().mailbox().domain(),
        evidence(consignment.options().tls()),
        consignment.options().requireTls() && hasSender,
        hasSender,
        reported,
        reported ? "" : "|report",
        consignment.slot());
  }

  /** To verify a recipient. */
  static RoundPurpose verify(Mailbox recipient) {
    return new RoundPurpose(
        "probe",
        recipient.domain(),
        List.of(),
        false,
        false,
        true,
        "|probe",
        DeliverySlot.unlimited());
  }

  /**
   * To find out how mail would be treated.
   *
   * @param message what the message in question demands or waives
   */
  static RoundPurpose dryRun(MailHost destination, MailOptions.TlsOption message) {
    return new RoundPurpose(
        "explain",
        destination,
        evidence(message),
        message == MailOptions.TlsOption.REQUIRED,
        false,
        false,
        "|inquiry",
        DeliverySlot.unlimited());
  }

  private static List<Evidence> evidence(MailOptions.TlsOption message) {
    return switch (message) {
      case UNSPECIFIED -> List.of();
      case REQUIRED -> List.of(new Evidence.RequireTls());
      case OPTIONAL, REPORT -> List.of(new Evidence.TlsRequiredNo());
    };
  }
}
