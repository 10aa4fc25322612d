package org.sealwax.router.queue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * The queue's records as bytes: a version byte, then fields in order; numbers of variable length,
 * texts in UTF-8 after their length. Reading refuses whatever writing cannot have made.
 */
final class QueueRecordCodec {
  private static final int VERSION = 1;

  /** Bounds what a damaged length can make us allocate. */
  private static final int MAX_COUNT = 1_000_000;

  // The order in these lists is part of the format: append only. (Not the enums' own order, which
  // is not promised.)
  private static final List<MailOptions.BodyType> BODIES =
      List.of(
          MailOptions.BodyType.SEVEN_BIT,
          MailOptions.BodyType.EIGHT_BIT,
          MailOptions.BodyType.BINARY);
  private static final List<MailOptions.Return> RETURNS =
      List.of(MailOptions.Return.UNSPECIFIED, MailOptions.Return.HEADERS, MailOptions.Return.FULL);
  // The first two stand where records of version 0.1 have a flag for REQUIRETLS.
  private static final List<MailOptions.TlsOption> TLS_OPTIONS =
      List.of(
          MailOptions.TlsOption.UNSPECIFIED,
          MailOptions.TlsOption.REQUIRED,
          MailOptions.TlsOption.OPTIONAL,
          MailOptions.TlsOption.REPORT);
  private static final List<DsnRequest.NotifyEvent> WHENS =
      List.of(
          DsnRequest.NotifyEvent.SUCCESS,
          DsnRequest.NotifyEvent.FAILURE,
          DsnRequest.NotifyEvent.DELAY);
  private static final List<FailureCause.Extent> EXTENTS =
      List.of(
          FailureCause.Extent.RECIPIENT, FailureCause.Extent.MESSAGE, FailureCause.Extent.NEXT_HOP);
  private static final List<TraceEntry.RecipientEvent> WHATS =
      List.of(
          TraceEntry.RecipientEvent.DELIVERED,
          TraceEntry.RecipientEvent.DEFERRED,
          TraceEntry.RecipientEvent.BOUNCED,
          TraceEntry.RecipientEvent.HELD,
          TraceEntry.RecipientEvent.NOTIFIED,
          TraceEntry.RecipientEvent.RELEASED,
          TraceEntry.RecipientEvent.DELETED);

  private QueueRecordCodec() {}

  static byte[] envelope(Envelope e) {
    RecordOutput out = new RecordOutput();
    out.path(e.sender());
    MailOptions o = e.options();
    out.choice(BODIES, o.body());
    out.flag(o.smtputf8());
    out.textOrNull(o.envelopeId());
    out.choice(RETURNS, o.returnContent());
    out.choice(TLS_OPTIONS, o.tls());
    out.text(e.origin());
    out.text(e.session());
    out.text(e.tls());
    out.number(e.recipients());
    return out.bytes();
  }

  static Envelope envelope(byte[] bytes) throws IOException {
    return reading(
        bytes,
        in ->
            new Envelope(
                in.path(),
                new MailOptions(
                    in.choice(BODIES),
                    in.flag(),
                    in.textOrNull(),
                    in.choice(RETURNS),
                    in.choice(TLS_OPTIONS)),
                in.text(),
                in.text(),
                in.text(),
                in.count()));
  }

  static byte[] group(RecipientGroup g) {
    RecordOutput out = new RecordOutput();
    out.path(g.sender());
    out.textOrNull(g.deliveredTo());
    out.number(g.rounds());
    // Version 0.1 kept the time of the first round here.
    out.timeOrNull(null);
    out.number(g.recipients().size());
    for (Recipient r : g.recipients()) {
      out.number(r.key());
      switch (r.target()) {
        case DeliveryTarget.Remote remote -> {
          out.number(0);
          out.mailbox(remote.mailbox());
        }
        case DeliveryTarget.Pipe command -> {
          out.number(1);
          out.text(command.pipe());
          out.mailbox(command.mailbox());
        }
        case DeliveryTarget.Postmaster postmaster -> {
          out.number(2);
          out.mailbox(postmaster.mailbox());
        }
        case DeliveryTarget.Reports reports -> {
          out.number(3);
          out.mailbox(reports.mailbox());
        }
      }
      boolean same =
          r.target() instanceof DeliveryTarget.Remote t && t.mailbox().equals(r.original());
      out.flag(same);
      if (!same) {
        out.mailbox(r.original());
      }
      out.flag(r.holdOnRefusal());
      out.number(dsnBits(r.dsn()));
      out.textOrNull(r.dsn().originalRecipient());
      out.flag(r.delayNotified());
      FailureCause last = r.last();
      out.flag(last != null);
      if (last != null) {
        cause(out, last);
      }
    }
    return out.bytes();
  }

  static RecipientGroup group(byte[] bytes) throws IOException {
    return reading(
        bytes,
        in -> {
          ReversePath sender = in.path();
          String deliveredTo = in.textOrNull();
          int rounds = in.count();
          in.timeOrNull();
          int count = in.count();
          List<Recipient> recipients = new ArrayList<>(Math.min(count, 1000));
          for (int i = 0; i < count; i++) {
            recipients.add(recipient(in, sender, deliveredTo != null));
          }
          return new RecipientGroup(sender, deliveredTo, rounds, recipients);
        });
  }

  private static Recipient recipient(RecordInput in, ReversePath sender, boolean forwarded) {
    long key = in.number();
    int form = in.choice(List.of(0, 1, 2, 3));
    String pipe = form == 1 ? in.text() : "";
    Mailbox mailbox = in.mailbox();
    DeliveryTarget target =
        switch (form) {
          case 0 -> new DeliveryTarget.Remote(mailbox);
          case 1 -> new DeliveryTarget.Pipe(pipe, mailbox);
          case 2 -> new DeliveryTarget.Postmaster(mailbox);
          default -> new DeliveryTarget.Reports(mailbox);
        };
    Mailbox original = in.flag() ? mailbox : in.mailbox();
    boolean hold = in.flag();
    int bits = in.count();
    DsnRequest dsn = dsnRequest(bits, in.textOrNull());
    boolean notified = in.flag();
    FailureCause last = in.flag() ? cause(in) : null;
    return new Recipient(key, target, sender, original, forwarded, hold, dsn, notified, last);
  }

  private static int dsnBits(DsnRequest dsn) {
    int bits = dsn.never() ? 8 : 0;
    for (DsnRequest.NotifyEvent when : dsn.when()) {
      bits |= 1 << WHENS.indexOf(when);
    }
    return bits;
  }

  private static DsnRequest dsnRequest(int bits, @Nullable String originalRecipient) {
    Set<DsnRequest.NotifyEvent> when = EnumSet.noneOf(DsnRequest.NotifyEvent.class);
    for (int i = 0; i < WHENS.size(); i++) {
      if ((bits & 1 << i) != 0) {
        when.add(WHENS.get(i));
      }
    }
    return new DsnRequest(when, (bits & 8) != 0, originalRecipient);
  }

  private static void cause(RecordOutput out, FailureCause c) {
    out.text(c.reason());
    status(out, c.status());
    out.text(c.text());
    out.textOrNull(c.host());
    Reply reply = c.reply();
    out.flag(reply != null);
    if (reply != null) {
      out.number(reply.code());
      EnhancedStatus status = reply.status();
      out.flag(status != null);
      if (status != null) {
        status(out, status);
      }
      out.number(reply.lines().size());
      reply.lines().forEach(out::text);
    }
    // One number for both: records of version 0.1 have the extent alone.
    out.number(EXTENTS.indexOf(kept(c.scope())) + (c.remembered() ? EXTENTS.size() : 0));
  }

  /** What later rounds may need of an extent: pauses are kept in memory alone. */
  private static FailureCause.Extent kept(FailureCause.Extent extent) {
    return switch (extent) {
      case RECIPIENT, MESSAGE, NEXT_HOP -> extent;
      case SENDER, TRANSACTION -> FailureCause.Extent.MESSAGE;
    };
  }

  private static FailureCause cause(RecordInput in) {
    String reason = in.text();
    EnhancedStatus status = status(in);
    String text = in.text();
    String host = in.textOrNull();
    Reply reply = null;
    if (in.flag()) {
      int code = in.count();
      EnhancedStatus own = in.flag() ? status(in) : null;
      int count = in.count();
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        lines.add(in.text());
      }
      reply = new Reply(code, own, lines);
    }
    int extent = in.count();
    return new FailureCause(
        reason,
        status,
        text,
        host,
        reply,
        EXTENTS.get(extent % EXTENTS.size()),
        switch (extent / EXTENTS.size()) {
          case 0 -> false;
          case 1 -> true;
          default -> throw new IllegalArgumentException("extent " + extent);
        },
        null);
  }

  private static void status(RecordOutput out, EnhancedStatus s) {
    out.number(s.kind());
    out.number(s.subject());
    out.number(s.detail());
  }

  private static EnhancedStatus status(RecordInput in) {
    return new EnhancedStatus(in.count(), in.count(), in.count());
  }

  static byte[] traceEntry(TraceEntry s) {
    RecordOutput out = new RecordOutput();
    out.time(s.at());
    out.number(s.round());
    TraceEntry.MessageArrival a = s.arrival();
    out.flag(a != null);
    if (a != null) {
      out.time(a.at());
      out.text(a.sender());
      out.text(a.origin());
      out.text(a.tls());
      out.number(a.size());
      out.number(a.recipients());
    }
    out.number(s.lines().size());
    for (TraceEntry.RecipientTrace trace : s.lines()) {
      out.choice(WHATS, trace.what());
      out.text(trace.to());
      out.text(trace.reason());
      out.text(trace.status());
      out.text(trace.text());
      out.text(trace.host());
      out.text(trace.tls());
      out.text(trace.reply());
    }
    return out.bytes();
  }

  static TraceEntry traceEntry(byte[] bytes) throws IOException {
    return reading(
        bytes,
        in -> {
          Instant at = in.time();
          int round = in.count();
          TraceEntry.MessageArrival arrival = null;
          if (in.flag()) {
            arrival =
                new TraceEntry.MessageArrival(
                    in.time(), in.text(), in.text(), in.text(), in.number(), in.count());
          }
          int count = in.count();
          List<TraceEntry.RecipientTrace> traces = new ArrayList<>(Math.min(count, 1000));
          for (int i = 0; i < count; i++) {
            TraceEntry.RecipientEvent event = in.choice(WHATS);
            traces.add(
                new TraceEntry.RecipientTrace(
                    in.text(), event, in.text(), in.text(), in.text(), in.text(), in.text(),
                    in.text()));
          }
          return new TraceEntry(at, round, arrival, traces);
        });
  }

  private interface FieldReader<T> {
    T from(RecordInput in);
  }

  private static <T> T reading(byte[] bytes, FieldReader<T> reader) throws IOException {
    try {
      RecordInput in = new RecordInput(bytes);
      T value = reader.from(in);
      in.end();
      return value;
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException("a record of the queue is not readable: " + e.getMessage(), e);
    }
  }

  private static final class RecordOutput {
    private byte[] bytes = new byte[256];
    private int length;

    RecordOutput() {
      writeByte(VERSION);
    }

    private void ensureCapacity(int more) {
      if (bytes.length - length < more) {
        bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
      }
    }

    private void writeByte(int value) {
      ensureCapacity(1);
      bytes[length++] = (byte) value;
    }

    void number(long value) {
      ensureCapacity(10);
      long rest = value;
      while ((rest & ~0x7fL) != 0) {
        bytes[length++] = (byte) (rest & 0x7f | 0x80);
        rest >>>= 7;
      }
      bytes[length++] = (byte) rest;
    }

    <T> void choice(List<T> values, T value) {
      number(values.indexOf(value));
    }

    void flag(boolean value) {
      writeByte(value ? 1 : 0);
    }

    void text(String value) {
      byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
      number(utf8.length);
      ensureCapacity(utf8.length);
      System.arraycopy(utf8, 0, bytes, length, utf8.length);
      length += utf8.length;
    }

    void textOrNull(@Nullable String value) {
      flag(value != null);
      if (value != null) {
        text(value);
      }
    }

    void time(Instant value) {
      number(value.toEpochMilli());
    }

    void timeOrNull(@Nullable Instant value) {
      flag(value != null);
      if (value != null) {
        time(value);
      }
    }

    void mailbox(Mailbox value) {
      text(value.localPart());
      text(value.domain().toString());
    }

    void path(ReversePath value) {
      switch (value) {
        case ReversePath.Null n -> flag(false);
        case ReversePath.SenderMailbox s -> {
          flag(true);
          mailbox(s.mailbox());
        }
      }
    }

    byte[] bytes() {
      return Arrays.copyOf(bytes, length);
    }
  }

  private static final class RecordInput {
    private final byte[] bytes;
    private int at;

    RecordInput(byte[] bytes) {
      this.bytes = bytes;
      int version = bytes[at++];
      if (version != VERSION) {
        throw new IllegalArgumentException("version " + version);
      }
    }

    long number() {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        byte b = bytes[at++];
        value |= (long) (b & 0x7f) << shift;
        if (b >= 0) {
          return value;
        }
      }
      throw new IllegalArgumentException("number too long");
    }

    int count() {
      long value = number();
      if (value < 0 || value > MAX_COUNT) {
        throw new IllegalArgumentException("count " + value);
      }
      return (int) value;
    }

    <T> T choice(List<T> values) {
      return values.get(count());
    }

    boolean flag() {
      byte b = bytes[at++];
      if (b != 0 && b != 1) {
        throw new IllegalArgumentException("flag " + b);
      }
      return b == 1;
    }

    String text() {
      int length = count();
      java.util.Objects.checkFromIndexSize(at, length, bytes.length);
      String value = new String(bytes, at, length, StandardCharsets.UTF_8);
      at += length;
      return value;
    }

    @Nullable String textOrNull() {
      return flag() ? text() : null;
    }

    Instant time() {
      return Instant.ofEpochMilli(number());
    }

    @Nullable Instant timeOrNull() {
      return flag() ? time() : null;
    }

    Mailbox mailbox() {
      String local = text();
      return new Mailbox(local, host(text()));
    }

    private static MailHost host(String text) {
      if (!text.startsWith("[") || !text.endsWith("]")) {
        return new Domain(text);
      }
      String inside = text.substring(1, text.length() - 1);
      return new AddressLiteral(
          InetAddress.ofLiteral(inside.startsWith("IPv6:") ? inside.substring(5) : inside));
    }

    ReversePath path() {
      return flag() ? ReversePath.of(mailbox()) : ReversePath.nullPath();
    }

    void end() {
      if (at != bytes.length) {
        throw new IllegalArgumentException("octets left over");
      }
    }
  }
}
