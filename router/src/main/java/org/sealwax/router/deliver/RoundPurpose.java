package org.sealwax.router.deliver;

import java.io.InputStream;
import java.time.Instant;
import java.util.List;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.spool.QueueId;

/**
 * What a round is for, as far as it shapes the round.
 *
 * @param use of its connections
 * @param consignment what it carries; without mail, an envelope that stands for what would be
 *     carried: its recipients have one domain, or domains with the same policy rows
 */
record RoundPurpose(ConnectionUse use, Consignment consignment) {
  /** Stands for the message where there is none. */
  private static final QueueId NO_MESSAGE = new QueueId("withoutmail");

  /**
   * The use of connections. Those of different use are never used for one another: a probe's have
   * short times and are not counted.
   */
  enum ConnectionUse {
    MAIL,
    VERIFICATION,
    DRY_RUN
  }

  /** To verify a recipient. */
  static RoundPurpose verify(Mailbox recipient, NextHop nextHop) {
    return withoutMail(
        ConnectionUse.VERIFICATION,
        ReversePath.nullPath(),
        recipient,
        MailOptions.TlsOption.UNSPECIFIED,
        nextHop);
  }

  /**
   * To learn how mail would be treated.
   *
   * @param message what the message in question demands or waives
   */
  static RoundPurpose dryRun(MailHost destination, MailOptions.TlsOption message, NextHop nextHop) {
    Mailbox anybody = new Mailbox("postmaster", destination);
    return withoutMail(ConnectionUse.DRY_RUN, ReversePath.of(anybody), anybody, message, nextHop);
  }

  private static RoundPurpose withoutMail(
      ConnectionUse use,
      ReversePath sender,
      Mailbox recipient,
      MailOptions.TlsOption tls,
      NextHop nextHop) {
    return new RoundPurpose(
        use,
        new Consignment(
            NO_MESSAGE,
            sender,
            new MailOptions(
                MailOptions.BodyType.SEVEN_BIT, false, null, ReturnParameter.UNSPECIFIED, tls),
            nextHop,
            List.of(Recipient.direct(recipient, sender, DsnRequest.none())),
            null,
            Instant.EPOCH,
            1,
            0,
            InputStream::nullInputStream,
            DeliverySlot.unlimited()));
  }

  /** For the log: the queue id, or what stands for it. */
  String id() {
    return switch (use) {
      case MAIL -> consignment.id().text();
      case VERIFICATION -> "probe";
      case DRY_RUN -> "explain";
    };
  }

  NextHop nextHop() {
    return consignment.nextHop();
  }

  /** The domain of the recipients, or their address literal. */
  MailHost destination() {
    return consignment.recipients().getFirst().target().mailbox().domain();
  }

  private MailOptions.TlsOption tls() {
    return consignment.options().tls();
  }

  private boolean hasSender() {
    return consignment.sender() instanceof ReversePath.SenderMailbox;
  }

  /** The delivery slot in which it runs. */
  DeliverySlot slot() {
    return consignment.slot();
  }

  /** What the message itself demands or waives; empty when it does neither. */
  List<Evidence> evidence() {
    return switch (tls()) {
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
    return tls() == MailOptions.TlsOption.REQUIRED && hasSender();
  }

  /**
   * Why it connects, for the ledger: senders must not choose what is learnt, so neither mail with a
   * null reverse-path counts, nor a question.
   */
  SampleOrigin sampleOrigin() {
    return use == ConnectionUse.MAIL && hasSender() ? SampleOrigin.MAIL : SampleOrigin.OTHER;
  }

  /**
   * Whether its sessions are counted for TLS reports. Not those that carry one of our reports: each
   * report would cause the next one, without end (RFC 8460 section 3).
   */
  boolean isReported() {
    return use != ConnectionUse.DRY_RUN && tls() != MailOptions.TlsOption.REPORT;
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
