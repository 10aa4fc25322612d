package org.sealwax.router.queue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.json.JsonLine;
import org.sealwax.mail.message.DeliveryStatus;
import org.sealwax.mail.message.DeliveryStatus.DsnAction;
import org.sealwax.mail.message.DeliveryStatus.ReturnedContent;
import org.sealwax.mail.message.StatusSentence;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.dkim.SigningOutput;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.queue.QueueStep.NoticeKind;
import org.sealwax.router.queue.QueueStep.NotifiedRecipient;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.RecipientBatch;

/** Writes our own messages: notifications to senders, summaries to the postmaster. */
final class NotificationWriter {
  /** Characters of a line of a letter: in UTF-8 fewer than 998 bytes (RFC 5322 2.1.1). */
  private static final int MAX_LINE = 300;

  /** The origin of our own messages, as the envelope has it. */
  static final String OWN_ORIGIN = "local";

  private final Queue queue;

  NotificationWriter(Queue queue) {
    this.queue = queue;
  }

  /**
   * A notification, ready to be stored with the change that causes it.
   *
   * @param kind for the log
   * @param to the notified address
   */
  record PreparedNotification(NewMessage message, String kind, Mailbox to) {}

  /** One notification for each kind of news. */
  List<PreparedNotification> notification(
      LoadedBatch notified, List<NotifiedRecipient> recipients, QueueSettings settings, Instant now)
      throws IOException {
    if (!(notified.envelope().sender() instanceof ReversePath.SenderMailbox(Mailbox mailbox))) {
      return List.of();
    }
    Map<NoticeKind, List<DeliveryStatus.DsnRecipient>> kinds = new EnumMap<>(NoticeKind.class);
    for (NotifiedRecipient t : recipients) {
      kinds
          .computeIfAbsent(t.notice(), k -> new ArrayList<>())
          .add(recipient(t, notified, settings.schedule()));
    }
    List<PreparedNotification> prepared = new ArrayList<>();
    for (Map.Entry<NoticeKind, List<DeliveryStatus.DsnRecipient>> kind : kinds.entrySet()) {
      prepared.add(
          make(
              notified,
              mailbox,
              kind.getKey() == NoticeKind.FAILED,
              kind.getValue(),
              settings,
              now));
    }
    return prepared;
  }

  /** A notification that an alias was expanded (RFC 3461 5.2.7.3). */
  PreparedNotification expanded(
      LoadedBatch notified,
      Mailbox sender,
      List<Recipient> expanded,
      QueueSettings settings,
      Instant now)
      throws IOException {
    return make(
        notified,
        sender,
        false,
        expanded.stream().map(r -> went(DsnAction.EXPANDED, r, null, null, null)).toList(),
        settings,
        now);
  }

  /** A recipient whose message went on. */
  private static DeliveryStatus.DsnRecipient went(
      DsnAction action,
      Recipient r,
      @Nullable String host,
      @Nullable String reply,
      @Nullable String tls) {
    return new DeliveryStatus.DsnRecipient(
        action, r.original(), r.dsn().originalRecipient(), "2.0.0", "", host, reply, tls, null);
  }

  private static DeliveryStatus.DsnRecipient recipient(
      NotifiedRecipient t, LoadedBatch notified, RetrySchedule schedule) {
    Recipient r = t.recipient();
    // RFC 3464 2.3.2: as it was when we accepted the message, not where an alias led.
    Mailbox address = r.original();
    // The target of an alias is private: a remote host's reply may name it.
    boolean hidden = !r.target().equals(new DeliveryTarget.Remote(address));
    Outcome.Delivered d = t.delivered();
    if (d != null) {
      return went(
          t.notice() == NoticeKind.DELIVERED ? DsnAction.DELIVERED : DsnAction.RELAYED,
          r,
          hidden ? null : d.host(),
          hidden ? null : d.reply(),
          d.tls());
    }
    FailureCause cause = r.last() == null ? QueueStep.unknown() : r.last();
    boolean delayed = t.notice() == NoticeKind.DELAYED;
    Reply reply = hidden ? null : cause.reply();
    return new DeliveryStatus.DsnRecipient(
        delayed ? DsnAction.DELAYED : DsnAction.FAILED,
        address,
        r.dsn().originalRecipient(),
        status(cause, delayed),
        !hidden && reply == null ? cause.text() : sentence(cause, delayed),
        hidden ? null : cause.host(),
        reply == null ? null : reply.toString(),
        null,
        delayed ? notified.arrived().plus(schedule.lifetime()) : null);
  }

  /** Our own text: a remote host's reply is next to it, where the sender may see it at all. */
  private static String sentence(FailureCause cause, boolean delayed) {
    String sentence =
        delayed ? StatusSentence.ofDelay(cause.status()) : StatusSentence.of(cause.status());
    return QueueStep.isGivenUp(cause)
        ? QueueStep.givenUpText(cause) + " Until then: " + sentence
        : sentence;
  }

  /** As the reply has it, but for the class: what is only late has 4 (RFC 3464 2.3.3, 2.3.4). */
  private static String status(FailureCause cause, boolean delayed) {
    Reply reply = cause.reply();
    int kind = delayed || reply != null && reply.isTransient() ? 4 : 5;
    return kind + "." + cause.status().subject() + "." + cause.status().detail();
  }

  private PreparedNotification make(
      LoadedBatch notified,
      Mailbox to,
      boolean failure,
      List<DeliveryStatus.DsnRecipient> recipients,
      QueueSettings settings,
      Instant now)
      throws IOException {
    MailOptions options = notified.envelope().options();
    boolean whole =
        failure
            && options.returnContent() != ReturnParameter.HEADERS
            // RFC 8689 5: what must not go unencrypted does not go back in full.
            && !options.requireTls()
            && options.body() != MailOptions.BodyType.BINARY
            && notified.size() <= settings.returnedContent();
    Draft draft = queue.spool.notificationDraft();
    boolean international;
    try (InputStream content = open(notified)) {
      ReturnedContent returned =
          content == null
              ? new ReturnedContent.Nothing()
              : whole
                  ? new ReturnedContent.FullMessage(content)
                  : new ReturnedContent.HeaderOnly(content);
      DeliveryStatus status =
          new DeliveryStatus(
              draft.id().text(),
              notified.id().text(),
              settings.hostName().name(),
              to,
              civil(now),
              civil(notified.arrived()),
              options.envelopeId(),
              recipients,
              returned);
      international = status.isInternational();
      try (OutputStream out = signed(draft, settings, now)) {
        status.writeTo(out);
      }
    }
    // RFC 8689 §5: a notification is protected like its message. A sender that does not require TLS
    // asks that for its own message, not for the notification.
    MailOptions.TlsOption tls =
        options.requireTls() ? MailOptions.TlsOption.REQUIRED : MailOptions.TlsOption.UNSPECIFIED;
    return new PreparedNotification(
        message(draft, to, isEightBit(draft.small()), international, tls, now),
        recipients.getFirst().action().name().toLowerCase(java.util.Locale.ROOT),
        to);
  }

  /** Where our own message is written: it is from postmaster at this host. */
  private OutputStream signed(Draft draft, QueueSettings settings, Instant now) {
    SigningPolicy signing = queue.signing();
    return new SigningOutput(
        draft,
        section -> signing.ownKeys(settings.hostName(), civil(now)),
        signing.pool(),
        civil(now));
  }

  private static boolean isEightBit(byte @Nullable [] content) {
    boolean found = false;
    for (int i = 0; content != null && i < content.length && !found; i++) {
      found = content[i] < 0;
    }
    return found;
  }

  /** A measured time as a date to display. */
  private Instant civil(Instant measured) {
    return measured.plus(Duration.between(queue.clock.now(), queue.clock.civilTime()));
  }

  private @Nullable InputStream open(LoadedBatch notified) {
    byte[] hot = notified.content();
    if (hot != null) {
      return new ByteArrayInputStream(hot);
    }
    try {
      return queue.spool.content(notified.id());
    } catch (IOException e) {
      queue.log.storeTrouble(
          "the content of "
              + notified.id()
              + " cannot be read; the notification is sent without it",
          e);
      return null;
    }
  }

  private NewMessage message(
      Draft draft,
      Mailbox to,
      boolean eightBit,
      boolean international,
      MailOptions.TlsOption tls,
      Instant now) {
    MailOptions options =
        new MailOptions(
            eightBit ? MailOptions.BodyType.EIGHT_BIT : MailOptions.BodyType.SEVEN_BIT,
            international,
            null,
            ReturnParameter.UNSPECIFIED,
            tls);
    List<DeliveryTarget> targets = queue.routing.targetsOf(to);
    Envelope envelope =
        new Envelope(ReversePath.nullPath(), options, OWN_ORIGIN, "", "", "", targets.size());
    // RFC 3461 5.2: notifications themselves ask for none.
    DsnRequest dsn = new DsnRequest(java.util.Set.of(), true, null);
    List<Recipient> recipients = Recipient.ofOwnMessage(to, targets, ReversePath.nullPath(), dsn);
    List<RecipientBatch> batches =
        RecipientGroup.of(recipients, tls, queue.routing, queue.settings().recipientsPerRound())
            .stream()
            .map(g -> g.group().stored(draft.id(), BatchState.QUEUED, now, g.hop(), ""))
            .toList();
    return new NewMessage(draft, now, QueueRecordCodec.ENVELOPE.write(envelope), batches);
  }

  /** A letter to the postmaster in plain text. */
  PreparedNotification postmasterMessage(
      Mailbox to, String subject, List<String> lines, QueueSettings settings, Instant now)
      throws IOException {
    Draft draft = queue.spool.notificationDraft();
    String host = settings.hostName().name();
    StringBuilder text = new StringBuilder();
    text.append("Date: ").append(DeliveryStatus.date(civil(now))).append("\r\n");
    text.append("From: Mail router <postmaster@").append(host).append(">\r\n");
    text.append("To: <").append(to).append(">\r\n");
    text.append("Subject: ").append(subject).append("\r\n");
    text.append("Message-ID: <").append(draft.id()).append('@').append(host).append(">\r\n");
    text.append("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
    text.append("Content-Type: text/plain; charset=utf-8\r\n");
    text.append("Content-Transfer-Encoding: 8bit\r\n\r\n");
    for (String line : lines) {
      JsonLine.escape(line, MAX_LINE, false, text);
      text.append("\r\n");
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    try (OutputStream out = signed(draft, settings, now)) {
      out.write(bytes);
    }
    NewMessage message =
        message(
            draft, to, isEightBit(bytes), !to.isAscii(), MailOptions.TlsOption.UNSPECIFIED, now);
    return new PreparedNotification(message, "summary", to);
  }
}
