package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.Spool;
import org.sealwax.testkit.net.ManualClock;

/** What the queue needs soon is looked up once, shortly before, and by few at a time. */
@Timeout(300)
final class NextHopPrefetchTest {
  private static final Instant NOON = Instant.parse("2026-11-26T12:00:00Z");

  private final ManualClock clock = new ManualClock(NOON);
  private final RecordingMailLog log = new RecordingMailLog();
  private final List<DueBatch> waiting = new ArrayList<>();
  private final List<String> prefetched = new CopyOnWriteArrayList<>();
  private String dead = "";
  private final NextHopPrefetch ahead = ahead(hop -> prefetched.add(hop.domain().name()));

  private NextHopPrefetch ahead(NextHopPrefetch.Prefetcher prefetcher) {
    return new NextHopPrefetch(
        spool(), prefetcher, (hop, then) -> hop.equals(dead), clock, log.log());
  }

  /** A store that has only these batches, the longest due first. */
  private Spool spool() {
    return (Spool)
        Proxy.newProxyInstance(
            Spool.class.getClassLoader(),
            new Class<?>[] {Spool.class},
            (proxy, method, values) -> {
              assertEquals("due", method.getName());
              return waiting.stream()
                  .filter(batch -> !batch.due().isAfter((Instant) values[0]))
                  .sorted(Comparator.comparing(DueBatch::due))
                  .limit((int) values[1])
                  .toList();
            });
  }

  private void waits(String hop, Duration left) {
    waiting.add(
        new DueBatch(
            new BatchKey(QueueId.of(waiting.size() + 1L), 1),
            BatchState.QUEUED,
            clock.now().plus(left),
            hop,
            "sender@example.org"));
  }

  @Test
  void prefetchesOnceShortlyBeforeDue() throws Exception {
    waits("example.com", NextHopPrefetch.BEFORE.plusMillis(1));
    assertEquals(0, ahead.prefetchDue());
    clock.pass(Duration.ofMillis(1));
    assertEquals(1, ahead.prefetchDue());
    assertEquals(0, ahead.prefetchDue());
    clock.pass(NextHopPrefetch.BEFORE);
    assertEquals(0, ahead.prefetchDue(), "its time has come: the round itself asks");
    assertEquals(List.of("example.com"), prefetched);
    waiting.clear();
    waits("example.com", NextHopPrefetch.BEFORE);
    assertEquals(1, ahead.prefetchDue(), "the next retry is another time");
  }

  @Test
  void prefetchesOncePerNextHop() throws Exception {
    for (int i = 1; i <= 50; i++) {
      waits("example.com", Duration.ofMillis(100L * i));
      waits("example.net", Duration.ofMillis(100L * i));
    }
    assertEquals(2, ahead.prefetchDue());
    clock.pass(Duration.ofSeconds(4));
    assertEquals(0, ahead.prefetchDue());
    assertEquals(2, prefetched.size());
  }

  @Test
  void noPrefetchForFixedHostsCommandsAndDeadSites() throws Exception {
    dead = "dead.example";
    waits("dead.example", Duration.ofSeconds(5));
    waits(
        new NextHop.Fixed(Domain.of("smarthost.example"), 25, "out").key(), Duration.ofSeconds(5));
    waits(new NextHop.Pipe("archive").key(), Duration.ofSeconds(5));
    waits(new NextHop.NoPostmaster().key(), Duration.ofSeconds(5));
    waits(new NextHop.Reports().key(), Duration.ofSeconds(5));
    waits("Not A Domain", Duration.ofSeconds(5));
    assertEquals(0, ahead.prefetchDue());
    assertTrue(prefetched.isEmpty());
  }

  @Test
  void prefetchIsBounded() throws Exception {
    for (int i = 0; i <= NextHopPrefetch.HOPS; i++) {
      waits("d" + i + ".example", Duration.ofSeconds(5));
    }
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    NextHopPrefetch counting =
        ahead(
            hop -> {
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              Thread.yield();
              running.decrementAndGet();
            });
    assertEquals(NextHopPrefetch.HOPS, counting.prefetchDue());
    assertTrue(most.get() <= NextHopPrefetch.AT_ONCE, most + " at once");
    assertEquals(1, counting.prefetchDue(), "the last one has its turn in the next look");
  }

  @Test
  void noPrefetchWhenTheQueueIsBehind() throws Exception {
    for (int i = 0; i < NextHopPrefetch.ROWS - 1; i++) {
      waits("late.example", Duration.ofMinutes(-1));
    }
    waits("example.com", Duration.ofSeconds(5));
    assertEquals(0, ahead.prefetchDue());
    waiting.removeFirst();
    assertEquals(1, ahead.prefetchDue());
    assertEquals(List.of("example.com"), prefetched);
  }

  @Test
  void bugInOnePrefetchDoesNotStopTheOthers() throws Exception {
    waits("a.example", Duration.ofSeconds(5));
    waits("b.example", Duration.ofSeconds(5));
    NextHopPrefetch broken =
        ahead(
            hop -> {
              prefetched.add(hop.domain().name());
              throw new IllegalStateException("a bug");
            });
    assertEquals(2, broken.prefetchDue());
    assertEquals(2, prefetched.size());
    assertEquals(2, log.facts().stream().filter(f -> f.startsWith("bug")).count());
  }

  @Test
  void noPrefetchAfterClose() throws Exception {
    waits("example.com", Duration.ofSeconds(5));
    ahead.close();
    ahead.prefetchDue();
    assertTrue(prefetched.isEmpty());
  }
}
