package org.sealwax.router.deliver;

import java.util.List;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.MailOptions;

/**
 * What a round is for, as far as it shapes the round.
 *
 * @param use of its connections
 * @param id for the log: the queue id, or what stands for it
 * @param destination the domain of the recipients, or their address literal; of several, one for
 *     which the same policy rows were written
 * @param tls what the message itself demands or waives (RFC 8689)
 * @param hasSender whether the reverse-path is not null
 * @param slot the delivery slot in which it runs
 */
record RoundPurpose(
    ConnectionUse use,
    String id,
    MailHost destination,
    MailOptions.TlsOption tls,
    boolean hasSender,
    DeliverySlot slot) {
  /**
   * The use of connections. Those of different use are never used for one another: a probe's have
   * short times and are not counted.
   */
  enum ConnectionUse {
    MAIL,
    VERIFICATION,
    DRY_RUN
  }

  /** To deliver mail. */
  static RoundPurpose of(Consignment consignment) {
    return new RoundPurpose(
        ConnectionUse.MAIL,
        consignment.id().text(),
        consignment.recipients().getFirst().target().mailbox().domain(),
        consignment.options().tls(),
        consignment.sender().mailboxIfAny().isPresent(),
        consignment.slot());
  }

  /** To verify a recipient. */
  static RoundPurpose verify(Mailbox recipient) {
    return new RoundPurpose(
        ConnectionUse.VERIFICATION,
        "probe",
        recipient.domain(),
        MailOptions.TlsOption.UNSPECIFIED,
        false,
        DeliverySlot.unlimited());
  }

  /**
   * To find out how mail would be treated.
   *
   * @param message what the message in question demands or waives
   */
  static RoundPurpose dryRun(MailHost destination, MailOptions.TlsOption message) {
    return new RoundPurpose(
        ConnectionUse.DRY_RUN, "explain", destination, message, true, DeliverySlot.unlimited());
  }

  /** What the message itself demands or waives; empty when it does neither. */
  List<Evidence> evidence() {
    return switch (tls) {
      case UNSPECIFIED -> List.of();
      case REQUIRED -> List.of(new Evidence.RequireTls());
      case OPTIONAL, REPORT -> List.of(new Evidence.TlsRequiredNo());
    };
  }

  /**
   * Whether a host that is otherwise good enough must know REQUIRETLS. Not for the null
   * reverse-path: a notification is not lost for it (RFC 8689 5).
   */
  boolean needsRequireTls() {
    return tls == MailOptions.TlsOption.REQUIRED && hasSender;
  }

  /**
   * Whether the ledger may learn from it: senders must not choose what is learnt, so not with a
   * null reverse-path, and not from a question.
   */
  boolean updatesLedger() {
    return use == ConnectionUse.MAIL && hasSender;
  }

  /**
   * Whether its sessions are counted for TLS reports. Not those that carry one of our reports: the
   * next one would be about the last one, for ever (RFC 8460 section 3).
   */
  boolean isReported() {
    return use != ConnectionUse.DRY_RUN && tls != MailOptions.TlsOption.REPORT;
  }

  /**
   * Separates idle connections: a session that was not counted must not carry mail whose sessions
   * count.
   */
  String connectionUse() {
    return switch (use) {
      case MAIL -> isReported() ? "" : "|report";
      case VERIFICATION -> "|probe";
      case DRY_RUN -> "|inquiry";
    };
  }
}
