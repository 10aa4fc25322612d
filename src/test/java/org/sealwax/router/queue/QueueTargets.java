package org.sealwax.router.queue;

import static org.sealwax.mail.fuzz.Target.holds;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.fuzz.Target;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.spool.QueueId;

/** Damaged records of the spool: a value or an IOException, which sets the record aside. */
public final class QueueTargets {
  private static final Mailbox A = new Mailbox("a b", Domain.of("c.example"));
  private static final Mailbox B =
      new Mailbox("\u00e9", new AddressLiteral(InetAddress.ofLiteral("2001:db8::1")));
  private static final Instant NOW = Instant.parse("2026-11-23T22:20:35Z");

  private QueueTargets() {}

  private interface Reading<T> {
    T of(byte[] record) throws IOException;
  }

  private interface Writing<T> {
    byte[] of(T value);
  }

  /** What could be read once can be written, and read again as the same. */
  private static <T> Target.Promise same(Reading<T> reading, Writing<T> writing) {
    return input -> {
      T value;
      try {
        value = reading.of(input);
      } catch (IOException e) {
        holds(e.getMessage() != null, "no reason");
        return;
      }
      holds(reading.of(writing.of(value)).equals(value), value + " changes");
    };
  }

  /** All of them. */
  public static List<Target> all() {
    Cause cause =
        new Cause(
            "mx-refused",
            EnhancedStatus.of(4, 4, 1),
            "did not answer",
            "mx.example.org",
            Reply.of(450, EnhancedStatus.of(4, 2, 0), "come again"),
            Cause.Extent.NEXT_HOP);
    byte[] group =
        RecordForm.group(
            new RecipientGroup(
                ReversePath.of(A),
                "x@y.example",
                3,
                List.of(
                    new QueuedRecipient(
                        1,
                        new org.sealwax.router.queue.Target.Remote(A),
                        B,
                        true,
                        new DsnWish(Set.of(DsnWish.When.DELAY), false, "rfc822;a"),
                        true,
                        cause),
                    new QueuedRecipient(
                        2,
                        new org.sealwax.router.queue.Target.Command("tracker", B),
                        A,
                        false,
                        DsnWish.none(),
                        false,
                        null),
                    new QueuedRecipient(
                        3,
                        new org.sealwax.router.queue.Target.Reports(A),
                        A,
                        false,
                        DsnWish.none(),
                        false,
                        null))));
    byte[] envelope =
        RecordForm.envelope(
            new Envelope(ReversePath.of(B), MailOptions.plain(), "client", "s1", "TLSv1.3", 2));
    byte[] report =
        RecordForm.envelope(
            new Envelope(
                ReversePath.of(B),
                new MailOptions(
                    MailOptions.Body.SEVEN_BIT,
                    false,
                    null,
                    MailOptions.Return.HEADERS,
                    MailOptions.Tls.REPORT),
                "tlsrpt",
                "",
                "",
                1));
    byte[] station =
        RecordForm.station(
            new Station(
                NOW,
                1,
                new Station.Arrival(NOW, "a", "b", "c", 100, 2),
                List.of(
                    new Station.Line(
                        "a", Station.What.DEFERRED, "r", "4.4.1", "t", "h", "tls", "450 x"))));
    return List.of(
        new Target(
            "record-envelope",
            List.of(envelope, report),
            same(RecordForm::envelope, RecordForm::envelope)),
        new Target("record-group", List.of(group), same(RecordForm::group, RecordForm::group)),
        new Target(
            "record-station", List.of(station), same(RecordForm::station, RecordForm::station)),
        Target.ofTexts(
            "queue-id",
            input ->
                QueueId.parse(Target.text(input))
                    .ifPresent(id -> holds(QueueId.parse(id.text()).isPresent(), "" + id)),
            QueueId.earliestAt(NOW).text(),
            "0",
            "zzzzzzzzzzzzzzzz"));
  }
}
