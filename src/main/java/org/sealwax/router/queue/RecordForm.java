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
 * The queue's records as bytes: a version octet, then fields in order; numbers of variable length,
 * texts in UTF-8 behind their length. Reading refuses whatever writing cannot have made.
 */
final class RecordForm {
  private static final int VERSION = 1;

  /** Bounds what a damaged length can make us allocate. */
  private static final int MAX_COUNT = 1_000_000;

  // The order in these lists is part of the format: append only. (Not the enums' own order, which
  // is nobody's promise.)
  private static final List<MailOptions.Body> BODIES =
      List.of(MailOptions.Body.SEVEN_BIT, MailOptions.Body.EIGHT_BIT, MailOptions.Body.BINARY);
  private static final List<MailOptions.Return> RETURNS =
      List.of(MailOptions.Return.UNSPECIFIED, MailOptions.Return.HEADERS, MailOptions.Return.FULL);
  // The first two stand where records of version 0.1 have a flag for REQUIRETLS.
  private static final List<MailOptions.Tls> TLS_WISHES =
      List.of(
          MailOptions.Tls.UNSPECIFIED,
          MailOptions.Tls.REQUIRED,
          MailOptions.Tls.OPTIONAL,
          MailOptions.Tls.REPORT);
  private static final List<DsnWish.When> WHENS =
      List.of(DsnWish.When.SUCCESS, DsnWish.When.FAILURE, DsnWish.When.DELAY);
  private static final List<Cause.Extent> EXTENTS =
      List.of(Cause.Extent.RECIPIENT, Cause.Extent.MESSAGE, Cause.Extent.NEXT_HOP);
  private static final List<Station.What> WHATS =
      List.of(
          Station.What.DELIVERED,
          Station.What.DEFERRED,
          Station.What.BOUNCED,
          Station.What.HELD,
          Station.What.NOTIFIED,
          Station.What.RELEASED,
          Station.What.DELETED);

  private RecordForm() {}

  static byte[] envelope(Envelope e) {
    Out out = new Out();
    out.path(e.sender());
    MailOptions o = e.options();
    out.choice(BODIES, o.body());
    out.flag(o.smtputf8());
    out.textOrNull(o.envelopeId());
    out.choice(RETURNS, o.returnContent());
    out.choice(TLS_WISHES, o.tls());
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
                    in.choice(TLS_WISHES)),
                in.text(),
                in.text(),
                in.text(),
                in.count()));
  }

  static byte[] group(RecipientGroup g) {
    Out out = new Out();
    out.path(g.sender());
    out.textOrNull(g.deliveredTo());
    out.number(g.rounds());
    // Version 0.1 kept the time of the first round here.
    out.timeOrNull(null);
    out.number(g.recipients().size());
    for (QueuedRecipient r : g.recipients()) {
      out.number(r.key());
      switch (r.target()) {
        case Target.Remote remote -> {
          out.number(0);
          out.mailbox(remote.mailbox());
        }
        case Target.Command command -> {
          out.number(1);
          out.text(command.pipe());
          out.mailbox(command.mailbox());
        }
        case Target.Postmaster postmaster -> {
          out.number(2);
          out.mailbox(postmaster.mailbox());
        }
        case Target.Reports reports -> {
          out.number(3);
          out.mailbox(reports.mailbox());
        }
      }
      boolean same = r.target() instanceof Target.Remote t && t.mailbox().equals(r.original());
      out.flag(same);
      if (!same) {
        out.mailbox(r.original());
      }
      out.flag(r.holdOnRefusal());
      out.number(wishBits(r.wish()));
      out.textOrNull(r.wish().originalRecipient());
      out.flag(r.delayTold());
      Cause last = r.last();
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
          List<QueuedRecipient> recipients = new ArrayList<>(Math.min(count, 1000));
          for (int i = 0; i < count; i++) {
            recipients.add(recipient(in));
          }
          return new RecipientGroup(sender, deliveredTo, rounds, recipients);
        });
  }

  private static QueuedRecipient recipient(In in) {
    long key = in.number();
    int form = in.choice(List.of(0, 1, 2, 3));
    String pipe = form == 1 ? in.text() : "";
    Mailbox mailbox = in.mailbox();
    Target target =
        switch (form) {
          case 0 -> new Target.Remote(mailbox);
          case 1 -> new Target.Command(pipe, mailbox);
          case 2 -> new Target.Postmaster(mailbox);
          default -> new Target.Reports(mailbox);
        };
    Mailbox original = in.flag() ? mailbox : in.mailbox();
    boolean hold = in.flag();
    int bits = in.count();
    DsnWish wish = wish(bits, in.textOrNull());
    boolean told = in.flag();
    return new QueuedRecipient(
        key, target, original, hold, wish, told, in.flag() ? cause(in) : null);
  }

  private static int wishBits(DsnWish wish) {
    int bits = wish.never() ? 8 : 0;
    for (DsnWish.When when : wish.when()) {
      bits |= 1 << WHENS.indexOf(when);
    }
    return bits;
  }

  private static DsnWish wish(int bits, @Nullable String originalRecipient) {
    Set<DsnWish.When> when = EnumSet.noneOf(DsnWish.When.class);
    for (int i = 0; i < WHENS.size(); i++) {
      if ((bits & 1 << i) != 0) {
        when.add(WHENS.get(i));
      }
    }
    return new DsnWish(when, (bits & 8) != 0, originalRecipient);
  }

  private static void cause(Out out, Cause c) {
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
  private static Cause.Extent kept(Cause.Extent extent) {
    return switch (extent) {
      case RECIPIENT, MESSAGE, NEXT_HOP -> extent;
      case SENDER, TRANSACTION -> Cause.Extent.MESSAGE;
    };
  }

  private static Cause cause(In in) {
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
    return new Cause(
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

  private static void status(Out out, EnhancedStatus s) {
    out.number(s.kind());
    out.number(s.subject());
    out.number(s.detail());
  }

  private static EnhancedStatus status(In in) {
    return new EnhancedStatus(in.count(), in.count(), in.count());
  }

  static byte[] station(Station s) {
    Out out = new Out();
    out.time(s.at());
    out.number(s.round());
    Station.Arrival a = s.arrival();
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
    for (Station.Line line : s.lines()) {
      out.choice(WHATS, line.what());
      out.text(line.to());
      out.text(line.reason());
      out.text(line.status());
      out.text(line.text());
      out.text(line.host());
      out.text(line.tls());
      out.text(line.reply());
    }
    return out.bytes();
  }

  static Station station(byte[] bytes) throws IOException {
    return reading(
        bytes,
        in -> {
          Instant at = in.time();
          int round = in.count();
          Station.Arrival arrival = null;
          if (in.flag()) {
            arrival =
                new Station.Arrival(
                    in.time(), in.text(), in.text(), in.text(), in.number(), in.count());
          }
          int count = in.count();
          List<Station.Line> lines = new ArrayList<>(Math.min(count, 1000));
          for (int i = 0; i < count; i++) {
            Station.What what = in.choice(WHATS);
            lines.add(
                new Station.Line(
                    in.text(), what, in.text(), in.text(), in.text(), in.text(), in.text(),
                    in.text()));
          }
          return new Station(at, round, arrival, lines);
        });
  }

  private interface Reading<T> {
    T from(In in);
  }

  private static <T> T reading(byte[] bytes, Reading<T> reading) throws IOException {
    try {
      In in = new In(bytes);
      T value = reading.from(in);
      in.end();
      return value;
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException("a record of the queue is not readable: " + e.getMessage(), e);
    }
  }

  private static final class Out {
    private byte[] bytes = new byte[256];
    private int length;

    Out() {
      octet(VERSION);
    }

    private void room(int more) {
      if (bytes.length - length < more) {
        bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
      }
    }

    private void octet(int value) {
      room(1);
      bytes[length++] = (byte) value;
    }

    void number(long value) {
      room(10);
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
      octet(value ? 1 : 0);
    }

    void text(String value) {
      byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
      number(utf8.length);
      room(utf8.length);
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
        case ReversePath.Sender s -> {
          flag(true);
          mailbox(s.mailbox());
        }
      }
    }

    byte[] bytes() {
      return Arrays.copyOf(bytes, length);
    }
  }

  private static final class In {
    private final byte[] bytes;
    private int at;

    In(byte[] bytes) {
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
