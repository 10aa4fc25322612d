package org.sealwax.router.queue;

import static org.sealwax.router.store.FieldCodec.COUNT;
import static org.sealwax.router.store.FieldCodec.FLAG;
import static org.sealwax.router.store.FieldCodec.NUMBER;
import static org.sealwax.router.store.FieldCodec.TEXT;
import static org.sealwax.router.store.FieldCodec.TIME;
import static org.sealwax.router.store.FieldCodec.choice;
import static org.sealwax.router.store.FieldCodec.list;
import static org.sealwax.router.store.FieldCodec.optional;
import static org.sealwax.router.store.FieldCodec.record;

import java.net.InetAddress;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.DsnRequest.NotifyEvent;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.DeliveryTarget.Pipe;
import org.sealwax.router.queue.DeliveryTarget.Postmaster;
import org.sealwax.router.queue.DeliveryTarget.Remote;
import org.sealwax.router.queue.DeliveryTarget.Reports;
import org.sealwax.router.queue.FailureCause.Extent;
import org.sealwax.router.queue.MailOptions.BodyType;
import org.sealwax.router.queue.MailOptions.TlsOption;
import org.sealwax.router.queue.TraceEntry.MessageArrival;
import org.sealwax.router.queue.TraceEntry.RecipientEvent;
import org.sealwax.router.queue.TraceEntry.RecipientTrace;
import org.sealwax.router.store.FieldCodec;
import org.sealwax.router.store.RecordCodec;

/** The rows of the queue: what the spool keeps of a message, of its recipients, of its trace. */
final class QueueRecordCodec {
  private static final String WHAT = "a record of the queue";
  private static final int VERSION = 1;

  private static final FieldCodec<@Nullable String> OPTIONAL_TEXT = optional(TEXT);

  private static final FieldCodec<Mailbox> MAILBOX =
      FieldCodec.of(
          (out, mailbox) -> {
            TEXT.write(out, mailbox.localPart());
            TEXT.write(out, AddressLiteral.expanded(mailbox.domain().toString()));
          },
          in -> new Mailbox(TEXT.read(in), host(TEXT.read(in))));

  private static final FieldCodec<ReversePath> PATH =
      optional(MAILBOX)
          .as(
              path -> path instanceof ReversePath.SenderMailbox s ? s.mailbox() : null,
              mailbox -> mailbox == null ? ReversePath.nullPath() : ReversePath.of(mailbox));

  private static final FieldCodec<EnhancedStatus> STATUS =
      record(
          f ->
              new EnhancedStatus(
                  f.next(COUNT, EnhancedStatus::kind),
                  f.next(COUNT, EnhancedStatus::subject),
                  f.next(COUNT, EnhancedStatus::detail)));

  private static final FieldCodec<BodyType> BODY =
      choice(List.of(BodyType.SEVEN_BIT, BodyType.EIGHT_BIT, BodyType.BINARY));

  private static final FieldCodec<ReturnParameter> RETURN =
      choice(List.of(ReturnParameter.UNSPECIFIED, ReturnParameter.HEADERS, ReturnParameter.FULL));

  /** The first two stand where records of version 0.1 have a flag for REQUIRETLS. */
  private static final FieldCodec<TlsOption> TLS_OPTION =
      choice(
          List.of(TlsOption.UNSPECIFIED, TlsOption.REQUIRED, TlsOption.OPTIONAL, TlsOption.REPORT));

  private static final FieldCodec<MailOptions> OPTIONS =
      record(
          f ->
              new MailOptions(
                  f.next(BODY, MailOptions::body),
                  f.next(FLAG, MailOptions::smtputf8),
                  f.next(OPTIONAL_TEXT, MailOptions::envelopeId),
                  f.next(RETURN, MailOptions::returnContent),
                  f.next(TLS_OPTION, MailOptions::tls)));

  private static final FieldCodec<Reply> REPLY =
      record(
          f ->
              new Reply(
                  f.next(COUNT, Reply::code),
                  f.next(optional(STATUS), Reply::status),
                  f.next(list(TEXT), Reply::lines)));

  private static final List<Extent> EXTENTS =
      List.of(Extent.RECIPIENT, Extent.MESSAGE, Extent.NEXT_HOP);

  private static final FieldCodec<FailureCause> CAUSE =
      record(
          f -> {
            String reason = f.next(TEXT, FailureCause::reason);
            EnhancedStatus status = f.next(STATUS, FailureCause::status);
            String text = f.next(TEXT, FailureCause::text);
            String host = f.next(OPTIONAL_TEXT, FailureCause::host);
            Reply reply = f.next(optional(REPLY), FailureCause::reply);
            // One number for both: records of version 0.1 have the extent alone.
            int extent =
                f.next(
                    COUNT,
                    c -> EXTENTS.indexOf(kept(c.scope())) + (c.remembered() ? EXTENTS.size() : 0));
            if (extent >= 2 * EXTENTS.size()) {
              throw new IllegalArgumentException("extent " + extent);
            }
            return new FailureCause(
                reason,
                status,
                text,
                host,
                reply,
                EXTENTS.get(extent % EXTENTS.size()),
                extent >= EXTENTS.size(),
                null);
          });

  private static final FieldCodec<Class<? extends DeliveryTarget>> KIND =
      choice(List.of(Remote.class, Pipe.class, Postmaster.class, Reports.class));

  /** The kind of target, and what that kind has. */
  private static final FieldCodec<DeliveryTarget> TARGET =
      record(
          f -> {
            Class<? extends DeliveryTarget> kind = f.next(KIND, DeliveryTarget::getClass);
            String pipe =
                kind == Pipe.class ? f.next(TEXT, t -> t instanceof Pipe p ? p.pipe() : "") : "";
            Mailbox mailbox = f.next(MAILBOX, DeliveryTarget::mailbox);
            return kind == Remote.class
                ? new Remote(mailbox)
                : kind == Pipe.class
                    ? new Pipe(pipe, mailbox)
                    : kind == Postmaster.class ? new Postmaster(mailbox) : new Reports(mailbox);
          });

  private static final List<NotifyEvent> EVENTS =
      List.of(NotifyEvent.SUCCESS, NotifyEvent.FAILURE, NotifyEvent.DELAY);

  /** A bit for each event and one for NEVER; then ORCPT. */
  private static final FieldCodec<DsnRequest> DSN =
      record(
          f -> {
            int bits = f.next(COUNT, QueueRecordCodec::bits);
            Set<NotifyEvent> when = EnumSet.noneOf(NotifyEvent.class);
            for (int i = 0; i < EVENTS.size(); i++) {
              if ((bits & 1 << i) != 0) {
                when.add(EVENTS.get(i));
              }
            }
            return new DsnRequest(
                when, (bits & 8) != 0, f.next(OPTIONAL_TEXT, DsnRequest::originalRecipient));
          });

  /** A recipient of a group, which has the sender and the forward of all of them. */
  private static FieldCodec<Recipient> recipient(ReversePath sender, boolean forwarded) {
    return record(
        f -> {
          long key = f.next(NUMBER, Recipient::key);
          DeliveryTarget target = f.next(TARGET, Recipient::target);
          boolean same =
              f.next(FLAG, r -> r.target() instanceof Remote t && t.mailbox().equals(r.original()));
          return new Recipient(
              key,
              target,
              sender,
              same ? target.mailbox() : f.next(MAILBOX, Recipient::original),
              forwarded,
              f.next(FLAG, Recipient::holdOnRefusal),
              f.next(DSN, Recipient::dsn),
              f.next(FLAG, Recipient::delayNotified),
              f.next(optional(CAUSE), Recipient::last));
        });
  }

  /**
   * TLS of the incoming hop, and results of the checks of the sender.
   *
   * @param tls one line, or empty
   * @param checks one line, or empty
   */
  private record HopFacts(String tls, String checks) {
    /** Of {@link IncomingHop#hopText}. */
    static HopFacts of(String text) {
      int end = text.indexOf('\n');
      return new HopFacts(
          end < 0 ? text : text.substring(0, end), end < 0 ? "" : text.substring(end + 1));
    }
  }

  static final RecordCodec<Envelope> ENVELOPE =
      new RecordCodec<>(
          WHAT,
          VERSION,
          record(
              f -> {
                ReversePath sender = f.next(PATH, Envelope::sender);
                MailOptions options = f.next(OPTIONS, Envelope::options);
                String origin = f.next(TEXT, Envelope::origin);
                String session = f.next(TEXT, Envelope::session);
                HopFacts hop = HopFacts.of(f.next(TEXT, Envelope::hopText));
                int recipients = f.next(COUNT, Envelope::recipients);
                return new Envelope(
                    sender, options, origin, session, hop.tls(), hop.checks(), recipients);
              }));

  static final RecordCodec<RecipientGroup> GROUP =
      new RecordCodec<>(
          WHAT,
          VERSION,
          record(
              f -> {
                ReversePath sender = f.next(PATH, RecipientGroup::sender);
                String deliveredTo = f.next(OPTIONAL_TEXT, RecipientGroup::deliveredTo);
                int rounds = f.next(COUNT, RecipientGroup::rounds);
                // Version 0.1 kept the time of the first round here.
                f.next(optional(TIME), group -> null);
                return new RecipientGroup(
                    sender,
                    deliveredTo,
                    rounds,
                    f.next(
                        list(recipient(sender, deliveredTo != null)), RecipientGroup::recipients));
              }));

  private static final FieldCodec<MessageArrival> ARRIVAL =
      record(
          f -> {
            Instant at = f.next(TIME, MessageArrival::at);
            String sender = f.next(TEXT, MessageArrival::sender);
            String origin = f.next(TEXT, MessageArrival::origin);
            HopFacts hop = HopFacts.of(f.next(TEXT, MessageArrival::hopText));
            long size = f.next(NUMBER, MessageArrival::size);
            int recipients = f.next(COUNT, MessageArrival::recipients);
            return new MessageArrival(
                at, sender, origin, hop.tls(), hop.checks(), size, recipients);
          });

  private static final FieldCodec<RecipientEvent> EVENT =
      choice(
          List.of(
              RecipientEvent.DELIVERED,
              RecipientEvent.DEFERRED,
              RecipientEvent.BOUNCED,
              RecipientEvent.HELD,
              RecipientEvent.NOTIFIED,
              RecipientEvent.RELEASED,
              RecipientEvent.DELETED,
              RecipientEvent.REFUSED));

  private static final FieldCodec<RecipientTrace> RECIPIENT_TRACE =
      record(
          f -> {
            RecipientEvent what = f.next(EVENT, RecipientTrace::what);
            return new RecipientTrace(
                f.next(TEXT, RecipientTrace::to),
                what,
                f.next(TEXT, RecipientTrace::reason),
                f.next(TEXT, RecipientTrace::status),
                f.next(TEXT, RecipientTrace::text),
                f.next(TEXT, RecipientTrace::host),
                f.next(TEXT, RecipientTrace::tls),
                f.next(TEXT, RecipientTrace::reply));
          });

  static final RecordCodec<TraceEntry> TRACE_ENTRY =
      new RecordCodec<>(
          WHAT,
          VERSION,
          record(
              f ->
                  new TraceEntry(
                      f.next(TIME, TraceEntry::at),
                      f.next(COUNT, TraceEntry::round),
                      f.next(optional(ARRIVAL), TraceEntry::arrival),
                      f.next(list(RECIPIENT_TRACE), TraceEntry::lines))));

  private QueueRecordCodec() {}

  private static MailHost host(String text) {
    if (!text.startsWith("[") || !text.endsWith("]")) {
      return new Domain(text);
    }
    String inside = text.substring(1, text.length() - 1);
    return new AddressLiteral(
        InetAddress.ofLiteral(inside.startsWith("IPv6:") ? inside.substring(5) : inside));
  }

  private static int bits(DsnRequest dsn) {
    int bits = dsn.never() ? 8 : 0;
    for (NotifyEvent event : dsn.when()) {
      bits |= 1 << EVENTS.indexOf(event);
    }
    return bits;
  }

  /** What later rounds may need of an extent: pauses are kept in memory alone. */
  private static Extent kept(Extent extent) {
    return switch (extent) {
      case RECIPIENT, MESSAGE, NEXT_HOP -> extent;
      case SENDER, TRANSACTION -> Extent.MESSAGE;
    };
  }
}
