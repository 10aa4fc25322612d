package org.sealwax.router.queue;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.store.RecordCodec;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Damaged records of the spool: a value or an IOException, which sets the record aside. */
public final class QueueFuzzTargets {
  private static final Instant NOW = Instant.parse("2026-11-23T22:20:35Z");

  private QueueFuzzTargets() {}

  /** What could be read once can be written, and read again as the same. */
  private static <T> FuzzTarget.FuzzProperty same(RecordCodec<T> codec) {
    return input -> {
      T value;
      try {
        value = codec.read(input);
      } catch (IOException e) {
        holds(e.getMessage() != null, "no reason");
        return;
      }
      holds(codec.read(codec.write(value)).equals(value), value + " changes");
    };
  }

  private static List<byte[]> seeds(Class<?> kind) {
    return QueueRecordCodecTest.values().values().stream()
        .filter(kind::isInstance)
        .map(QueueRecordCodecTest::row)
        .toList();
  }

  /** Bytes that are not printable ASCII are spaces, whatever they look like. */
  private static void refusal(byte[] input) {
    String text = FuzzTarget.text(input).replaceAll("[\r\n\0]", " ");
    String plain = text.replaceAll("[^!-~]", " ");
    for (int code : new int[] {421, 450, 550, 554}) {
      RefusalClass found = RefusalClass.of(Reply.of(code, text));
      holds(found == RefusalClass.of(Reply.of(code, plain)), found + " by other letters");
      holds(code >= 500 || found != RefusalClass.UNKNOWN, "4yz is known to be temporary");
    }
  }

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        new FuzzTarget("record-envelope", seeds(Envelope.class), same(QueueRecordCodec.ENVELOPE)),
        new FuzzTarget("record-group", seeds(RecipientGroup.class), same(QueueRecordCodec.GROUP)),
        new FuzzTarget(
            "record-station", seeds(TraceEntry.class), same(QueueRecordCodec.TRACE_ENTRY)),
        FuzzTarget.ofTexts(
            "refusal-class",
            QueueFuzzTargets::refusal,
            "Greylisted, [TSS04] unusual rate of unsolicited mail from your SPF domain",
            "5.7.26 \u0430uthenticated \u202e spam\u0007",
            "x".repeat(64 * 1024) + "spam"),
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
