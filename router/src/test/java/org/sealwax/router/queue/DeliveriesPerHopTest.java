package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.queue.KnownNextHops.SchedulingKey;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;

/** {@code deliveries_per_hop} holds from the first connection, however small it is. */
final class DeliveriesPerHopTest {
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void neverMoreRoundsThanTheLimit(int limit) {
    Scheduler scheduler =
        new Scheduler(
            TestQueueSettings.bounds(100, limit, Duration.ofMinutes(1), Duration.ofHours(1)));
    for (int i = 0; i < 60; i++) {
      String sender = "s" + i + "@example.com";
      scheduler.reserve("hop", sender, NOW);
      scheduler.offer(
          new DueBatch(new BatchKey(QueueId.of(i + 1L), 0), BatchState.FRESH, NOW, "hop", sender),
          NOW);
    }
    Deque<RunningRound> running = new ArrayDeque<>();
    int most = 0;
    for (int ended = 0; ended < 50; ended++) {
      for (@Nullable RunningRound r = scheduler.next(NOW); r != null; r = scheduler.next(NOW)) {
        running.add(r);
        most = Math.max(most, running.size());
        scheduler.greeted(r, NOW);
      }
      scheduler.ended(running.remove(), new RoundResult.Answered(), NOW, 0.5);
    }
    assertEquals(limit, most);
  }

  /** Mail with TLS-Required: No has a line of its own toward the same next hop. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void bothLinesTowardANextHopShareTheLimit(int limit) {
    Scheduler scheduler =
        new Scheduler(
            TestQueueSettings.bounds(100, limit, Duration.ofMinutes(1), Duration.ofHours(1)));
    NextHop hop = new NextHop.ByMx(Domain.of("example.org"));
    List<String> lines =
        List.of(
            SchedulingKey.of(hop, MailOptions.TlsOption.UNSPECIFIED),
            SchedulingKey.of(hop, MailOptions.TlsOption.OPTIONAL));
    for (int i = 0; i < 60; i++) {
      String line = lines.get(i % 2);
      String sender = "s" + i + "@example.com";
      scheduler.reserve(line, sender, NOW);
      scheduler.offer(
          new DueBatch(new BatchKey(QueueId.of(i + 1L), 0), BatchState.FRESH, NOW, line, sender),
          NOW);
    }
    Deque<RunningRound> running = new ArrayDeque<>();
    int most = 0;
    int apart = 0;
    for (int ended = 0; ended < 50; ended++) {
      for (@Nullable RunningRound r = scheduler.next(NOW); r != null; r = scheduler.next(NOW)) {
        running.add(r);
        most = Math.max(most, running.size());
        scheduler.greeted(r, NOW);
      }
      RunningRound first = running.remove();
      apart += first.batch.hop().equals(lines.getLast()) ? 1 : 0;
      scheduler.ended(first, new RoundResult.Answered(), NOW, 0.5);
    }
    assertEquals(limit, most);
    assertTrue(apart >= 20 && apart <= 30, "both lines have turns: " + apart);
  }
}
