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
import org.sealwax.mail.message.DeliveryStatus;
import org.sealwax.mail.message.DeliveryStatus.Action;
import org.sealwax.mail.message.DeliveryStatus.Returned;
import org.sealwax.mail.message.StatusSentence;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.QueueStep.Notice;
import org.sealwax.router.queue.QueueStep.Told;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Share;
import org.sealwax.router.spool.ShareKey;
import org.sealwax.router.spool.ShareState;
import org.sealwax.router.spool.Spool;

/** Makes messages of our own: notifications to senders, summaries to the postmaster. */
final class Notices {
  /** Where messages of our own come from, in the envelope's words. */
  static final String OWN_ORIGIN = "local";

  private final Spool spool;
  private final Routing routing;
  private final Clock clock;
  private final MailLog log;

  Notices(Spool spool, Routing routing, Clock clock, MailLog log) {
    this.spool = spool;
    this.routing = routing;
    this.clock = clock;
    this.log = log;
  }

  /**
   * A notification, ready to be stored with the change that causes it.
   *
   * @param kind for the log
   * @param to who is told
   */
  record Made(NewMessage message, String kind, Mailbox to) {}

  /**
   * The message that a notification is about.
   *
   * @param content in memory, or null when it has to be read from the store
   */
  @SuppressWarnings("ArrayRecordComponent") // never changed, never compared
  record Subject(
      QueueId id, Envelope envelope, Instant arrived, long size, byte @Nullable [] content) {}

  /** One notification for each kind of news. */
  List<Made> about(Subject subject, List<Told> told, QueueSettings settings, Instant now)
      throws IOException {
    if (told.isEmpty()
        || !(subject.envelope().sender() instanceof ReversePath.Sender(Mailbox mailbox))) {
      return List.of();
    }
    Map<Notice, List<DeliveryStatus.Recipient>> kinds = new EnumMap<>(Notice.class);
    for (Told t : told) {
      kinds
          .computeIfAbsent(t.notice(), k -> new ArrayList<>())
          .add(recipient(t, subject, settings.schedule()));
    }
    List<Made> made = new ArrayList<>();
    for (Map.Entry<Notice, List<DeliveryStatus.Recipient>> kind : kinds.entrySet()) {
      made.add(
          make(subject, mailbox, kind.getKey() == Notice.FAILED, kind.getValue(), settings, now));
    }
    return made;
  }

  /** A notification that an alias was expanded (RFC 3461 5.2.7.3). */
  Made expanded(
      Subject subject,
      Mailbox sender,
      List<NewRecipient> expanded,
      QueueSettings settings,
      Instant now)
      throws IOException {
    List<DeliveryStatus.Recipient> recipients = new ArrayList<>();
    for (NewRecipient r : expanded) {
      recipients.add(
          new DeliveryStatus.Recipient(
              Action.EXPANDED,
              r.original(),
              r.wish().originalRecipient(),
              "2.0.0",
              "",
              null,
              null,
              null,
              null));
    }
    return make(subject, sender, false, recipients, settings, now);
  }

  private static DeliveryStatus.Recipient recipient(
      Told t, Subject subject, RetrySchedule schedule) {
    QueuedRecipient r = t.recipient();
    // RFC 3464 2.3.2: as it was when we accepted the message, not where an alias led.
    Mailbox address = r.original();
    // Where the alias leads is its owner's affair: what a remote host says may name the target.
    boolean hidden = !r.target().equals(new Target.Remote(address));
    Outcome.Delivered d = t.delivered();
    if (d != null) {
      return new DeliveryStatus.Recipient(
          t.notice() == Notice.DELIVERED ? Action.DELIVERED : Action.RELAYED,
          address,
          r.wish().originalRecipient(),
          "2.0.0",
          "",
          hidden ? null : d.host(),
          hidden ? null : d.reply(),
          d.tls(),
          null);
    }
    Cause cause = t.cause() == null ? QueueStep.unknown() : t.cause();
    boolean delayed = t.notice() == Notice.DELAYED;
    Reply reply = hidden ? null : cause.reply();
    return new DeliveryStatus.Recipient(
        delayed ? Action.DELAYED : Action.FAILED,
        address,
        r.wish().originalRecipient(),
        status(cause, delayed),
        sentence(cause, hidden, reply),
        hidden ? null : cause.host(),
        reply == null ? null : reply.toString(),
        null,
        delayed ? subject.arrived().plus(schedule.lifetime()) : null);
  }

  /** Our own words: what a remote host said stands beside them, where it may be seen at all. */
  private static String sentence(Cause cause, boolean hidden, @Nullable Reply reply) {
    if (!hidden && reply == null) {
      return cause.text();
    }
    String sentence = StatusSentence.of(cause.status());
    return QueueStep.isGivenUp(cause)
        ? QueueStep.whoGaveUp(cause) + " Until then: " + sentence
        : sentence;
  }

  /** As the reply has it, but for the class: what is only late has 4 (RFC 3464 2.3.3, 2.3.4). */
  private static String status(Cause cause, boolean delayed) {
    Reply reply = cause.reply();
    int kind = delayed || reply != null && reply.isTransient() ? 4 : 5;
    return kind + "." + cause.status().subject() + "." + cause.status().detail();
  }

  private Made make(
      Subject subject,
      Mailbox to,
      boolean failure,
      List<DeliveryStatus.Recipient> recipients,
      QueueSettings settings,
      Instant now)
      throws IOException {
    MailOptions options = subject.envelope().options();
    boolean whole =
        failure
            && options.returnContent() != MailOptions.Return.HEADERS
            // RFC 8689 5: what must not go in clear does not go back in full.
            && !options.requireTls()
            && options.body() != MailOptions.Body.BINARY
            && subject.size() <= settings.returnedContent();
    Draft draft = spool.ownDraft();
    boolean international;
    boolean eightBit = false;
    try (InputStream content = open(subject)) {
      Returned returned =
          content == null
              ? new Returned.Nothing()
              : whole ? new Returned.Whole(content) : new Returned.Header(content);
      DeliveryStatus status =
          new DeliveryStatus(
              draft.id().text(),
              subject.id().text(),
              settings.hostName().name(),
              to,
              civil(now),
              civil(subject.arrived()),
              options.envelopeId(),
              recipients,
              returned);
      international = status.isInternational();
      status.writeTo(draft.content());
    }
    byte[] bytes = draft.small();
    for (int i = 0; bytes != null && i < bytes.length && !eightBit; i++) {
      eightBit = bytes[i] < 0;
    }
    MailOptions own =
        new MailOptions(
            eightBit ? MailOptions.Body.EIGHT_BIT : MailOptions.Body.SEVEN_BIT,
            international,
            null,
            MailOptions.Return.UNSPECIFIED,
            // RFC 8689 §5: what tells of such a message is guarded like it. A sender for whom TLS
            // was unimportant said so of his message, not of what we write.
            options.requireTls() ? MailOptions.Tls.REQUIRED : MailOptions.Tls.UNSPECIFIED);
    return new Made(
        message(draft, to, own, now),
        recipients.getFirst().action().name().toLowerCase(java.util.Locale.ROOT),
        to);
  }

  /** A measured time as the date for a person. */
  private Instant civil(Instant measured) {
    return measured.plus(Duration.between(clock.now(), clock.civil()));
  }

  private @Nullable InputStream open(Subject subject) {
    byte[] hot = subject.content();
    if (hot != null) {
      return new ByteArrayInputStream(hot);
    }
    try {
      return spool.content(subject.id());
    } catch (IOException e) {
      log.storeTrouble(
          "the content of " + subject.id() + " cannot be read; its notification goes without", e);
      return null;
    }
  }

  private NewMessage message(Draft draft, Mailbox to, MailOptions options, Instant now) {
    Envelope envelope = new Envelope(ReversePath.nullPath(), options, OWN_ORIGIN, "", "", 1);
    // RFC 3461 5.2: notifications themselves ask for none.
    DsnWish wish = new DsnWish(java.util.Set.of(), true, null);
    Target target = new Target.Remote(to);
    QueuedRecipient recipient = new QueuedRecipient(0, target, to, false, wish, false, null);
    RecipientGroup group = new RecipientGroup(ReversePath.nullPath(), null, 0, List.of(recipient));
    Share share =
        new Share(
            new ShareKey(draft.id(), 0),
            ShareState.QUEUED,
            now,
            Line.of(routing.nextHopFor(target), options.tls()),
            "",
            "",
            RecordForm.group(group));
    return new NewMessage(draft, now, RecordForm.envelope(envelope), List.of(share));
  }

  /** A letter to the postmaster in plain text. */
  Made letter(Mailbox to, String subject, List<String> lines, QueueSettings settings, Instant now)
      throws IOException {
    Draft draft = spool.ownDraft();
    String host = settings.hostName().name();
    StringBuilder text = new StringBuilder();
    boolean utf8 = !to.isAscii() || !lines.stream().allMatch(Notices::isAscii);
    text.append("Date: ").append(DeliveryStatus.date(civil(now))).append("\r\n");
    text.append("From: Mail router <postmaster@").append(host).append(">\r\n");
    text.append("To: <").append(to).append(">\r\n");
    text.append("Subject: ").append(subject).append("\r\n");
    text.append("Message-ID: <").append(draft.id()).append('@').append(host).append(">\r\n");
    text.append("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
    text.append("Content-Type: text/plain; charset=utf-8\r\n");
    text.append("Content-Transfer-Encoding: 8bit\r\n\r\n");
    for (String line : lines) {
      text.append(line.replaceAll("\\p{Cntrl}", " ")).append("\r\n");
    }
    try (OutputStream out = draft.content()) {
      out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    }
    MailOptions options =
        new MailOptions(
            utf8 ? MailOptions.Body.EIGHT_BIT : MailOptions.Body.SEVEN_BIT,
            !to.isAscii(),
            null,
            MailOptions.Return.UNSPECIFIED,
            MailOptions.Tls.UNSPECIFIED);
    return new Made(message(draft, to, options, now), "summary", to);
  }

  private static boolean isAscii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }
}
