package org.sealwax.router.queue;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.spool.QueueId;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Damaged records of the spool: a value or an IOException, which sets the record aside. */
public final class QueueFuzzTargets {
  private static final Mailbox A = new Mailbox("a b", Domain.of("c.example"));
  private static final Mailbox B =
      new Mailbox("\u00e9", new AddressLiteral(InetAddress.ofLiteral("2001:db8::1")));
  private static final Instant NOW = Instant.parse("2026-11-23T22:20:35Z");

  private QueueFuzzTargets() {}

  private interface RecordReading<T> {
    T of(byte[] record) throws IOException;
  }

  private interface RecordWriting<T> {
    byte[] of(T value);
  }

  /** What could be read once can be written, and read again as the same. */
  private static <T> FuzzTarget.FuzzProperty same(RecordReading<T> read, RecordWriting<T> writing) {
    return input -> {
      T value;
      try {
        value = read.of(input);
      } catch (IOException e) {
        holds(e.getMessage() != null, "no reason");
        return;
      }
      holds(read.of(writing.of(value)).equals(value), value + " changes");
    };
  }

  /** All of them. */
  public static List<FuzzTarget> all() {
    FailureCause cause =
        new FailureCause(
            "mx-refused",
            EnhancedStatus.of(4, 4, 1),
            "did not answer",
            "mx.example.org",
            Reply.of(450, EnhancedStatus.of(4, 2, 0), "come again"),
            FailureCause.Extent.NEXT_HOP);
    byte[] group =
        QueueRecordCodec.group(
            new RecipientGroup(
                ReversePath.of(A),
                "x@y.example",
                3,
                List.of(
                    new Recipient(
                        1,
                        new org.sealwax.router.queue.DeliveryTarget.Remote(A),
                        ReversePath.of(A),
                        B,
                        true,
                        true,
                        new DsnRequest(Set.of(DsnRequest.NotifyEvent.DELAY), false, "rfc822;a"),
                        true,
                        cause),
                    new Recipient(
                        2,
                        new org.sealwax.router.queue.DeliveryTarget.Pipe("tracker", B),
                        ReversePath.of(A),
                        A,
                        true,
                        false,
                        DsnRequest.none(),
                        false,
                        null),
                    new Recipient(
                        3,
                        new org.sealwax.router.queue.DeliveryTarget.Reports(A),
                        ReversePath.of(A),
                        A,
                        true,
                        false,
                        DsnRequest.none(),
                        false,
                        null))));
    byte[] envelope =
        QueueRecordCodec.envelope(
            new Envelope(ReversePath.of(B), MailOptions.plain(), "client", "s1", "TLSv1.3", 2));
    byte[] report =
        QueueRecordCodec.envelope(
            new Envelope(
                ReversePath.of(B),
                new MailOptions(
                    MailOptions.BodyType.SEVEN_BIT,
                    false,
                    null,
                    MailOptions.Return.HEADERS,
                    MailOptions.TlsOption.REPORT),
                "tlsrpt",
                "",
                "",
                1));
    byte[] station =
        QueueRecordCodec.traceEntry(
            new TraceEntry(
                NOW,
                1,
                new TraceEntry.MessageArrival(NOW, "a", "b", "c", 100, 2),
                List.of(
                    new TraceEntry.RecipientTrace(
                        "a",
                        TraceEntry.RecipientEvent.DEFERRED,
                        "r",
                        "4.4.1",
                        "t",
                        "h",
                        "tls",
                        "450 x"))));
    return List.of(
        new FuzzTarget(
            "record-envelope",
            List.of(envelope, report),
            same(QueueRecordCodec::envelope, QueueRecordCodec::envelope)),
        new FuzzTarget(
            "record-group", List.of(group), same(QueueRecordCodec::group, QueueRecordCodec::group)),
        new FuzzTarget(
            "record-station",
            List.of(station),
            same(QueueRecordCodec::traceEntry, QueueRecordCodec::traceEntry)),
        FuzzTarget.ofTexts(
            "queue-id",
            input ->
                QueueId.parse(FuzzTarget.text(input))
                    .ifPresent(id -> holds(QueueId.parse(id.text()).isPresent(), "" + id)),
            QueueId.earliestAt(NOW).text(),
            "0",
            "zzzzzzzzzzzzzzzz"));
  }
}
