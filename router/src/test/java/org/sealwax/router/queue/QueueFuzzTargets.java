package org.sealwax.router.queue;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
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

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        new FuzzTarget("record-envelope", seeds(Envelope.class), same(QueueRecordCodec.ENVELOPE)),
        new FuzzTarget("record-group", seeds(RecipientGroup.class), same(QueueRecordCodec.GROUP)),
        new FuzzTarget(
            "record-station", seeds(TraceEntry.class), same(QueueRecordCodec.TRACE_ENTRY)),
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
