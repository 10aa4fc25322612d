package org.sealwax.router.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.Admission;
import org.sealwax.router.queue.DeliverySlots.RunningRound;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.queue.ReturnedBatches;
import org.sealwax.router.queue.RoundResult;
import org.sealwax.router.queue.Scheduler;
import org.sealwax.router.queue.TestQueueSettings;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;

/** Seeded sequences of events, also those that make no sense, against a model of what is where. */
final class SchedulerFuzzTest {
  @Test
  void keepsItsBoundsAndLosesNothingUnderAnyEvents() throws UnknownHostException {
    run(1, 3_000);
  }

  @Test
  @Tag("slow")
  void keepsItsBoundsInVeryManySequences() throws UnknownHostException {
    run(100_000, 100_000);
  }

  private static void run(long first, int count) throws UnknownHostException {
    int begun = 0;
    int paused = 0;
    for (long seed = first; seed < first + count; seed++) {
      Model model = new Model(seed);
      try {
        model.run();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed + ": " + e, e);
      }
      begun += model.begun;
      paused += model.pauses;
    }
    assertTrue(begun > 20 * count && paused > count, begun + " rounds, " + paused + " pauses");
  }

  private record Row(String hop, String sender, BatchState state, Instant due) {}

  private static final class Model {
    private static final int HOPS = 6;
    private final Random random;
    private final List<InetAddress> addresses = new ArrayList<>();
    private final Map<BatchKey, Row> store = new LinkedHashMap<>();
    private final Map<BatchKey, Row> waiting = new HashMap<>();
    private final Map<RunningRound, Row> running = new LinkedHashMap<>();
    private final List<RunningRound> over = new ArrayList<>();
    private final Map<String, Boolean> greeted = new HashMap<>();
    private final Scheduler scheduler;
    private QueueSettings limits;
    private Instant now = Instant.parse("2026-06-01T00:00:00Z");
    private long number;
    private int begun;
    private int pauses;

    Model(long seed) throws UnknownHostException {
      random = new Random(seed);
      for (int i = 1; i <= 3; i++) {
        addresses.add(InetAddress.getByName("192.0.2." + i));
      }
      limits = someLimits();
      scheduler = new Scheduler(limits);
    }

    private QueueSettings someLimits() {
      return TestQueueSettings.bounds(
          1 + random.nextInt(40),
          1 + random.nextInt(5),
          Duration.ofMinutes(1),
          Duration.ofMinutes(1 + random.nextInt(60)));
    }

    void run() {
      for (int i = 100 + random.nextInt(300); i > 0; i--) {
        event();
        check();
      }
      // At last all answer: everything must go.
      int guard = 0;
      while (!store.isEmpty() || !waiting.isEmpty() || !running.isEmpty()) {
        assertTrue(++guard < 20_000, () -> "does not come to rest: " + store + waiting + running);
        now = now.plusSeconds(30);
        List.copyOf(running.keySet()).forEach(r -> end(r, new RoundResult.Answered()));
        fetch();
        begin();
        check();
      }
    }

    private void check() {
      assertEquals(waiting.size(), scheduler.ready());
      assertEquals(running.size(), scheduler.running());
      assertTrue(scheduler.ready() + scheduler.running() <= Scheduler.WINDOW);
      assertTrue(scheduler.paused() >= 0 && scheduler.paused() <= HOPS);
      if (running.isEmpty() && scheduler.next(now) != null) {
        throw new AssertionError("begin left something that may begin");
      }
    }

    private void event() {
      switch (random.nextInt(16)) {
        case 0, 1, 2, 3 -> arrive();
        case 4 -> fetch();
        case 5, 6, 7, 8 -> {
          if (!running.isEmpty()) {
            end(some(running.keySet()), someResult());
          }
        }
        case 9 -> {
          if (!running.isEmpty()) {
            greets(some(running.keySet()));
          }
        }
        case 10, 11 -> {
          if (!running.isEmpty()) {
            dial(some(running.keySet()));
          }
        }
        case 12 -> now = now.plusMillis(random.nextInt(10) == 0 ? 5_000_000 : random.nextInt(9000));
        case 13 -> {
          if (!waiting.isEmpty()) {
            BatchKey key = some(waiting.keySet());
            Row row = Objects.requireNonNull(waiting.get(key));
            assertTrue(scheduler.withdraw(key, row.hop, row.sender));
            back(key, now);
          }
        }
        case 14 -> odd();
        default -> scheduler.sweep(now);
      }
      begin();
    }

    private <T> T some(Set<T> of) {
      return List.copyOf(of).get(random.nextInt(of.size()));
    }

    /** What no queue should do, and a changing configuration does. */
    private void odd() {
      switch (random.nextInt(5)) {
        case 0 -> {
          limits = someLimits();
          scheduler.use(limits);
        }
        case 1 -> scheduler.wake("hop" + random.nextInt(HOPS + 1), now);
        case 2 -> {
          if (!over.isEmpty()) {
            RunningRound round = over.get(random.nextInt(over.size()));
            assertTrue(scheduler.ended(round, someResult(), now, 0.5).batches().isEmpty());
            scheduler.greeted(round, now);
            scheduler.connected(round, addresses.getFirst());
            assertTrue(scheduler.free(round, addresses).isEmpty());
          }
        }
        case 3 -> scheduler.noProbe(new Scheduler.HopProbe("hop1", new BatchKey(QueueId.of(1), 0)));
        default -> scheduler.storeIsEmpty("hop" + random.nextInt(HOPS));
      }
    }

    private void arrive() {
      String hop = "hop" + random.nextInt(HOPS);
      int who = random.nextInt(6);
      String sender = who == 0 ? "" : "s" + who % 3 + "@d" + who;
      Admission admission = scheduler.reserve(hop, sender, now);
      BatchKey key = new BatchKey(QueueId.of(++number), random.nextInt(3));
      switch (admission) {
        case Admission.Admitted t -> {
          if (random.nextInt(10) == 0) {
            scheduler.release();
          } else {
            offered(key, new Row(hop, sender, BatchState.FRESH, now));
          }
        }
        case Admission.NoPlace c -> store.put(key, new Row(hop, sender, BatchState.QUEUED, now));
        case Admission.Paused p ->
            store.put(key, new Row(hop, sender, BatchState.QUEUED, p.until()));
      }
    }

    private void offered(BatchKey key, Row row) {
      DueBatch ready = new DueBatch(key, row.state, now, row.hop, row.sender);
      switch (scheduler.offer(ready, now)) {
        case Admission.Admitted t -> {
          store.remove(key);
          waiting.put(key, row);
          DueBatch evicted = t.evicted();
          if (evicted != null) {
            back(evicted.key(), now.plusSeconds(60));
          }
        }
        case Admission.NoPlace c -> store.put(key, at(row, now.plusSeconds(60)));
        case Admission.Paused p -> {
          assertTrue(p.until().isAfter(now), "a pause that is over");
          store.put(key, at(row, p.until()));
        }
      }
    }

    private static Row at(Row row, Instant due) {
      return new Row(row.hop, row.sender, BatchState.QUEUED, due);
    }

    private void back(BatchKey key, Instant due) {
      Row row = waiting.remove(key);
      if (row == null) {
        throw new AssertionError("what was not in line comes back: " + key);
      }
      store.put(key, at(row, due));
    }

    private void fetch() {
      for (String hop : scheduler.hopsToRefill(9)) {
        boolean any = false;
        for (Map.Entry<BatchKey, Row> e : List.copyOf(store.entrySet())) {
          if (e.getValue().hop.equals(hop) && e.getValue().state == BatchState.QUEUED) {
            any = true;
            offered(e.getKey(), e.getValue());
          }
        }
        if (!any) {
          scheduler.storeIsEmpty(hop);
        }
      }
      for (Map.Entry<BatchKey, Row> e : List.copyOf(store.entrySet())) {
        if (!e.getValue().due.isAfter(now)) {
          offered(e.getKey(), e.getValue());
        }
      }
      for (Scheduler.HopProbe probe : scheduler.probes()) {
        Row row = store.get(probe.key());
        if (row == null) {
          scheduler.noProbe(probe);
          continue;
        }
        assertEquals(probe.hop(), row.hop);
        DueBatch ready = new DueBatch(probe.key(), BatchState.DEFERRED, now, row.hop, row.sender);
        if (scheduler.offerProbe(ready, now)) {
          store.remove(probe.key());
          waiting.put(probe.key(), row);
        }
      }
    }

    private void begin() {
      while (true) {
        RunningRound round = scheduler.next(now);
        if (round == null) {
          break;
        }
        begun++;
        Row row = waiting.remove(round.batch().key());
        if (row == null) {
          throw new AssertionError("a round for what is not in line");
        }
        running.put(round, row);
        long there = running.values().stream().filter(r -> r.hop.equals(row.hop)).count();
        boolean known = greeted.getOrDefault(row.hop, false);
        assertTrue(
            there <= (known ? limits.deliveriesPerHop() : 1), there + " rounds toward " + row.hop);
        assertTrue(running.size() <= limits.deliveries(), "more rounds than slots");
        if (row.sender.isEmpty()) {
          long nullSenders = running.values().stream().filter(r -> r.sender.isEmpty()).count();
          assertTrue(
              nullSenders <= Math.max(1, limits.deliveries() / 8), "strangers " + nullSenders);
        }
      }
      assertTrue(!running.isEmpty() || waiting.isEmpty(), "mail waits beside free slots");
    }

    private void greets(RunningRound round) {
      scheduler.greeted(round, now);
      greeted.put(round.batch().hop(), true);
    }

    private void dial(RunningRound round) {
      List<InetAddress> wanted = addresses.subList(0, 1 + random.nextInt(addresses.size()));
      List<InetAddress> free = scheduler.free(round, wanted);
      assertTrue(wanted.containsAll(free));
      if (!free.isEmpty() && random.nextBoolean()) {
        scheduler.connected(round, free.get(random.nextInt(free.size())));
      } else if (free.isEmpty()) {
        end(round, new RoundResult.Busy());
      }
    }

    private RoundResult someResult() {
      return switch (random.nextInt(8)) {
        case 0, 1 -> new RoundResult.NextHopUnreachable(cause(FailureCause.Extent.NEXT_HOP));
        case 2 ->
            new RoundResult.NextHopUnreachable(
                cause(FailureCause.Extent.NEXT_HOP)
                    .until(now.plusSeconds(random.nextInt(100) - 10)));
        case 3 ->
            new RoundResult.FailedAfterMail(
                cause(FailureCause.Extent.TRANSACTION), Set.of("r" + random.nextInt(3)));
        case 4 -> new RoundResult.SenderSlowed(cause(FailureCause.Extent.SENDER));
        case 5 -> new RoundResult.NothingLearned();
        default -> new RoundResult.Answered();
      };
    }

    private static FailureCause cause(FailureCause.Extent extent) {
      return new FailureCause("r", EnhancedStatus.of("4.0.0"), "t", null, null, extent);
    }

    private void end(RunningRound round, RoundResult result) {
      Row row = Objects.requireNonNull(running.remove(round));
      over.add(round);
      BatchKey key = round.batch().key();
      ReturnedBatches out = scheduler.ended(round, result, now, random.nextDouble());
      out.batches().forEach(r -> back(r.key(), now.plusSeconds(90)));
      assertEquals(out.batches().isEmpty(), out.pause() == null);
      switch (result) {
        case RoundResult.Answered a -> {
          greeted.put(row.hop, true);
          if (random.nextInt(4) == 0) {
            store.put(key, new Row(row.hop, row.sender, BatchState.DEFERRED, now.plusSeconds(200)));
          }
        }
        case RoundResult.Busy b -> waiting.put(key, row);
        case RoundResult.NothingLearned n -> store.put(key, at(row, now.plusSeconds(60)));
        case RoundResult.NextHopUnreachable u -> {
          pauses++;
          store.put(key, new Row(row.hop, row.sender, BatchState.DEFERRED, now.plusSeconds(120)));
        }
        case RoundResult.FailedAfterMail f -> {
          greeted.put(row.hop, true);
          store.put(key, new Row(row.hop, row.sender, BatchState.DEFERRED, now.plusSeconds(120)));
        }
        case RoundResult.SenderSlowed s -> {
          greeted.put(row.hop, true);
          store.put(key, new Row(row.hop, row.sender, BatchState.DEFERRED, now.plusSeconds(120)));
        }
      }
    }
  }
}
